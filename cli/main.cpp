// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/verbs.h"

namespace {

using namespace cw::cli;

constexpr auto kAbout =
    "causeway: look at and steer a subnet router.\n"
    "Network directories are described in causeway-network(5), this program in causeway(1).";

struct Arguments {
  std::string socket = kDefaultSocket;
  std::string directory;
  std::string network = "/etc/causeway/network";
  std::string next;
  std::string from;
  std::string to;
  bool json = false;
  bool all = false;
};

int run(const CLI::App& app, const Arguments& arguments) {
  const AgentClient agent(arguments.socket);
  const auto screen = terminal();
  if (app.got_subcommand("check")) {
    return check(arguments.directory, screen);
  }
  if (app.got_subcommand("plan")) {
    return plan(agent,
                arguments.directory.empty() ? std::nullopt : std::optional(arguments.directory),
                screen);
  }
  if (app.got_subcommand("status")) {
    return status(agent, arguments.json ? Form::Json : Form::Table,
                  arguments.all ? Peers::All : Peers::Seen, screen);
  }
  if (const auto* policy = app.get_subcommand("policy"); policy->parsed()) {
    const auto form = arguments.json ? Form::Json : Form::Table;
    if (policy->got_subcommand("diff")) {
      return policy_diff(arguments.directory, arguments.next, screen);
    }
    return policy->got_subcommand("explain")
               ? explain_policy(arguments.network, arguments.from, arguments.to, form, screen)
               : who_may(arguments.network, arguments.to, form, screen);
  }
  if (app.got_subcommand("reload")) {
    return reload(agent, screen);
  }
  if (app.got_subcommand("down")) {
    return down(agent, screen);
  }
  std::puts("causeway " CW_VERSION);
  return kDone;
}

void describe_policy(CLI::App& app, Arguments& arguments) {
  auto* policy = app.add_subcommand("policy", "who may reach what, and why");
  policy->require_subcommand(1);
  const auto add = [&](const char* name, const char* about) {
    auto* verb = policy->add_subcommand(name, about);
    verb->add_option("--to", arguments.to, "db:5432/tcp, 10.0.1.5:53/udp, db:icmp, peer:bob:22")
        ->required()
        ->type_name("TARGET");
    verb->add_option("--network", arguments.network, "the network directory")
        ->capture_default_str()
        ->type_name("DIR");
    verb->add_flag("--json", arguments.json, "for programs");
    return verb;
  };
  add("explain", "whether somebody may reach something; exit status 2 if not")
      ->add_option("--from", arguments.from, "a peer, a user, a group, or site:NAME")
      ->required()
      ->type_name("WHO");
  add("who", "everybody who may reach something");
  auto* diff = policy->add_subcommand(
      "diff", "who gains and who loses what between two networks; exit status 2 if anybody");
  diff->add_option("OLD", arguments.directory, "a network directory")->required();
  diff->add_option("NEW", arguments.next, "another")->required();
}

void describe(CLI::App& app, Arguments& arguments) {
  app.require_subcommand(1);
  app.set_version_flag("--version", "causeway " CW_VERSION);
  app.set_help_all_flag("--help-all", "help for every verb");
  app.add_option("--socket", arguments.socket, "the agent's control socket")
      ->capture_default_str()
      ->type_name("PATH");
  app.fallthrough();  // --socket also behind the verb
  auto* check = app.add_subcommand("check", "find the mistakes in a network directory");
  check->add_option("DIR", arguments.directory, "the directory that holds network.toml")
      ->required();
  auto* plan = app.add_subcommand(
      "plan", "what the agent would change in the kernel, and why; exit status 2 if anything");
  plan->add_option("DIR", arguments.directory,
                   "a network directory to try; default: the network in force");
  auto* status = app.add_subcommand("status", "what the agent does, and what is wrong");
  status->add_flag("--json", arguments.json, "for programs");
  status->add_flag("--all", arguments.all, "also the peers that have not connected");
  describe_policy(app, arguments);
  app.add_subcommand("reload", "read the network directory now and take it");
  app.add_subcommand("down", "remove what is ours from the kernel, until the next reload");
  app.add_subcommand("version", "print the version");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(kAbout, "causeway");
  Arguments arguments;
  describe(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  const int status = run(app, arguments);
  if (std::fflush(stdout) != 0) {
    std::fputs("error: cannot write the output\n", stderr);
    return kFailed;
  }
  return status;
}
