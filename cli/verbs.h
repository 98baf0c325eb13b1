// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "cli/address_view.h"
#include "cli/agent_client.h"
#include "cli/status_view.h"
#include "cli/terminal.h"

// What `causeway VERB` does: asks, prints, and returns the exit status.
namespace cw::cli {

enum class Form : std::uint8_t { Table, Json };

int check(const std::string& directory, const Terminal& terminal);
int plan(const AgentClient& agent, const std::optional<std::string>& directory,
         const Terminal& terminal);
int status(const AgentClient& agent, Form form, Peers peers, const Terminal& terminal);
// `from` and `to` as on the command line; kDenied where anybody of `from` may not.
int explain_policy(const std::string& directory, const std::string& from, const std::string& to,
                   Form form, const Terminal& terminal);
int who_may(const std::string& directory, const std::string& to, Form form,
            const Terminal& terminal);
// kChangesPending where anybody gains or loses anything.
int policy_diff(const std::string& before, const std::string& after, const Terminal& terminal);
// The forms of an address at a site; `what` and `site` as in find_address().
int via(const std::string& directory, const std::string& what,
        const std::optional<std::string>& site, Form form, const Terminal& terminal);
// Lines for /etc/hosts; as JSON each host has both forms.
int hosts(const std::string& directory, HostForm how, Form form, const Terminal& terminal);
int reload(const AgentClient& agent, const Terminal& terminal);
int down(const AgentClient& agent, const Terminal& terminal);
// What was done goes to stdout, what was not to stderr.
int finish(const Asked<api::Answer>& answer, const Terminal& terminal);

// On the router that is asked alone.
int revoke_here(const AgentClient& agent, const std::string& peer, const Terminal& terminal);

}  // namespace cw::cli
