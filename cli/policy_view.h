// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/table.h"
#include "network/policy_file.h"
#include "policy/explain.h"

// Answers about a policy as text for people and as JSON for programs. Pure.
namespace cw::cli {

// Where the rules of the world's policy stand: "policy.toml:12". Empty where there is no policy.
[[nodiscard]] std::vector<std::string> places_of_rules(const network::PolicyFile* file);

struct Explained {
  std::string text;
  std::string json;
  bool allowed = true;  // for everybody who was asked about
};

[[nodiscard]] Explained explain(const policy::World& world, const std::vector<std::string>& places,
                                const std::vector<policy::Party>& from, const policy::Party& to,
                                const policy::Service& service, WallTime now);

// A table, "nobody", or JSON.
[[nodiscard]] std::string who_text(const policy::World& world,
                                   const std::vector<policy::Access>& may, Colour colour);
[[nodiscard]] std::string who_json(const policy::World& world,
                                   const std::vector<policy::Access>& may);

}  // namespace cw::cli
