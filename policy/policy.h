// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/prefix.h"

// Who may reach what, as somebody wrote it: rules that allow, and nothing that forbids, so that
// their order means nothing but which of several a connection counts for. Plain values; network/
// reads them from policy.toml and has checked that every name in them is somebody's.
namespace cw::policy {

enum class Protocol : std::uint8_t { Any, Tcp, Udp, Icmp };

// "tcp/5432", "tcp/8000-8100", "udp" (all its ports), "icmp" (of both families), "any" (also what
// is neither).
struct Service {
  Protocol protocol = Protocol::Any;
  std::uint16_t first = 0;  // 0 to 65535 where the protocol has no ports
  std::uint16_t last = 65535;

  static Result<Service> parse(std::string_view text);
  [[nodiscard]] std::string to_text() const;
  [[nodiscard]] bool contains(const Service& other) const;

  friend auto operator<=>(const Service&, const Service&) = default;
};

enum class SelectorKind : std::uint8_t {
  Any,     // every peer; only in `from`
  Peer,    // a peer, by its name
  User,    // the peers of a user
  Group,   // the members of a group
  Site,    // whatever a site's routes hold
  Host,    // of [hosts]; only in `to`
  Prefix,  // an address or a prefix; only in `to`
};

[[nodiscard]] std::string_view to_text(SelectorKind kind);  // "peer", "group"
[[nodiscard]] bool is_of_peers(SelectorKind kind);          // a peer, a user or a group

struct Selector {
  SelectorKind kind = SelectorKind::Any;
  std::string name;    // of all kinds but Any and Prefix
  net::Prefix prefix;  // of Prefix

  // "peer:NAME", "user:NAME", "group:NAME" or "site:NAME"; nothing for any other text.
  static std::optional<Selector> with_kind(std::string_view text);

  [[nodiscard]] std::string to_text() const;  // "group:dba", "any", "10.0.1.5"

  friend bool operator==(const Selector&, const Selector&) = default;
};

// A name for an address or a prefix; of one site, where `site` says so.
struct Host {
  std::string name;
  net::Prefix prefix;
  std::optional<std::string> site;

  friend bool operator==(const Host&, const Host&) = default;
};

// Members are names of users or of peers. Peers are in it, too, whose own file says so.
struct Group {
  std::string name;
  std::vector<std::string> members;  // sorted

  friend bool operator==(const Group&, const Group&) = default;
};

struct Rule {
  std::string name;
  std::vector<Selector> from;
  std::vector<Selector> to;
  std::vector<Service> services;
  std::optional<WallTime> expires;

  friend bool operator==(const Rule&, const Rule&) = default;
};

// "db:5432/tcp", "db:5432" (TCP), "10.0.1.5:tcp/5432", "peer:bob:icmp", "[fd00::5]:53/udp":
// whatever stands before the last colon, as text, and the service. Refuses more than one port.
struct TargetText {
  std::string to;
  Service service;

  [[nodiscard]] std::string to_text() const;  // "db:tcp/5432", which parse_target() takes

  friend bool operator==(const TargetText&, const TargetText&) = default;
};

Result<TargetText> parse_target(std::string_view text);

// An address or a peer, and one service.
struct Target {
  Selector to;  // Host, Peer or a Prefix of one address
  Service service;

  [[nodiscard]] std::string to_text() const;

  friend bool operator==(const Target&, const Target&) = default;
};

// What must hold, whatever the rules: an expectation of whoever wrote them.
struct Test {
  Selector from;
  std::vector<Target> accept;
  std::vector<Target> deny;

  friend bool operator==(const Test&, const Test&) = default;
};

struct Policy {
  std::vector<Group> groups;  // by name
  std::vector<Host> hosts;    // by name
  std::vector<Rule> rules;    // as written
  std::vector<Test> tests;    // as written

  friend bool operator==(const Policy&, const Policy&) = default;
};

}  // namespace cw::policy
