// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/ha_verbs.h"

namespace cw::cli {

namespace {

using Socket = std::shared_ptr<const std::string>;

void describe_status(CLI::App& ha, Command& command, const Socket& socket) {
  const auto json = std::make_shared<bool>(false);
  auto* verb = ha.add_subcommand("status", "who owns which gateway, since when, and why");
  verb->add_flag("--json", *json, "for programs");
  verb->callback([&command, socket, json] {
    command = [socket, json](const Terminal& terminal) {
      return ha_status(FailoverClient(*socket), *json ? Form::Json : Form::Table, terminal);
    };
  });
}

void describe_move(CLI::App& ha, Command& command, const Socket& socket) {
  const auto wish = std::make_shared<api::Move>();
  auto* verb = ha.add_subcommand("move", "hand a gateway of this router's over to another router");
  verb->add_option("GATEWAY", wish->gateway, "what moves")->required();
  verb->add_option("ROUTER", wish->to, "where to")->required();
  verb->callback([&command, socket, wish] {
    command = [socket, wish](const Terminal& terminal) {
      return ha_move(FailoverClient(*socket), *wish, terminal);
    };
  });
}

}  // namespace

void describe_ha_verbs(CLI::App& app, Command& command) {
  auto* ha = app.add_subcommand("ha", "the gateways that this router shares with others");
  ha->require_subcommand(1);
  ha->fallthrough();
  const auto path = std::make_shared<std::string>(kDefaultFailoverSocket);
  ha->add_option("--failover-socket", *path, "causeway-failover's control socket")
      ->capture_default_str()
      ->type_name("PATH");
  const Socket socket = path;
  describe_status(*ha, command, socket);
  describe_move(*ha, command, socket);
  ha->add_subcommand("drain", "hand over all gateways and take none, for maintenance")
      ->callback([&command, socket] {
        command = [socket](const Terminal& terminal) {
          return ha_drain(FailoverClient(*socket), terminal);
        };
      });
  ha->add_subcommand("serve", "take gateways again after a drain")->callback([&command, socket] {
    command = [socket](const Terminal& terminal) {
      return ha_serve(FailoverClient(*socket), terminal);
    };
  });
}

}  // namespace cw::cli
