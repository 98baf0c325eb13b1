// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "cli/agent_client.h"
#include "cli/status_view.h"

// What `causeway VERB` does: asks, prints, and returns the exit status.
namespace cw::cli {

struct Terminal {
  Colour out = Colour::Off;
  Colour err = Colour::Off;
};

// Colour only on a terminal, and not where NO_COLOR is set (no-color.org) or TERM is "dumb".
[[nodiscard]] Terminal terminal();

enum class Form : std::uint8_t { Table, Json };

int check(const std::string& directory, const Terminal& terminal);
int plan(const AgentClient& agent, const std::optional<std::string>& directory,
         const Terminal& terminal);
int status(const AgentClient& agent, Form form, Peers peers, const Terminal& terminal);
int reload(const AgentClient& agent, const Terminal& terminal);
int down(const AgentClient& agent, const Terminal& terminal);

}  // namespace cw::cli
