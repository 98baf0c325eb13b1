// SPDX-License-Identifier: Apache-2.0
// What stays behind when this process ends.
#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "router/failover/process.h"

namespace cw::failover {

// Its siblings, if they come, do not hear that it is there, and it does not hear that they own what
// it goes on serving.
void Process::tell_what_stays() {
  if (!runner_) {
    return;
  }
  for (const auto& gateway : runner_->state().gateways) {
    const auto gate = std::ranges::find(setup_->gates, gateway.name, &ha::gate::Gateway::name);
    if (!gateway.gate || gate == setup_->gates.end()) {
      continue;
    }
    std::vector<std::string> addresses;
    std::ranges::transform(gate->addresses, std::back_inserter(addresses),
                           [](const net::Ip& ip) { return ip.to_text(); });
    world_.journal.write(
        agent::Level::Warning, agent::Event::Trouble,
        fmt::format("gateway `{}`: no sibling took it, so this router goes on serving it, and "
                    "answering for {}, also when another router takes it over: start "
                    "causeway-failover again, or `causeway down` before another router is to have "
                    "it",
                    gateway.name, fmt::join(addresses, " and ")),
        {{.name = "CAUSEWAY_GATEWAY", .value = gateway.name}});
  }
}

}  // namespace cw::failover
