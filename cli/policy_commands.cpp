// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/verbs.h"

namespace cw::cli {

namespace {

// What a question about the policy says.
struct Question {
  std::string network = "/etc/causeway/network";
  std::string from;
  std::string to;
  bool json = false;

  [[nodiscard]] Form form() const { return json ? Form::Json : Form::Table; }
};

CLI::App* add_question(CLI::App& policy, const char* name, const char* about, Question& question) {
  auto* verb = policy.add_subcommand(name, about);
  verb->add_option("--to", question.to, "db:5432/tcp, 10.0.1.5:53/udp, db:icmp, peer:bob:22")
      ->required()
      ->type_name("TARGET");
  verb->add_option("--network", question.network, "the network directory")
      ->capture_default_str()
      ->type_name("DIR");
  verb->add_flag("--json", question.json, "for programs");
  return verb;
}

void describe_explain(CLI::App& policy, Command& command) {
  const auto question = std::make_shared<Question>();
  auto* verb = add_question(
      policy, "explain", "whether somebody may reach something; exit status 2 if not", *question);
  verb->add_option("--from", question->from, "a peer, a user, a group, or site:NAME")
      ->required()
      ->type_name("WHO");
  verb->callback([&command, question] {
    command = [question](const Terminal& terminal) {
      return explain_policy(question->network, question->from, question->to, question->form(),
                            terminal);
    };
  });
}

void describe_who(CLI::App& policy, Command& command) {
  const auto question = std::make_shared<Question>();
  auto* verb = add_question(policy, "who", "everybody who may reach something", *question);
  verb->callback([&command, question] {
    command = [question](const Terminal& terminal) {
      return who_may(question->network, question->to, question->form(), terminal);
    };
  });
}

void describe_diff(CLI::App& policy, Command& command) {
  struct Networks {
    std::string before;
    std::string after;
  };

  const auto networks = std::make_shared<Networks>();
  auto* verb = policy.add_subcommand(
      "diff", "who gains and who loses what between two networks; exit status 2 if anybody");
  verb->add_option("OLD", networks->before, "a network directory")->required();
  verb->add_option("NEW", networks->after, "another")->required();
  verb->callback([&command, networks] {
    command = [networks](const Terminal& terminal) {
      return policy_diff(networks->before, networks->after, terminal);
    };
  });
}

}  // namespace

void describe_policy_verbs(CLI::App& app, Command& command) {
  auto* policy = app.add_subcommand("policy", "who may reach what, and why");
  policy->require_subcommand(1);
  describe_explain(*policy, command);
  describe_who(*policy, command);
  describe_diff(*policy, command);
}

}  // namespace cw::cli
