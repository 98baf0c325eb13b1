// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>

#include <fmt/format.h>

#include "base/clock.h"
#include "network/load/directory_reader.h"
#include "network/policy_world.h"
#include "policy/evaluate.h"

// policy-verdicts DIRECTORY SITE: what the reference evaluator says of many connections at once.
// Each line of the input is one, "FROM TO SERVICE", where an end is a peer's name or an address at
// SITE; each line of the output is "allowed" or "denied". For tests: `causeway policy explain`
// costs a process a question.
namespace {

using namespace cw;

std::optional<policy::Party> party(const policy::World& world, const policy::Site& site,
                                   const std::string& text) {
  if (const auto address = net::Ip::parse(text)) {
    return policy::Party::at(site, *address);
  }
  const auto peer = std::ranges::find(world.peers, text, &policy::Peer::name);
  return peer == world.peers.end() ? std::nullopt : std::optional(policy::Party::of(*peer));
}

// Whether all lines could be answered.
bool answer(const policy::World& world, const policy::Site& site, WallTime now) {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string from;
    std::string to;
    std::string service;
    words >> from >> to >> service;
    const auto source = party(world, site, from);
    const auto destination = party(world, site, to);
    const auto what = policy::Service::parse(service);
    if (!source || !destination || !what) {
      fmt::print(stderr, "cannot answer '{}'\n", line);
      return false;
    }
    const auto decision =
        policy::decide(world, {.from = *source, .to = *destination, .service = *what}, now);
    std::cout << (decision.allowed ? "allowed\n" : "denied\n");
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: policy-verdicts DIRECTORY SITE\n");
    return 2;
  }
  const SystemClock clock;
  network::DirectoryReader reader(argv[1], clock);
  const auto read = reader.refresh();
  const auto compiled = reader.compile();
  if (!read || !compiled.netmap) {
    fmt::print(stderr, "{}\n", render(compiled.diagnostics));
    return 1;
  }
  const auto now = clock.wall();
  const auto world = network::policy_world(*compiled.netmap, now);
  const auto site = std::ranges::find(world.sites, std::string(argv[2]), &policy::Site::name);
  if (site == world.sites.end()) {
    fmt::print(stderr, "no site {}\n", argv[2]);
    return 1;
  }
  return answer(world, *site, now) ? 0 : 1;
}
