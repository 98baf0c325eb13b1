// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "firewall/ruleset/rights.h"
#include "network/netmap.h"

// What a netmap's policy gives to whom at one site, compiled: peers for whom the same sources count
// share one set of rights, so that ten thousand peers of two hundred groups are two hundred chains.
// Pure; linear in peers and rules. It agrees with policy::decide(), the reference (tested). The
// rule of a grant is its place among the policy's.
namespace cw::router {

struct SiteRights {
  std::vector<firewall::Rights> rights;  // by name
  std::map<std::string, std::string>
      of_peer;  // the name of its rights; a peer without any is not in it
  std::vector<firewall::Grant> from_site;  // peers that the site may open connections to
  std::optional<WallTime> next_change;     // the next expiry of a rule

  friend bool operator==(const SiteRights&, const SiteRights&) = default;
};

// `served` are the peers that this router lets in at the site. The netmap has a policy.
[[nodiscard]] SiteRights rights_at(const network::Netmap& netmap, const network::Site& site,
                                   const std::vector<const network::Peer*>& served, WallTime now);

}  // namespace cw::router
