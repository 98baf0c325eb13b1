// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <optional>
#include <string>

#include "cli/commands.h"
#include "cli/verbs.h"

namespace cw::cli {

namespace {

struct Question {
  std::string network = "/etc/causeway/network";
  std::string what;
  std::optional<std::string> site;
  bool alias = false;
  bool json = false;

  [[nodiscard]] Form form() const { return json ? Form::Json : Form::Table; }
};

CLI::App* add_question(CLI::App& app, const char* name, const char* about, Question& question) {
  auto* verb = app.add_subcommand(name, about);
  verb->add_option("--network", question.network, "the network directory")
      ->capture_default_str()
      ->type_name("DIR");
  verb->add_flag("--json", question.json, "for programs");
  return verb;
}

void describe_via(CLI::App& app, Command& command) {
  const auto question = std::make_shared<Question>();
  auto* verb = add_question(app, "via", "the forms of an address at a site: itself, 4via6, alias",
                            *question);
  verb->add_option("WHAT", question->what, "an address in any form, or a host of policy.toml")
      ->required();
  verb->add_option("--site", question->site, "the site it is at, where several have it")
      ->type_name("SITE");
  verb->callback([&command, question] {
    command = [question](const Terminal& terminal) {
      return via(question->network, question->what, question->site, question->form(), terminal);
    };
  });
}

void describe_hosts(CLI::App& app, Command& command) {
  const auto question = std::make_shared<Question>();
  auto* verb = add_question(app, "hosts", "lines for /etc/hosts: the hosts of the policy by 4via6",
                            *question);
  verb->add_flag("--alias", question->alias, "by IPv4 alias, for programs without IPv6");
  verb->callback([&command, question] {
    command = [question](const Terminal& terminal) {
      return hosts(question->network, question->alias ? HostForm::Alias : HostForm::Via6,
                   question->form(), terminal);
    };
  });
}

}  // namespace

void describe_address_verbs(CLI::App& app, Command& command) {
  describe_via(app, command);
  describe_hosts(app, command);
}

}  // namespace cw::cli
