// SPDX-License-Identifier: Apache-2.0
#include "router/agent/failover_absence.h"

#include <algorithm>
#include <utility>

#include "router/agent/assignment.h"
#include "router/model/ownership.h"

namespace cw::agent {

namespace {

api::Problem problem_of(const std::string& gateway, bool open) {
  const std::string start =
      "`systemctl start causeway-failover`; `journalctl -u causeway-failover` says why it ended";
  if (open) {
    return {.severity = api::Severity::Warning,
            .gateway = gateway,
            .text =
                "causeway-failover does not run here: this router goes on serving the gateway "
                "and answering for its address, also when another router takes it over, and "
                "hands it to nobody",
            .hint = start + "; where another router is to have the gateway, `causeway down` first"};
  }
  return {.severity = api::Severity::Warning,
          .gateway = gateway,
          .text =
              "causeway-failover does not run here: this router does not serve the gateway, and "
              "does not take it over from a router that fails",
          .hint = start};
}

}  // namespace

std::vector<api::Problem> problems_without_failover(const network::Netmap* netmap,
                                                    const router::Host& host,
                                                    const std::vector<netlink::WgDevice>& devices) {
  std::vector<api::Problem> problems;
  for (const auto& gateway : assignment_of(netmap, host, 0).gateways) {
    const auto device = std::ranges::find(devices, gateway.device, &netlink::WgDevice::name);
    const bool open = device != devices.end() && device->fwmark == router::kMarkOuter;
    problems.push_back(problem_of(gateway.name, open));
  }
  return problems;
}

FailoverAbsence::News FailoverAbsence::look(bool absent) {
  if (!absent) {
    looks_ = 0;
    return std::exchange(told_, false) ? News::Back : News::None;
  }
  looks_ = std::min(looks_ + 1, kLooks);
  const bool news = looks_ == kLooks && !told_;
  told_ = told_ || news;
  return news ? News::Gone : News::None;
}

std::string gateways_of(const std::vector<api::Problem>& problems) {
  std::string names;
  for (const auto& problem : problems) {
    names += (names.empty() ? "" : ", ") + problem.gateway;
  }
  return (problems.size() == 1 ? "gateway " : "gateways ") + names;
}

}  // namespace cw::agent
