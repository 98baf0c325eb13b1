// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/prefix.h"

// What those who share a chain may reach, and the same said without overlaps: nft refuses an
// interval set in which two elements overlap, and the kernel does so by the order in which they
// come. Pure.
namespace cw::firewall {

// IP protocol numbers (RFC 790 and on). ICMP stands for that of both families.
enum class Protocol : std::uint8_t { Any = 0, Icmp = 1, Tcp = 6, Udp = 17 };

// Some of what is at some addresses. Ports only with Tcp and Udp.
struct Grant {
  net::Prefix to;
  Protocol protocol = Protocol::Any;
  std::uint16_t first = 0;
  std::uint16_t last = 65535;
  std::uint32_t rule = 0;  // that says so, of Filter::rules

  friend auto operator<=>(const Grant&, const Grant&) = default;
};

struct Rights {
  std::string name;  // of its chain
  std::vector<Grant> grants;

  friend bool operator==(const Rights&, const Rights&) = default;
};

// 16 hexadecimal digits: the same for the same, others for another.
[[nodiscard]] std::string short_hash(const std::string& text);

// A name for whatever has this signature: the same for the same, another one for another.
[[nodiscard]] std::string rights_name(const std::string& signature);

// Of one family, in three parts as the sets are. No two elements of a part overlap. Sorted.
struct DisjointGrants {
  std::vector<net::Prefix> all;
  std::vector<net::Prefix> icmp;
  std::vector<Grant> ports;

  friend bool operator==(const DisjointGrants&, const DisjointGrants&) = default;
};

// Allows exactly what `grants` allow of that family.
[[nodiscard]] DisjointGrants disjoint(const std::vector<Grant>& grants, net::Family family);

}  // namespace cw::firewall
