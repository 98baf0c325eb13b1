// SPDX-License-Identifier: Apache-2.0
#include "router/agent/startup.h"

#include <array>
#include <cstdlib>
#include <string_view>
#include <vector>

#include <linux/capability.h>
#include <sys/syscall.h>

#include <fmt/format.h>
#include <getopt.h>
#include <unistd.h>

#include "network/load/key_file.h"
#include "network/load/router_file.h"
#include "router/agent/kept_network.h"

namespace cw::agent {

namespace {

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}

tl::unexpected<Failure> fail(std::string message, int exit_status) {
  return tl::unexpected(Failure{.message = std::move(message), .exit_status = exit_status});
}

// systemd separates several folders by colons; the first is ours.
std::string folder_from(const char* variable, const char* otherwise) {
  auto folder = environment(variable).value_or(otherwise);
  return folder.substr(0, folder.find(':'));
}

Options with_defaults(Options options) {
  if (options.runtime_folder.empty()) {
    options.runtime_folder = folder_from("RUNTIME_DIRECTORY", kDefaultRuntimeFolder);
  }
  if (options.state_folder.empty()) {
    options.state_folder = folder_from("STATE_DIRECTORY", kDefaultStateFolder);
  }
  return options;
}

}  // namespace

std::string_view help_text() {
  return "causewayd: keeps this machine's kernel as the network says.\n"
         "\n"
         "Usage: causewayd [--config FILE] [--runtime-dir DIR] [--state-dir DIR]\n"
         "                 [--failover-dir DIR]\n"
         "\n"
         "  --config FILE      router.toml (default /etc/causeway/router.toml)\n"
         "  --runtime-dir DIR  for the control socket (default $RUNTIME_DIRECTORY, /run/causeway)\n"
         "  --state-dir DIR    for the last network (default $STATE_DIRECTORY, /var/lib/causeway)\n"
         "  --failover-dir DIR causeway-failover's (default /run/causeway-failover)\n"
         "  --version          print the version\n"
         "  --help             print this\n"
         "\n"
         "It stays in the foreground; stopping it leaves the data path as it is (`causeway down`\n"
         "removes it). See causewayd(8).\n";
}

std::optional<Instead> read_options(int argc, char** argv, std::string_view program,
                                    std::initializer_list<LongOption> options) {
  constexpr int kFirst = 256;  // past every letter
  const auto takes = [](const char* name, int argument, int value) {
    return option{.name = name, .has_arg = argument, .flag = nullptr, .val = value};
  };
  std::vector<option> known;
  for (const auto& each : options) {
    known.push_back(takes(each.name, required_argument, kFirst + static_cast<int>(known.size())));
  }
  known.push_back(takes("version", no_argument, 'V'));
  known.push_back(takes("help", no_argument, 'h'));
  known.push_back(takes(nullptr, 0, 0));
  const auto refuse = [](std::string message) {
    return Instead(
        tl::unexpected(Failure{.message = std::move(message), .exit_status = kExitUsage}));
  };
  for (;;) {
    const int found = ::getopt_long(argc, argv, "c:h", known.data(), nullptr);
    if (found == -1) {
      return ::optind < argc
                 ? std::optional(refuse(fmt::format("unexpected argument '{}'; try {} --help",
                                                    argv[::optind], program)))
                 : std::nullopt;
    }
    if (found == 'V' || found == 'h') {
      return Instead(found == 'V' ? Say::Version : Say::Help);
    }
    if (found != 'c' && found < kFirst) {  // getopt has said what is wrong
      return refuse(fmt::format("try {} --help", program));
    }
    *(options.begin() + (found == 'c' ? 0 : found - kFirst))->value = ::optarg;
  }
}

Wish parse_options(int argc, char** argv) {
  Options options;
  if (auto instead = read_options(argc, argv, "causewayd",
                                  {{.name = "config", .value = &options.config},
                                   {.name = "runtime-dir", .value = &options.runtime_folder},
                                   {.name = "state-dir", .value = &options.state_folder},
                                   {.name = "failover-dir", .value = &options.failover_folder}})) {
    return tl::unexpected(std::move(*instead));
  }
  return with_defaults(std::move(options));
}

Failure failure_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::Permission:
      return {.message = error.to_text(), .exit_status = kExitNoPermission};
    case ErrorKind::Exists:
      return {.message = error.to_text(), .exit_status = kExitUnavailable};
    case ErrorKind::Exhausted:
      return {.message = error.to_text() + " (free some space, then start again)",
              .exit_status = kExitSystem};
    default:
      return {.message = error.to_text(), .exit_status = kExitSystem};
  }
}

Started<network::RouterConfig> read_config(const std::string& path) {
  auto config = network::read_router_file(path);
  if (!config) {
    return fail(network::render(config.error()), kExitConfig);
  }
  return std::move(*config);
}

std::optional<std::string> credentials_folder() {
  return environment("CREDENTIALS_DIRECTORY");
}

Started<Keys> read_keys(const network::RouterConfig& config) {
  const auto credentials = credentials_folder();
  Keys keys;
  for (const auto& key : config.keys) {
    auto read = network::read_private_key(key.source, credentials);
    if (!read) {
      return fail(fmt::format("the key of gateway '{}': {}", key.gateway, read.error().to_text()),
                  kExitConfig);
    }
    const auto half = read->public_key();
    keys.by_gateway.emplace(key.gateway, half);
    keys.ring.emplace(half, std::move(*read));
  }
  return keys;
}

Started<RuntimeFolder> claim_runtime_folder(const Options& options) {
  auto folder = RuntimeFolder::claim(options.runtime_folder);
  if (!folder) {
    return tl::unexpected(failure_of(folder.error()));
  }
  return std::move(*folder);
}

Started<bool> check_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) {
    return tl::unexpected(failure_of(Error::from_errno(errno, "cannot tell my capabilities")));
  }
  if ((sets[0].effective & (1U << CAP_NET_ADMIN)) == 0) {
    return fail(
        "causewayd lacks the capability CAP_NET_ADMIN, without which it can change nothing; "
        "run it as root, or by its unit (systemctl start causewayd)",
        kExitNoPermission);
  }
  return true;
}

}  // namespace cw::agent
