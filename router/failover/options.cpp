// SPDX-License-Identifier: Apache-2.0
#include "router/failover/options.h"

#include <array>

#include <fmt/format.h>
#include <getopt.h>

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
  const auto takes = [](const char* name, int argument, int letter) {
    return option{.name = name, .has_arg = argument, .flag = nullptr, .val = letter};
  };
  const std::array known{takes("config", required_argument, 'c'),
                         takes("runtime-dir", required_argument, 'r'),
                         takes("agent-dir", required_argument, 'a'),
                         takes("version", no_argument, 'V'),
                         takes("help", no_argument, 'h'),
                         takes(nullptr, 0, 0)};
  using Instead = tl::expected<agent::Say, agent::Failure>;
  const auto refuse = [](std::string message) {
    return tl::unexpected(Instead(tl::unexpected(
        agent::Failure{.message = std::move(message), .exit_status = agent::kExitUsage})));
  };
  Options options;
  for (;;) {
    const int found = ::getopt_long(argc, argv, "c:h", known.data(), nullptr);
    switch (found) {
      case -1:
        if (::optind < argc) {
          return refuse(fmt::format("unexpected argument '{}'; try causeway-failover --help",
                                    argv[::optind]));
        }
        return options;
      case 'c':
        options.config = ::optarg;
        break;
      case 'r':
        options.runtime_folder = ::optarg;
        break;
      case 'a':
        options.agent_folder = ::optarg;
        break;
      case 'V':
        return tl::unexpected(Instead(agent::Say::Version));
      case 'h':
        return tl::unexpected(Instead(agent::Say::Help));
      default:  // getopt has said what is wrong
        return refuse("try causeway-failover --help");
    }
  }
}

}  // namespace cw::failover
