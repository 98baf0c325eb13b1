// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include "policy/policy.h"
#include "router/model/snapshot.h"
#include "tests/support/networks.h"

// Networks with a policy, for laws about it.
namespace cw::router {

using policy::Selector;
using policy::SelectorKind;
using policy::Service;

inline Selector selector(SelectorKind kind, std::string name) {
  return {.kind = kind, .name = std::move(name), .prefix = {}};
}

inline Selector place(std::string_view text) {
  return {.kind = SelectorKind::Prefix, .name = {}, .prefix = *net::Prefix::parse(text)};
}

inline Service service(std::string_view text) {
  return *Service::parse(text);
}

// Small enough that rules meet each other and the probes all the time.
inline const std::vector<std::string> kUsers = {"", "ann", "bob"};
inline const std::vector<std::string> kGroups = {"dba", "ops"};
inline const std::vector<std::vector<std::string>> kMemberships = {{}, {"ops"}, {"dba", "ops"}};

inline Selector random_source() {
  switch (*rc::gen::inRange(0, 5)) {
    case 0:
      return Selector{};
    case 1:
      return selector(SelectorKind::Peer, *rc::gen::element<std::string>("p0001", "p0002", "gone"));
    case 2:
      return selector(SelectorKind::User, *rc::gen::element<std::string>("ann", "bob"));
    case 3:
      return selector(SelectorKind::Group, *rc::gen::elementOf(kGroups));
    default:
      return selector(SelectorKind::Site, *rc::gen::element<std::string>("prod", "other"));
  }
}

inline Selector random_destination() {
  switch (*rc::gen::inRange(0, 7)) {
    case 0:
      return selector(SelectorKind::Site, *rc::gen::element<std::string>("prod", "other"));
    case 1:
      // A host may have any name.
      return selector(SelectorKind::Host, *rc::gen::element<std::string>("any", "db", "elsewhere"));
    case 2:
      return selector(SelectorKind::Peer, "p0001");
    case 3:
      return selector(SelectorKind::User, "ann");
    case 4:
      return selector(SelectorKind::Group, *rc::gen::elementOf(kGroups));
    default:
      return place(*rc::gen::element<std::string>("10.0.0.0/8", "10.0.1.0/24", "10.0.1.5/32",
                                                  "2001:db8:1::/64", "2001:db8:1::5/128"));
  }
}

inline Service random_service() {
  return service(
      *rc::gen::element<std::string>("any", "icmp", "tcp", "tcp/80", "tcp/79-81", "udp/80-90"));
}

inline Snapshot random_policy() {
  auto snapshot = test::snapshot(1, 4);
  for (auto& peer : snapshot.netmap.peers) {
    peer.user = *rc::gen::elementOf(kUsers);
    peer.groups = *rc::gen::elementOf(kMemberships);
  }
  policy::Policy policy{
      .groups = {{.name = "dba", .members = {"ann", "p0002"}}, {.name = "ops", .members = {"bob"}}},
      .hosts = {
          {.name = "any", .prefix = *net::Prefix::parse("10.0.2.1/32"), .site = {}},
          {.name = "db", .prefix = *net::Prefix::parse("10.0.1.5/32"), .site = "prod"},
          {.name = "elsewhere", .prefix = *net::Prefix::parse("10.0.1.0/24"), .site = "other"}}};
  const auto count = *rc::gen::inRange(0, 6);
  for (int i = 0; i < count; ++i) {
    policy::Rule rule{.name = "r" + std::to_string(i)};
    rule.from =
        *rc::gen::nonEmpty(rc::gen::container<std::vector<Selector>>(rc::gen::exec(random_source)));
    rule.to = *rc::gen::nonEmpty(
        rc::gen::container<std::vector<Selector>>(rc::gen::exec(random_destination)));
    rule.services =
        *rc::gen::nonEmpty(rc::gen::container<std::vector<Service>>(rc::gen::exec(random_service)));
    if (*rc::gen::weightedElement<bool>({{3, false}, {1, true}})) {
      rule.expires = snapshot.now + std::chrono::seconds(*rc::gen::inRange(-1, 2));
    }
    policy.rules.push_back(std::move(rule));
  }
  snapshot.netmap.policy = std::move(policy);
  return snapshot;
}

}  // namespace cw::router
