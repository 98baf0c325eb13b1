// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/terminal.h"

// What `causeway gateway VERB` does; the exit status. A gateway's private key goes to a new file
// outside of the directory, or to stdout, and nowhere else.
namespace cw::cli {

struct GatewayRequest {
  std::string directory;
  std::string name;
  std::string site = {};
  std::string endpoint = {};
  std::optional<std::string> block = {};
  std::optional<std::string> address = {};
  std::optional<std::uint16_t> listen_port = {};
  std::vector<std::string> routers = {};
  std::optional<std::string> public_key = {};   // nothing: make a key pair
  std::optional<std::string> private_key = {};  // a file: written by add and import, read by export
  std::optional<std::string> sealed = {};       // a file: written by export, read by import
  std::optional<std::string> passphrase_file = {};
  std::optional<std::string> new_name = {};  // rotate: nothing: the next number
  bool lock_out = false;                     // retire: also peers that have not moved
};

int add_gateway(const GatewayRequest& request, const Terminal& terminal);
int rotate_gateway(const GatewayRequest& request, const Terminal& terminal);
int retire_gateway(const GatewayRequest& request, const Terminal& terminal);
int export_gateway(const GatewayRequest& request, const Terminal& terminal);
int import_gateway(const GatewayRequest& request, const Terminal& terminal);

}  // namespace cw::cli
