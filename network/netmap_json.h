// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "network/netmap.h"

// A netmap as one JSON document: the directory's files with their own keys, every default written
// out, in one canonical form (sorted keys, no spaces), so that equal netmaps are equal bytes.
//
//   {"features":[],"format":1,"network":{...},"peers":{"NAME":{...}},"policy":{...},"sites":{...}}
//
// Reading refuses everything else: it goes through the same schema and the same checks as a
// directory, and takes only the canonical form. Pure; linear; about ten times the document's size
// of memory while it reads.
namespace cw::network {

[[nodiscard]] std::string to_json(const Netmap& netmap);

// Unsupported: it needs a feature (features.h) or is of a format that this version lacks.
Result<Netmap> netmap_from_json(std::string_view text);

// As files and netmaps have it: "masquerade".
[[nodiscard]] std::string_view to_text(EgressMode mode);

}  // namespace cw::network
