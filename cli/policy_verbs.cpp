// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "cli/policy_view.h"
#include "cli/verbs.h"
#include "network/policy_world.h"
#include "policy/difference.h"

namespace cw::cli {

namespace {

int complain(const Error& error, const Terminal& terminal) {
  return complain(Trouble{.message = error.to_text(), .hint = {}}, terminal);
}

// Reads the network, finds what is asked about, and has `answer` print what it has to say.
template <class Answer>
int ask(const std::string& directory, const std::string& to, const Terminal& terminal,
        Answer answer) {
  const auto read = read_network(directory, terminal);
  if (!read) {
    return kFailed;
  }
  const auto now = SystemClock().wall();
  const auto world = network::policy_world(read->netmap, now);
  const auto target = policy::find_target(world, to);
  if (!target) {
    return complain(target.error(), terminal);
  }
  const auto party = policy::locate(world, target->to);
  if (!party) {
    return complain(party.error(), terminal);
  }
  return answer(read->directory, world, *party, target->service, now);
}

}  // namespace

int explain_policy(const std::string& directory, const std::string& from, const std::string& to,
                   Form form, const Terminal& terminal) {
  return ask(directory, to, terminal,
             [&](const network::Directory& files, const policy::World& world,
                 const policy::Party& party, const policy::Service& service, WallTime now) {
               const auto source = policy::find_source(world, from);
               if (!source) {
                 return complain(source.error(), terminal);
               }
               const auto* file = files.policy ? &*files.policy : nullptr;
               const auto explained = explain(world, places_of_rules(file),
                                              policy::parties(world, *source), party, service, now);
               print(stdout, form == Form::Json ? explained.json : explained.text);
               return explained.allowed ? kDone : kDenied;
             });
}

int who_may(const std::string& directory, const std::string& to, Form form,
            const Terminal& terminal) {
  return ask(directory, to, terminal,
             [&](const network::Directory& /*files*/, const policy::World& world,
                 const policy::Party& party, const policy::Service& service, WallTime now) {
               const auto may = policy::who(world, party, service, now);
               print(stdout, form == Form::Json ? who_json(world, may)
                                                : who_text(world, may, terminal.out));
               return kDone;
             });
}

int policy_diff(const std::string& before, const std::string& after, const Terminal& terminal) {
  const auto old_network = read_network(before, terminal);
  const auto new_network = read_network(after, terminal);
  if (!old_network || !new_network) {
    return kFailed;
  }
  const auto now = SystemClock().wall();
  const auto differences = policy::difference(network::policy_world(old_network->netmap, now),
                                              network::policy_world(new_network->netmap, now), now);
  print(stdout,
        differences.empty() ? "nothing changes for anybody\n" : policy::to_text(differences));
  return differences.empty() ? kDone : kChangesPending;
}

}  // namespace cw::cli
