// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "network/minisign.h"
#include "network/netmap.h"
#include "policy/difference.h"

// What a change of a netmap means, in words: for whoever publishes it. Pure. Cost: that of
// policy::difference (every peer against every rule).
namespace cw::network {

struct NetmapDifference {
  std::vector<std::string> network;  // "name: example -> other"
  std::vector<std::string> signers;  // "+ signer A5500FEF217882A8"
  std::vector<std::string> sites;    // "~ site production: + route 10.2.0.0/16", also gateways
  std::vector<std::string> peers;    // "+ alice-laptop (alice, 100.83.0.5)"
  std::vector<policy::Difference> rights;
  std::vector<std::string> reissued;  // peers whose configuration stops working as it was issued
  // The key that signed the one before, or is to sign the next one, may not sign after it.
  std::optional<minisign::PublicKey> locked_out;

  [[nodiscard]] bool empty() const;

  friend bool operator==(const NetmapDifference&, const NetmapDifference&) = default;
};

// `publisher`: the key to ask `locked_out` of, where one is known. Rights as of `now`.
[[nodiscard]] NetmapDifference difference(const Netmap& before, const Netmap& after,
                                          const std::optional<minisign::PublicKey>& publisher,
                                          WallTime now);

// Peers of both, with the same key, whose configuration worked and works no more (still_works() in
// client_config.h).
[[nodiscard]] std::vector<std::string> reissued(const Netmap& before, const Netmap& after);

// Paragraphs with headings; "nothing changes\n" where it is empty.
[[nodiscard]] std::string to_text(const NetmapDifference& difference);
[[nodiscard]] std::string to_json(const NetmapDifference& difference);

}  // namespace cw::network
