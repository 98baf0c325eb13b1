// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "ha/gate/values.h"
#include "netlink/codec/route_values.h"

// The policy routing rules of gates. Pure.
namespace cw::ha::gate {

// One gateway as it is to be.
struct Wanted {
  Gateway gateway;
  bool open = false;
  std::uint32_t table = 0;           // of its sources
  std::vector<net::Family> sources;  // families of which its address is on this host

  friend bool operator==(const Wanted&, const Wanted&) = default;
};

// `fwmark CLOSED/MASK blackhole`, in both families: the agent's, too, word for word.
[[nodiscard]] std::vector<netlink::Rule> closing_rules(const Numbers& numbers);

// All others, sorted. The blocks of a closed gateway are unreachable, so that what the site sends
// there begins no handshake and goes nowhere else; but for those that an open one here has as well
// (a gateway that replaces another). What an open gateway's device sends leaves from the gateway's
// address.
[[nodiscard]] std::vector<netlink::Rule> rules_of(const Numbers& numbers,
                                                  const std::vector<Wanted>& gateways);

}  // namespace cw::ha::gate
