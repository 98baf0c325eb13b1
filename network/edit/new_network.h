// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "net/prefix.h"
#include "network/edit/change.h"

// What `causeway network init` writes: a directory with comments that say what to do with it, which
// compiles. Pure.
namespace cw::network {

struct NewNetwork {
  std::string name;
  net::Prefix pool;
  net::Prefix ula;
  std::string site;
  std::vector<net::Prefix> routes = {};
  std::string router;
  std::vector<std::string> signers = {};  // minisign public keys, as text
};

// A /16 of 100.64.0.0/10, and a /48 of fd00::/8 (RFC 4193 section 3.2).
[[nodiscard]] net::Prefix random_pool(const RandomBelow& random);
[[nodiscard]] net::Prefix random_ula(const RandomBelow& random);

Result<Changes> new_network(const NewNetwork& wanted);

}  // namespace cw::network
