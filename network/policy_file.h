// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "network/table_reader.h"
#include "policy/policy.h"

// policy.toml as a value: what it says, checked as far as it can be checked alone. Whom and what
// its texts name is looked up when the directory is compiled (check_policy.cpp). Pure.
namespace cw::network {

struct GroupEntry {
  std::string name;
  Span at;
  LocatedList<std::string> members;

  friend bool operator==(const GroupEntry&, const GroupEntry&) = default;
};

struct HostEntry {
  std::string name;
  Span at;
  Field<net::Prefix> prefix;
  Field<std::string> site;

  friend bool operator==(const HostEntry&, const HostEntry&) = default;
};

struct RuleTable {
  Span at;  // its [[rule]] line
  Field<std::string> name;
  LocatedList<std::string> from;
  LocatedList<std::string> to;
  LocatedList<policy::Service> services;
  Field<WallTime> expires;

  friend bool operator==(const RuleTable&, const RuleTable&) = default;
};

struct TestTable {
  Span at;
  LocatedList<std::string> from;
  LocatedList<policy::TargetText> accept;
  LocatedList<policy::TargetText> deny;

  friend bool operator==(const TestTable&, const TestTable&) = default;
};

struct PolicyFile {
  std::vector<GroupEntry> groups;  // as written
  std::vector<HostEntry> hosts;
  std::vector<RuleTable> rules;
  std::vector<TestTable> tests;

  friend bool operator==(const PolicyFile&, const PolicyFile&) = default;
};

// As those of files.h.
PolicyFile read_policy(const TomlTable& tree, const std::string& path, Diagnostics& diagnostics);
std::optional<PolicyFile> read_policy_file(std::string_view text, const std::string& path,
                                           Diagnostics& diagnostics);

}  // namespace cw::network
