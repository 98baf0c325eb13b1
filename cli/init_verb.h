// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/terminal.h"

// `causeway network init`: a new network directory, and the two keys that sign its netmaps.
namespace cw::cli {

struct InitRequest {
  std::string directory;
  std::optional<std::string> name = {};  // what is left out is asked for on a terminal
  std::optional<std::string> site = {};
  std::optional<std::vector<std::string>> routes = {};
  std::optional<std::string> router = {};
  std::optional<std::string> pool = {};  // else random, as is `ula`
  std::optional<std::string> ula = {};
  std::optional<std::string> keys = {};  // a folder; default: beside the directory
  bool no_keys = false;
  bool no_passphrase = false;
  std::optional<std::string> passphrase_file = {};
};

int init_network(const InitRequest& request, const Terminal& terminal);

// Why this host uses some of 100.64.0.0/10 itself, as Tailscale does; nothing where it does not.
[[nodiscard]] std::optional<std::string> uses_shared_addresses();

}  // namespace cw::cli
