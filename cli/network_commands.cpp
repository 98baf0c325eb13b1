// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/verbs.h"

namespace cw::cli {

void describe_network_verbs(CLI::App& app, Command& command) {
  auto* verb = app.add_subcommand("check", "find the mistakes in a network directory");
  const auto directory = std::make_shared<std::string>();
  verb->add_option("DIR", *directory, "the directory that holds network.toml")->required();
  verb->callback([&command, directory] {
    command = [directory](const Terminal& terminal) { return check(*directory, terminal); };
  });
}

}  // namespace cw::cli
