// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/commands.h"
#include "cli/init_verb.h"

namespace cw::cli {

void describe_init_verb(CLI::App& app, Command& command) {
  auto* network = app.add_subcommand("network", "network directories");
  network->require_subcommand(1);
  auto* verb = network->add_subcommand(
      "init", "begin a network: a directory with comments, and the keys that sign its netmaps");
  const auto request = std::make_shared<InitRequest>();
  verb->add_option("DIR", request->directory, "the directory to make")->required();
  verb->add_option("--name", request->name, "the network's name; default: the directory's");
  verb->add_option("--site", request->site, "its first site; default: office");
  verb->add_option("--routes", request->routes, "what is reached through it")
      ->delimiter(',')
      ->type_name("PREFIX,...");
  verb->add_option("--router", request->router, "the machine there; default: router-a");
  verb->add_option("--pool", request->pool, "default: a random /16 of 100.64.0.0/10")
      ->type_name("PREFIX");
  verb->add_option("--ula", request->ula, "default: a random /48 of fd00::/8")->type_name("PREFIX");
  auto* keys = verb->add_option("--keys", request->keys,
                                "the folder for the two signing keys; default: DIR-keys")
                   ->type_name("FOLDER");
  verb->add_flag("--no-keys", request->no_keys, "make no signing keys")->excludes(keys);
  auto* file = verb->add_option("--passphrase-file", request->passphrase_file,
                                "its first line is the keys' passphrase; default: the terminal is "
                                "asked")
                   ->type_name("FILE");
  verb->add_flag("--no-passphrase", request->no_passphrase, "leave the keys unencrypted")
      ->excludes(file);
  verb->callback([&command, request] {
    command = [request](const Terminal& terminal) { return init_network(*request, terminal); };
  });
}

}  // namespace cw::cli
