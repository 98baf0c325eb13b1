// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <optional>
#include <string>

#include "cli/commands.h"
#include "cli/verbs.h"

namespace cw::cli {

namespace {

using Socket = std::shared_ptr<const std::string>;

void describe_plan(CLI::App& app, Command& command, const Socket& socket) {
  const auto directory = std::make_shared<std::string>();
  auto* verb = app.add_subcommand(
      "plan", "what the agent would change in the kernel, and why; exit status 2 if anything");
  verb->add_option("DIR", *directory, "a network directory to try; default: the network in force");
  verb->callback([&command, socket, directory] {
    command = [socket, directory](const Terminal& terminal) {
      return plan(AgentClient(*socket),
                  directory->empty() ? std::nullopt : std::optional(*directory), terminal);
    };
  });
}

void describe_status(CLI::App& app, Command& command, const Socket& socket) {
  struct Wish {
    bool json = false;
    bool all = false;
  };

  const auto wish = std::make_shared<Wish>();
  auto* verb = app.add_subcommand("status", "what the agent does, and what is wrong");
  verb->add_flag("--json", wish->json, "for programs");
  verb->add_flag("--all", wish->all, "also the peers that have not connected");
  verb->callback([&command, socket, wish] {
    command = [socket, wish](const Terminal& terminal) {
      return status(AgentClient(*socket), wish->json ? Form::Json : Form::Table,
                    wish->all ? Peers::All : Peers::Seen, terminal);
    };
  });
}

}  // namespace

void describe_agent_verbs(CLI::App& app, Command& command) {
  const auto path = std::make_shared<std::string>(kDefaultSocket);
  app.add_option("--socket", *path, "the agent's control socket")
      ->capture_default_str()
      ->type_name("PATH");
  const Socket socket = path;
  describe_plan(app, command, socket);
  describe_status(app, command, socket);
  app.add_subcommand("reload", "look at the network's source now, and take what is there")
      ->callback([&command, socket] {
        command = [socket](const Terminal& terminal) {
          return reload(AgentClient(*socket), terminal);
        };
      });
  app.add_subcommand("down", "remove what is ours from the kernel, until the next reload")
      ->callback([&command, socket] {
        command = [socket](const Terminal& terminal) {
          return down(AgentClient(*socket), terminal);
        };
      });
}

}  // namespace cw::cli
