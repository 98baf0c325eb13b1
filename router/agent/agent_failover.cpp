// SPDX-License-Identifier: Apache-2.0
// What the agent says of causeway-failover, which is a process of its own.
#include <fmt/format.h>

#include "router/agent/agent.h"
#include "router/agent/runtime_folder.h"

namespace cw::agent {

// Empty where it runs, or is not needed.
std::vector<api::Problem> Agent::without_failover(
    const std::vector<netlink::WgDevice>& devices) const {
  if (!setup_.failover_folder || reconciler_.is_down() || is_served(*setup_.failover_folder)) {
    return {};
  }
  return problems_without_failover(reconciler_.netmap(), setup_.host, devices);
}

void Agent::look_at_failover() {
  using News = FailoverAbsence::News;
  const auto problems = without_failover({});
  const auto news = failover_absence_.look(!problems.empty());
  if (news == News::Gone) {
    world_.journal.write(
        Level::Warning, Event::Trouble,
        fmt::format(
            "causeway-failover does not run here, and the network shares {}: what is served "
            "here is handed to nobody, and nothing is taken over; `causeway status` says "
            "which (systemctl start causeway-failover)",
            gateways_of(problems)));
  } else if (news == News::Back) {
    world_.journal.write(Level::Notice, Event::Trouble,
                         "causeway-failover runs again, or nothing is shared any more");
  }
}

}  // namespace cw::agent
