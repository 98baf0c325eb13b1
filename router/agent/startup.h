// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "network/router_config.h"
#include "router/agent/runtime_folder.h"
#include "router/api/sibling_files.h"
#include "router/apply/apply.h"

// What has to be right before there is anything to do: arguments, router.toml, keys, rights. Each
// failure is one message that says what to do, and an exit status (causewayd(8), EXIT STATUS).
namespace cw::agent {

// sysexits.h. The unit does not try again after the last two.
inline constexpr int kExitUsage = 64;
inline constexpr int kExitUnavailable = 69;  // another causewayd has the runtime folder
inline constexpr int kExitSystem = 71;       // a disk that is full, a folder that is missing, ...
inline constexpr int kExitNoPermission = 77;
inline constexpr int kExitConfig = 78;

struct Failure {
  std::string message;
  int exit_status = kExitSystem;
};

template <class T>
using Started = tl::expected<T, Failure>;

struct Options {
  std::string config = "/etc/causeway/router.toml";
  std::string runtime_folder;
  std::string state_folder;
  std::string failover_folder = api::kFailoverFolder;  // where causeway-failover leaves netmaps
};

enum class Say : std::uint8_t { Help, Version };

// What a program does instead: say something, or fail.
using Instead = tl::expected<Say, Failure>;
using Wish = tl::expected<Options, Instead>;

struct LongOption {
  const char* name;    // --NAME VALUE
  std::string* value;  // as it was, where it is not given
};

// A program's command line: these options, --help and --version; -c is the first of them. None: all
// is well.
[[nodiscard]] std::optional<Instead> read_options(int argc, char** argv, std::string_view program,
                                                  std::initializer_list<LongOption> options);

// What to do: run with these options, or say something and leave.
[[nodiscard]] Wish parse_options(int argc, char** argv);

[[nodiscard]] std::string_view help_text();

[[nodiscard]] Started<network::RouterConfig> read_config(const std::string& path);

// $CREDENTIALS_DIRECTORY, where the unit has one.
[[nodiscard]] std::optional<std::string> credentials_folder();

struct Keys {
  router::KeyRing ring;
  std::map<std::string, net::PublicKey> by_gateway;
};

[[nodiscard]] Started<Keys> read_keys(const network::RouterConfig& config);

// That of the environment is under systemd; `--runtime-dir` comes first.
[[nodiscard]] Started<RuntimeFolder> claim_runtime_folder(const Options& options);

// CAP_NET_ADMIN in effect.
[[nodiscard]] Started<bool> check_capabilities();

[[nodiscard]] Failure failure_of(const Error& error);

}  // namespace cw::agent
