// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ha/gate/values.h"
#include "ha/peers/book.h"
#include "ha/peers/telling.h"
#include "ha/state.h"

// What this router knows about each gateway's peers, and what it has told which sibling of it.
// Pure; one thread.
namespace cw::failover {

class Books {
 public:
  explicit Books(std::uint64_t boot) : boot_(boot) {}

  // Of gateways that stay, everything is kept.
  void configure(const ha::Config& config);

  void note(const std::string& gateway, std::span<const netlink::WgPeer> dump, ha::peers::Wall now,
            bool owning);
  void note_initiation(const std::string& gateway, ha::peers::Wall at);

  // What a sibling told. Invalid: it is nothing of this version's.
  Result<> merge(const std::string& gateway, std::span<const std::uint8_t> payload,
                 ha::peers::Wall now, SteadyTime at);

  // Whom to shake hands with at a takeover, the most active first.
  [[nodiscard]] std::vector<ha::gate::Kick> kicks(const std::string& gateway,
                                                  ha::peers::Wall now) const;

  // What this sibling is to be told now; `believed`: its boot (Mail::believed()).
  [[nodiscard]] ha::peers::Telling::Told next(const std::string& gateway,
                                              const std::string& sibling, std::uint64_t believed,
                                              SteadyTime now);

  // When a sibling last told something; none: never.
  [[nodiscard]] std::optional<SteadyTime> told(const std::string& gateway) const;

 private:
  struct Book {
    ha::peers::PeerBook peers;
    std::map<std::string, ha::peers::Telling> tellings;  // by sibling
    std::optional<SteadyTime> told;
  };

  std::uint64_t boot_;
  std::map<std::string, Book> books_;
};

}  // namespace cw::failover
