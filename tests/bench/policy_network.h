// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

// The network that `./dev bench policy` measures: two sites, peers in groups, and a policy of mixed
// rules: from groups, users, peers and a site, to hosts, prefixes, peers, groups and sites, with
// one to three ports; and tests. Any number of peers has the same rules: what they name and is not
// there is nobody. Pure, but for write().
namespace cw::bench {

struct Shape {
  unsigned peers = 10'000;
  unsigned groups = 200;
  unsigned rules = 2'000;
  // More than one: nearly every peer has a combination of groups of its own, and so a chain.
  unsigned groups_of_a_peer = 1;
};

struct File {
  std::string path;  // in the network directory
  std::string text;
};

// Router `r1` serves gateway `prod` of site `prod`, whose key is test::public_key(kGatewayKey);
// that of peer i is test::public_key(kFirstPeerKey + i).
inline constexpr unsigned kGatewayKey = 1;
inline constexpr unsigned kFirstPeerKey = 1'000;
inline constexpr auto kGateway = "prod";
inline constexpr auto kRouter = "r1";

// A peer that no rule names, whose group its own file says; and another such group.
inline constexpr unsigned kMovedPeer = 78;
inline constexpr unsigned kMovedFrom = 39;
inline constexpr unsigned kMovedTo = 41;

[[nodiscard]] std::string peer_name(unsigned peer);
[[nodiscard]] std::string peer_address(unsigned peer);
[[nodiscard]] std::string group_name(unsigned group);

// In these groups beside those that policy.toml puts its user in.
[[nodiscard]] File peer_file(unsigned peer, const std::vector<std::string>& groups);

// What a rule of the first group opens to it: this address and port.
inline constexpr auto kOpenAddress = "10.1.0.5";
inline constexpr unsigned kOpenPort = 8'000;  // TCP and UDP

[[nodiscard]] std::vector<File> policy_network(const Shape& shape);

void write(const std::filesystem::path& folder, const std::vector<File>& files);

}  // namespace cw::bench
