// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "network/netmap.h"
#include "network/revocation.h"

// The last network that was taken, on disk: what a start works with while the network directory is
// refused, so that repair and expiry go on, and what the directory is judged against. It holds no
// key that is secret; only its owner may read it, since it names people. A file that is missing or
// damaged costs that start no more than this. One agent a folder. Blocking; linear in the peers.
namespace cw::agent {

// What was in force when the agent ended.
struct KeptNetmap {
  network::Netmap netmap;
  WallTime written{};

  friend bool operator==(const KeptNetmap&, const KeptNetmap&) = default;
};

inline constexpr auto kDefaultStateFolder = "/var/lib/causeway";

class KeptNetwork {
 public:
  explicit KeptNetwork(std::string folder) : folder_(std::move(folder)) {}

  // None where none was ever kept. An error says what to do about it.
  [[nodiscard]] Result<std::optional<KeptNetmap>> read() const;

  // Is it this one? Cheaper than read() and a comparison.
  [[nodiscard]] bool is(const network::Netmap& netmap) const;

  // Makes the folder if its parent is there; leaves a file that says the same, and its time.
  [[nodiscard]] Result<> write(const network::Netmap& netmap) const;

  // Peers that were revoked on this router, whatever its network comes from: revoked.json.
  [[nodiscard]] Result<network::Revocations> revoked() const;
  [[nodiscard]] Result<> write(const network::Revocations& revoked) const;

 private:
  [[nodiscard]] std::string file() const { return folder_ + "/netmap.json"; }

  [[nodiscard]] std::string revoked_file() const { return folder_ + "/revoked.json"; }

  [[nodiscard]] Result<> make_folder() const;

  std::string folder_;
};

}  // namespace cw::agent
