// SPDX-License-Identifier: Apache-2.0
#include "network/special.h"

#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace cw::network {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kSpecial = {{
    {"0.0.0.0/8", "\"this network\""},
    {"127.0.0.0/8", "loopback"},
    {"169.254.0.0/16", "link-local"},
    {"224.0.0.0/4", "multicast"},
    {"240.0.0.0/4", "reserved for translated addresses"},
    {"::/8", "loopback and other special addresses"},
    {"fe80::/10", "link-local"},
    {"fec0::/10", "the abolished site-local range"},
    {"ff00::/8", "multicast"},
}};

}  // namespace

Result<net::Prefix> not_special(const net::Prefix& prefix) {
  for (const auto& [text, what] : kSpecial) {
    const auto special = CW_TRY(net::Prefix::parse(text));
    if (prefix.overlaps(special)) {
      return Error::invalid(fmt::format("{} overlaps {}, {}", prefix.to_text(), text, what));
    }
  }
  return prefix;
}

}  // namespace cw::network
