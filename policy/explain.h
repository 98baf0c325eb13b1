// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/evaluate.h"

// Questions that people ask of a policy, answered by the reference evaluator, in words. Pure.
namespace cw::policy {

// Whether a target can be this: an address, a host of one address, or a peer.
[[nodiscard]] bool is_one_address(const Policy& policy, const Selector& to);

// Where a target is, whichever form of its address was written. ErrorKind::NotFound: no site has a
// route to it, or there is no such peer that is let in (the message says whether it is locked out);
// ErrorKind::Invalid: several sites have one.
[[nodiscard]] Result<Party> locate(const World& world, const Selector& to);

// Who a source is: its peers; of a site, an address of its first route.
[[nodiscard]] std::vector<Party> parties(const World& world, const Selector& from);

// What people write on a command line: a peer, user or group by its name, or with peer:, user:,
// group: or site: before it; and a target, see parse_target(). ErrorKind::NotFound: there is none,
// or all that it would be are locked out, which the message says;
// ErrorKind::Invalid: it is more than one thing, or none that can be asked for.
[[nodiscard]] Result<Selector> find_source(const World& world, const std::string& text);
[[nodiscard]] Result<Target> find_target(const World& world, const std::string& text);

// "alice-laptop", "10.0.1.5 at production".
[[nodiscard]] std::string name_of(const Party& party);

// "rule `dba` allows it"; "no rule allows it; rule `dba` would on tcp/5432".
[[nodiscard]] std::string say(const World& world, const Decision& decision);

// Why an expectation does not hold, of the first of `from` for whom it does not. Nothing where it
// holds, or where it is about a peer that there is not (any more). Expiries are left out.
[[nodiscard]] std::optional<std::string> first_failure(const World& world,
                                                       const std::vector<Party>& from,
                                                       const Target& target, bool accepted);

// Everybody who may, by the peers' names, with the rule that allows it.
struct Access {
  const Peer* peer = nullptr;
  Decision decision;
};

[[nodiscard]] std::vector<Access> who(const World& world, const Party& to, const Service& service,
                                      WallTime now);

}  // namespace cw::policy
