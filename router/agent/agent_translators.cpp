// SPDX-License-Identifier: Apache-2.0
// What the agent says of its translators.
#include <fmt/format.h>

#include "router/agent/agent.h"

namespace cw::agent {

std::vector<Translated> Agent::translated(std::vector<api::Problem>& problems) {
  std::vector<Translated> all;
  for (const auto& translator : reconciler_.translators()) {
    const auto& parameters = translator.parameters;
    all.push_back({.device = translator.device,
                   .prefix = net::site_via(parameters.via_prefix, parameters.site),
                   .counters = std::nullopt});
    auto counters = reconciler_.translated(translator.device);
    if (counters) {
      all.back().counters = *counters;
    } else if (counters.error().kind != ErrorKind::NotFound) {
      problems.push_back(
          {.severity = api::Severity::Warning,
           .text = fmt::format("cannot tell what 4via6 translates on {}: {}", translator.device,
                               counters.error().to_text()),
           .hint = "it is translated all the same; is run-causeway-bpf.mount active? See FILES in "
                   "causewayd(8)"});
    }
  }
  return all;
}

void Agent::add_translator_problems(std::vector<api::Problem>& problems) const {
  for (const auto& [device, why] : reconciler_.refusals()) {
    const bool may_not = why.kind == ErrorKind::Permission;
    problems.push_back(
        {.severity = api::Severity::Warning,
         .text = fmt::format("no 4via6 on {}, or not as the network says, since the kernel does "
                             "not take the translator: {}",
                             device, why.to_text()),
         .hint = may_not
                     ? "peers reach the site by its own addresses as before; start the agent by "
                       "its unit, or with CAP_BPF and CAP_PERFMON"
                     : "peers reach the site by its own addresses as before; the kernel needs "
                       "cls_bpf and sch_ingress: then `causeway reload`"});
  }
}

}  // namespace cw::agent
