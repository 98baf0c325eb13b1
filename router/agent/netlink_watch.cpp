// SPDX-License-Identifier: Apache-2.0
#include "router/agent/netlink_watch.h"

#include <string_view>

#include <fmt/format.h>

namespace cw::agent {

namespace {

std::string_view to_text(netlink::What what) {
  using netlink::What;
  switch (what) {
    case What::Link:
      return "link";
    case What::Address:
      return "address";
    case What::Route:
      return "route";
    case What::Rule:
      return "rule";
    case What::Filter:
      return "tc filter of";
    case What::Netconf:
      return "forwarding of";
    case What::Table:
      return "nft table";
    case What::Overflow:
      return "unknown number of things";
  }
  return "thing";
}

}  // namespace

std::vector<int> NetlinkWatch::descriptors() const {
  const auto fds = monitor_.fds();
  return {fds.begin(), fds.end()};
}

Disturbance NetlinkWatch::drain() {
  auto notifications = monitor_.read();
  if (!notifications) {
    return {.any = true,
            .firewall = true,
            .what = "unknown number of things",
            .broken = std::move(notifications).error()};
  }
  Disturbance disturbance;
  for (const auto& notification : *notifications) {
    disturbance.any = true;
    disturbance.firewall = disturbance.firewall || notification.what == netlink::What::Table ||
                           notification.what == netlink::What::Overflow;
    disturbance.what +=
        fmt::format("{}{}{}{}", disturbance.what.empty() ? "" : ", ", to_text(notification.what),
                    notification.name.empty() ? "" : " ", notification.name);
  }
  return disturbance;
}

}  // namespace cw::agent
