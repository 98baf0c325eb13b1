// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "network/diagnostic.h"
#include "network/directory.h"
#include "network/netmap.h"

// From a parsed directory to a netmap: checks what single files cannot know, all of it at once, and
// fills in the defaults. The agent and `causeway netmap build` call this same function. Pure and
// deterministic: equal directories give equal netmaps and equal diagnostics, in one order.
// Cost: about 5 us a peer.
namespace cw::network {

struct Compiled {
  std::optional<Netmap> netmap;  // where there is no error
  Diagnostics diagnostics;       // sorted; may hold warnings beside a netmap
};

[[nodiscard]] Compiled compile(const Directory& directory);

// The other way: the directory that compiles to this netmap, every default written out and no place
// known. compile(to_directory(netmap)) checks a netmap that came from elsewhere.
[[nodiscard]] Directory to_directory(const Netmap& netmap);

}  // namespace cw::network
