// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "firewall/ruleset/filter.h"
#include "net/hash.h"
#include "net/prefix.h"

// What the chains that compile() writes would say to the first packet of a connection, without a
// kernel: by it those are found that were let in once and would not be now. Pure; it keeps
// references to nothing. Cost: one lookup for the source and one for each length of prefix that its
// rights have.
namespace cw::firewall {

// From whom, before any NAT, and to whom, where aliases are translated already.
struct Opening {
  net::Ip from;
  net::Ip to;
  std::optional<net::Ip> asked;  // before they are: the same for most; none: not known
  std::uint8_t protocol = 0;     // of IP
  std::uint16_t port = 0;        // of the destination, where the protocol has any

  friend bool operator==(const Opening&, const Opening&) = default;
};

class Permissions {
 public:
  // `gone`: aliases that there were. What came by one does not begin again, unless it is still one.
  explicit Permissions(const Filter& filter, std::vector<net::Alias> gone = {});

  // Does it go through this router's tunnels? What begins or ends at a gateway itself does not.
  [[nodiscard]] bool judge(const Opening& opening) const;

  // Of what it judges: may it begin?
  [[nodiscard]] bool allow(const Opening& opening) const;

 private:
  struct HashOfPrefix {
    std::size_t operator()(const net::Prefix& prefix) const {
      return net::HashOfBytes{}(prefix.address()) ^ prefix.length();
    }
  };

  // Grants by the prefix they are for.
  class Grants {
   public:
    explicit Grants(const std::vector<Grant>& grants);
    [[nodiscard]] bool allow(const Opening& opening) const;

   private:
    std::set<std::uint8_t> lengths_;  // of both families
    std::unordered_map<net::Prefix, std::vector<Grant>, HashOfPrefix> by_prefix_;
  };

  [[nodiscard]] bool is_ours(const net::Ip& address) const;
  [[nodiscard]] bool came_by_what_is_gone(const Opening& opening) const;

  bool has_policy_;
  std::vector<net::Prefix> ours_;  // blocks of the tunnels, their twins and images
  std::vector<net::Ip> gateways_;
  std::vector<net::Prefix> never_;
  std::vector<net::Prefix> routes_;
  std::vector<net::Alias> aliases_;
  std::vector<net::Alias> gone_aliases_;
  Grants from_site_;
  // A peer's, by each of its addresses; none: it may open nothing. Many share one.
  std::unordered_map<net::Ip, std::shared_ptr<const Grants>, net::HashOfBytes> of_peer_;
};

}  // namespace cw::firewall
