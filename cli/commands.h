// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

#include "cli/terminal.h"

// The command line: each group of verbs describes itself to the parser, in a file of its own, and
// says what to run where one of its verbs was given. Only these files and main.cpp know the parser.
namespace cw::cli {

// What the command line asked for: does it, prints, and returns the exit status.
using Command = std::function<int(const Terminal&)>;

// They write to `command` while the line is parsed; both outlive the parsing.
void describe_network_verbs(CLI::App& app, Command& command);
void describe_netmap_verbs(CLI::App& app, Command& command);
void describe_gateway_verbs(CLI::App& app, Command& command);
void describe_peer_verbs(CLI::App& app, Command& command);
void describe_init_verb(CLI::App& app, Command& command);
void describe_policy_verbs(CLI::App& app, Command& command);
void describe_address_verbs(CLI::App& app, Command& command);
void describe_agent_verbs(CLI::App& app, Command& command);
void describe_ha_verbs(CLI::App& app, Command& command);

}  // namespace cw::cli
