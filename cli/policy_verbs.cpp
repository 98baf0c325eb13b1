// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "cli/policy_view.h"
#include "cli/verbs.h"
#include "network/policy_world.h"

namespace cw::cli {

namespace {

int complain(const Error& error, const Terminal& terminal) {
  return complain(Trouble{.message = error.to_text(), .hint = {}}, terminal);
}

}  // namespace

int explain_policy(const std::string& directory, const std::string& from, const std::string& to,
                   Form form, const Terminal& terminal) {
  const auto read = read_network(directory, terminal);
  if (!read) {
    return kFailed;
  }
  const auto world = network::policy_world(read->netmap);
  const auto source = policy::find_source(world, from);
  if (!source) {
    return complain(source.error(), terminal);
  }
  const auto target = policy::find_target(world, to);
  if (!target) {
    return complain(target.error(), terminal);
  }
  const auto party = policy::locate(world, target->to);
  if (!party) {
    return complain(party.error(), terminal);
  }
  const auto& file = read->directory.policy;
  const auto explained =
      explain(world, places_of_rules(file ? &*file : nullptr), policy::parties(world, *source),
              *party, target->service, SystemClock().wall());
  print(stdout, form == Form::Json ? explained.json : explained.text);
  return explained.allowed ? kDone : kDenied;
}

int who_may(const std::string& directory, const std::string& to, Form form,
            const Terminal& terminal) {
  const auto read = read_network(directory, terminal);
  if (!read) {
    return kFailed;
  }
  const auto world = network::policy_world(read->netmap);
  const auto target = policy::find_target(world, to);
  if (!target) {
    return complain(target.error(), terminal);
  }
  const auto party = policy::locate(world, target->to);
  if (!party) {
    return complain(party.error(), terminal);
  }
  const auto may = policy::who(world, *party, target->service, SystemClock().wall());
  print(stdout, form == Form::Json ? who_json(world, may) : who_text(world, may, terminal.out));
  return kDone;
}

}  // namespace cw::cli
