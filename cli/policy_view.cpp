// SPDX-License-Identifier: Apache-2.0
#include "cli/policy_view.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/json_text.h"
#include "network/directory.h"

namespace cw::cli {

namespace {

using Json = nlohmann::json;

// The rule that allows it, if one does.
const policy::Rule* rule_of(const policy::World& world, const policy::Decision& decision) {
  return world.policy && decision.reason == policy::Reason::Rule
             ? &world.policy->rules.at(decision.rule)
             : nullptr;
}

std::string name_of_rule(const policy::World& world, const policy::Decision& decision) {
  const auto* rule = rule_of(world, decision);
  if (rule != nullptr) {
    return rule->name;
  }
  return decision.reason == policy::Reason::RouterAnswers ? "(the router)" : "(no policy)";
}

}  // namespace

std::vector<std::string> places_of_rules(const network::PolicyFile* file) {
  std::vector<std::string> places;
  if (file != nullptr) {
    for (const auto& rule : file->rules) {
      places.push_back(fmt::format("{}:{}", network::kPolicyFile, rule.at.line));
    }
  }
  return places;
}

Explained explain(const policy::World& world, const std::vector<std::string>& places,
                  const std::vector<policy::Party>& from, const policy::Party& to,
                  const policy::Service& service, WallTime now) {
  Explained explained;
  Json list = Json::array();
  for (const auto& party : from) {
    const auto decision = policy::decide(world, {.from = party, .to = to, .service = service}, now);
    const auto* rule = rule_of(world, decision);
    explained.allowed = explained.allowed && decision.allowed;
    explained.text += fmt::format(
        "{} -> {}, {}: {}\n  {}{}\n", policy::name_of(party), policy::name_of(to),
        service.to_text(), decision.allowed ? "allowed" : "denied", policy::say(world, decision),
        rule != nullptr ? fmt::format(" ({})", places.at(decision.rule)) : "");
    Json one = {{"from", policy::name_of(party)},
                {"to", policy::name_of(to)},
                {"service", service.to_text()},
                {"allowed", decision.allowed},
                {"why", policy::say(world, decision)}};
    if (rule != nullptr) {
      one["rule"] = rule->name;
      one["place"] = places.at(decision.rule);
    }
    list.push_back(std::move(one));
  }
  explained.json = json_text(list);
  return explained;
}

std::string who_text(const policy::World& world, const std::vector<policy::Access>& may,
                     Colour colour) {
  if (may.empty()) {
    return "nobody\n";
  }
  std::vector<std::vector<Cell>> rows;
  for (const auto& access : may) {
    rows.push_back({{.text = access.peer->name},
                    {.text = access.peer->user},
                    {.text = name_of_rule(world, access.decision)}});
  }
  return table({{.title = "PEER"}, {.title = "USER"}, {.title = "RULE"}}, rows, colour);
}

std::string who_json(const policy::World& world, const std::vector<policy::Access>& may) {
  Json list = Json::array();
  for (const auto& access : may) {
    list.push_back({{"peer", access.peer->name},
                    {"user", access.peer->user},
                    {"rule", name_of_rule(world, access.decision)}});
  }
  return json_text(list);
}

}  // namespace cw::cli
