// SPDX-License-Identifier: Apache-2.0
#include "router/failover/options.h"

namespace cw::failover {

std::string_view help_text() {
  return "causeway-failover: shares this router's gateways with the other routers of its site.\n"
         "\n"
         "Usage: causeway-failover [--config FILE] [--runtime-dir DIR] [--agent-dir DIR]\n"
         "\n"
         "  --config FILE      router.toml (default /etc/causeway/router.toml)\n"
         "  --runtime-dir DIR  for the control socket (default /run/causeway-failover)\n"
         "  --agent-dir DIR    causewayd's (default /run/causeway)\n"
         "  --version          print the version\n"
         "  --help             print this\n"
         "\n"
         "It stays in the foreground. SIGTERM hands its gateways over before it ends; the data\n"
         "path stays as it is. See causeway-failover(8).\n";
}

Wish parse_options(int argc, char** argv) {
  Options options;
  if (auto instead = agent::read_options(argc, argv, "causeway-failover",
                                         {{.name = "config", .value = &options.config},
                                          {.name = "runtime-dir", .value = &options.runtime_folder},
                                          {.name = "agent-dir", .value = &options.agent_folder}})) {
    return tl::unexpected(std::move(*instead));
  }
  return options;
}

}  // namespace cw::failover
