// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "router/agent/startup.h"

// The command line of causeway-failover.
namespace cw::failover {

inline constexpr auto kDefaultRuntimeFolder = api::kFailoverFolder;

struct Options {
  std::string config = "/etc/causeway/router.toml";
  std::string runtime_folder = kDefaultRuntimeFolder;
  std::string agent_folder = agent::kDefaultRuntimeFolder;  // where causewayd says what is shared
};

using Wish = tl::expected<Options, agent::Instead>;

[[nodiscard]] Wish parse_options(int argc, char** argv);

[[nodiscard]] std::string_view help_text();

}  // namespace cw::failover
