// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include <CLI/CLI.hpp>

#include "base/core_dump.h"
#include "cli/commands.h"

namespace {

using namespace cw::cli;

constexpr auto kAbout =
    "causeway: look at and steer a subnet router.\n"
    "Network directories are described in causeway-network(5), this program in causeway(1).";

void describe(CLI::App& app, Command& command) {
  app.require_subcommand(1);
  app.set_version_flag("--version", "causeway " CW_VERSION);
  app.set_help_all_flag("--help-all", "help for every verb");
  app.fallthrough();  // --socket also behind the verb
  describe_network_verbs(app, command);
  describe_init_verb(app, command);
  describe_gateway_verbs(app, command);
  describe_peer_verbs(app, command);
  describe_netmap_verbs(app, command);
  describe_policy_verbs(app, command);
  describe_address_verbs(app, command);
  describe_agent_verbs(app, command);
  describe_ha_verbs(app, command);
  app.add_subcommand("version", "print the version")->callback([&command] {
    command = [](const Terminal& /*terminal*/) {
      std::puts("causeway " CW_VERSION);
      return kDone;
    };
  });
}

}  // namespace

int main(int argc, char** argv) {
  cw::forbid_core_dumps();
  CLI::App app(kAbout, "causeway");
  Command command;
  describe(app, command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  const int status = command(terminal());
  if (std::fflush(stdout) != 0) {
    std::fputs("error: cannot write the output\n", stderr);
    return kFailed;
  }
  return status;
}
