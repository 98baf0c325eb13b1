// SPDX-License-Identifier: Apache-2.0
#include "router/agent/flowtable.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "firewall/ruleset/filter.h"

namespace cw::agent {

namespace {

// It says nothing about what the kernel can do.
bool passes_by_itself(const Error& error) {
  return error.kind == ErrorKind::Interrupted || error.kind == ErrorKind::Exhausted;
}

api::Problem problem_of(const std::string& device, const Error& error) {
  return {.severity = api::Severity::Warning,
          .text = fmt::format("connections over {} take no fast path, since the kernel refuses a "
                              "flowtable there: {}",
                              device, error.to_text()),
          .hint =
              "every packet passes by the rules instead, which is slower and no less safe; load "
              "nf_flow_table_inet and nft_flow_offload and `causeway reload`, or set flowtable "
              "= false in router.toml"};
}

}  // namespace

std::vector<api::Problem> Flowtable::look(router::Sinks& sinks,
                                          const std::vector<std::string>& uplinks) {
  std::vector<api::Problem> told;
  const auto links = wanted_ ? sinks.routes.links() : Result<std::vector<netlink::Link>>();
  if (!wanted_ || !links) {
    return told;  // what cannot be listed has not gone
  }
  const auto is_gone = [&links](const std::string& device) {
    return std::ranges::find(*links, device, &netlink::Link::name) == links->end();
  };
  std::erase_if(devices_, is_gone);
  std::erase_if(refused_, [&](const auto& refusal) { return is_gone(refusal.first); });
  std::optional<std::vector<std::string>> spanned;  // by the kernel's flowtable, where one is asked
  for (const auto& device : site_device_ ? std::vector{*site_device_} : uplinks) {
    const auto place = std::ranges::lower_bound(devices_, device);
    if ((place != devices_.end() && *place == device) || refused_.contains(device) ||
        is_gone(device)) {
      continue;
    }
    if (!spanned) {
      spanned = sinks.firewall.flowtable_devices().value_or(std::vector<std::string>());
    }
    auto would = std::ranges::find(*spanned, device) != spanned->end()
                     ? Result<>()
                     : sinks.firewall.check(firewall::flowtable_trial(device));
    if (would) {
      devices_.insert(place, device);
    } else if (!passes_by_itself(would.error())) {
      told.push_back(problem_of(device, would.error()));
      refused_.emplace(device, std::move(would).error());
    }
  }
  return told;
}

std::vector<api::Problem> Flowtable::problems() const {
  std::vector<api::Problem> problems;
  for (const auto& [device, error] : refused_) {
    problems.push_back(problem_of(device, error));
  }
  return problems;
}

}  // namespace cw::agent
