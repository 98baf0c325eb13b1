// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/gateway_verbs.h"
#include "network/router_config.h"

namespace cw::cli {

namespace {

using Request = std::shared_ptr<GatewayRequest>;

Request new_request() {
  return std::make_shared<GatewayRequest>(
      GatewayRequest{.directory = std::string(network::kDefaultNetworkDirectory), .name = {}});
}

void add_directory(CLI::App& verb, const Request& request) {
  verb.add_option("--network", request->directory, "the network directory")
      ->capture_default_str()
      ->type_name("DIR");
}

void add_passphrase(CLI::App& verb, const Request& request) {
  verb.add_option("--passphrase-file", request->passphrase_file,
                  "its first line is the passphrase; default: the terminal is asked")
      ->type_name("FILE");
}

void describe_add(CLI::App& gateway, Command& command) {
  const auto request = new_request();
  auto* verb = gateway.add_subcommand("add", "add a gateway to a site, with a new key");
  verb->add_option("NAME", request->name, "1 to 12 of a-z 0-9 -")->required();
  add_directory(*verb, request);
  verb->add_option("--site", request->site, "the site it is at")->required();
  verb->add_option("--endpoint", request->endpoint, "what clients connect to")
      ->required()
      ->type_name("HOST:PORT");
  auto* file = verb->add_option("--private-key", request->private_key,
                                "a new file for its private key; default: standard output")
                   ->type_name("FILE");
  verb->add_option("--public-key", request->public_key, "of a key that there is already")
      ->excludes(file)
      ->type_name("KEY");
  verb->add_option("--block", request->block, "its part of the pool; default: all")
      ->type_name("PREFIX");
  verb->add_option("--address", request->address, "its own address; default: the lowest free")
      ->type_name("ADDRESS");
  verb->add_option("--listen-port", request->listen_port, "default: the endpoint's")
      ->type_name("PORT");
  verb->add_option("--routers", request->routers, "which serve it; default: all of the site")
      ->delimiter(',')
      ->type_name("NAME,...");
  verb->callback([&command, request] {
    command = [request](const Terminal& terminal) { return add_gateway(*request, terminal); };
  });
}

void describe_rotate(CLI::App& gateway, Command& command) {
  const auto request = new_request();
  auto* verb =
      gateway.add_subcommand("rotate", "put a gateway with a new key beside one, to replace it");
  verb->add_option("NAME", request->name, "the gateway to replace")->required();
  add_directory(*verb, request);
  verb->add_option("--as", request->new_name, "the new one's name; default: with the next number")
      ->type_name("NAME");
  verb->add_option("--endpoint", request->endpoint,
                   "what clients connect to; default: the old one's host and the next free port")
      ->type_name("HOST:PORT");
  verb->add_option("--listen-port", request->listen_port, "default: the endpoint's")
      ->type_name("PORT");
  auto* file = verb->add_option("--private-key", request->private_key,
                                "a new file for its private key; default: standard output")
                   ->type_name("FILE");
  verb->add_option("--public-key", request->public_key, "of a key that there is already")
      ->excludes(file)
      ->type_name("KEY");
  verb->callback([&command, request] {
    command = [request](const Terminal& terminal) { return rotate_gateway(*request, terminal); };
  });
}

void describe_retire(CLI::App& gateway, Command& command) {
  const auto request = new_request();
  auto* verb = gateway.add_subcommand("retire", "remove a gateway that another replaces");
  verb->add_option("NAME", request->name, "the gateway that is replaced")->required();
  add_directory(*verb, request);
  verb->add_flag("--lock-out", request->lock_out,
                 "also where peers have no configuration of the other one yet");
  verb->callback([&command, request] {
    command = [request](const Terminal& terminal) { return retire_gateway(*request, terminal); };
  });
}

void describe_export(CLI::App& gateway, Command& command) {
  const auto request = new_request();
  auto* verb = gateway.add_subcommand("export", "seal a gateway's private key by a passphrase");
  verb->add_option("NAME", request->name, "the gateway")->required();
  add_directory(*verb, request);
  verb->add_option("--private-key", request->private_key, "the file that holds the key")
      ->required()
      ->type_name("FILE");
  verb->add_option("--output", request->sealed, "a new file; default: standard output")
      ->type_name("FILE");
  add_passphrase(*verb, request);
  verb->callback([&command, request] {
    command = [request](const Terminal& terminal) { return export_gateway(*request, terminal); };
  });
}

void describe_import(CLI::App& gateway, Command& command) {
  const auto request = new_request();
  auto* verb = gateway.add_subcommand("import", "open a sealed private key");
  verb->add_option("FILE", request->sealed, "what `export` wrote")->required();
  verb->add_option("--private-key", request->private_key,
                   "a new file for the key; default: standard output")
      ->type_name("FILE");
  add_passphrase(*verb, request);
  verb->callback([&command, request] {
    command = [request](const Terminal& terminal) { return import_gateway(*request, terminal); };
  });
}

}  // namespace

void describe_gateway_verbs(CLI::App& app, Command& command) {
  auto* gateway = app.add_subcommand("gateway", "what clients connect to");
  gateway->require_subcommand(1);
  describe_add(*gateway, command);
  describe_rotate(*gateway, command);
  describe_retire(*gateway, command);
  describe_export(*gateway, command);
  describe_import(*gateway, command);
}

}  // namespace cw::cli
