// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "firewall/nft/nft_socket.h"
#include "firewall/ruleset/ruleset.h"
#include "tests/kernel/namespace.h"

// What the tests of our nftables socket have in common: a ruleset for an example, and a socket in
// an empty network namespace.
namespace cw::kernel {

// Of every kind that the kernel lists in a way of its own: hash and interval sets of both
// families, a verdict map, a concatenation with ranges, a map to counters, a limit, protocols by
// number.
firewall::Ruleset example();

// Of its sets.
std::vector<std::string> names(const firewall::Ruleset& ruleset);

class NftTest : public NamespaceTest {
 protected:
  void SetUp() override;

  void load(const firewall::Ruleset& ruleset);
  firewall::TableState read(firewall::Depth depth,
                            const std::vector<std::string>& sets = names(example()));

  std::optional<firewall::NftSocket> socket_;
};

}  // namespace cw::kernel
