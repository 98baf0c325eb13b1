// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/client_output.h"
#include "cli/peer_view.h"
#include "cli/verbs.h"

// What `causeway peer VERB` does; the exit status. Private keys are made here, handed out once and
// wiped: they are in no file of the directory and in no argument.
namespace cw::cli {

struct PeerRequest {
  std::string directory;
  std::string name;
  std::string user = {};
  std::vector<std::string> groups = {};
  std::optional<std::string> gateway = {};
  std::optional<std::vector<std::string>> sites = {};  // {"all"}: all that there are now
  std::optional<std::string> public_key = {};          // nothing: make a key pair
  std::optional<std::string> expires = {};
  network::ClientOptions client = {};
  OutputOptions output = {};
  bool issue = false;  // of `config`: the device has it from now on
};

int add_peer(const PeerRequest& request, const Terminal& terminal);
int rotate_peer(const PeerRequest& request, const Terminal& terminal);
int print_peer_config(const PeerRequest& request, const Terminal& terminal);
int enable_peer(const std::string& directory, const std::string& name, bool enabled,
                const Terminal& terminal);
int remove_peer(const std::string& directory, const std::string& name, const Terminal& terminal);

int list_peers(const std::string& directory, Form form, const Terminal& terminal);
int show_peer(const std::string& directory, const std::string& name, Form form,
              const Terminal& terminal);
// kChangesPending where a configuration must be renewed.
int stale_peers(const std::string& directory, Form form, const Terminal& terminal);

}  // namespace cw::cli
