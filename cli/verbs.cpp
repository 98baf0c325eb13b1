// SPDX-License-Identifier: Apache-2.0
#include "cli/verbs.h"

#include <cstdio>

#include <fmt/format.h>

#include "network/netmap_json.h"

namespace cw::cli {

int finish(const Asked<api::Answer>& answer, const Terminal& terminal) {
  if (!answer) {
    return complain(answer.error(), terminal);
  }
  if (!answer->done) {
    print(stderr, view(*answer, terminal.err));
    return complain({.message = answer->text, .hint = {}}, terminal);
  }
  print(stdout, view(*answer, terminal.out));
  print(stdout, answer->text + "\n");
  return kDone;
}

int check(const std::string& directory, const Terminal& terminal) {
  const auto read = read_network(directory, terminal);
  if (!read) {
    return kFailed;
  }
  const auto* netmap = &read->netmap;
  std::size_t gateways = 0;
  for (const auto& site : netmap->sites) {
    gateways += site.gateways.size();
  }
  print(stdout,
        fmt::format("network {}: {}, {}, {}\n", netmap->name, plural(netmap->sites.size(), "site"),
                    plural(gateways, "gateway"), plural(netmap->peers.size(), "peer")));
  return kDone;
}

int plan(const AgentClient& agent, const std::optional<std::string>& directory,
         const Terminal& terminal) {
  std::optional<ReadNetwork> candidate;
  if (directory) {
    candidate = read_network(*directory, terminal);
    if (!candidate) {
      return kFailed;
    }
  }
  const auto answer = candidate ? agent.plan(network::to_json(candidate->netmap)) : agent.plan();
  if (!answer || !answer->done) {
    return finish(answer, terminal);
  }
  print(stdout, view(*answer, terminal.out));
  print(stdout, answer->text + "\n");
  return answer->steps.empty() ? kDone : kChangesPending;
}

int status(const AgentClient& agent, Form form, Peers peers, const Terminal& terminal) {
  if (form == Form::Json) {
    const auto text = agent.status_json();
    if (!text) {
      return complain(text.error(), terminal);
    }
    print(stdout, *text);
    return kDone;
  }
  const auto status = agent.status();
  if (!status) {
    return complain(status.error(), terminal);
  }
  print(stdout, view(*status, peers, terminal.out));
  return kDone;
}

int reload(const AgentClient& agent, const Terminal& terminal) {
  return finish(agent.reload(), terminal);
}

int down(const AgentClient& agent, const Terminal& terminal) {
  return finish(agent.down(), terminal);
}

int revoke_here(const AgentClient& agent, const std::string& peer, const Terminal& terminal) {
  return finish(agent.revoke(peer), terminal);
}

}  // namespace cw::cli
