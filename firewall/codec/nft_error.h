// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

// What libnftables says when it refuses a text, as one Error: the first complaint, the number of
// the line, and the part of that line it is about (a line may hold 10,000 elements). The kind is
// told from the words, because the library returns nothing else. Pure.
namespace cw::firewall {

[[nodiscard]] Error nft_error(std::string_view complaint, const std::string& what);

}  // namespace cw::firewall
