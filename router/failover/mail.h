// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "ha/state.h"
#include "ha/wire/correspondence.h"
#include "ha/wire/heartbeat.h"
#include "ha/wire/key.h"
#include "ha/wire/sealed.h"
#include "ha/wire/session.h"

// All that this router and its siblings write each other: keys, who is believed, what was said
// already. Datagrams go in and come out; sending is somebody else's. Pure but for letters' nonces;
// one thread.
namespace cw::failover {

class Mail {
 public:
  using Datagram = std::vector<std::uint8_t>;

  struct Keys {
    ha::wire::HeartbeatKey heartbeats;
    ha::wire::LetterKey letters;
  };

  // An authentic heartbeat from a sibling, not a repetition; `wall`: its clock, ms since 1970.
  struct Heartbeat {
    ha::Beat beat;
    std::int64_t wall = 0;
  };

  // A sibling told something of a gateway.
  struct Told {
    std::string gateway;
    std::string from;
    ha::wire::Kind kind = ha::wire::Kind::Peers;
    std::vector<std::uint8_t> payload;
  };

  // Authentic, and of no use: sent again, or its sender has to prove first that it lives.
  struct Unused {};

  using Opened = std::variant<Heartbeat, Told, Unused>;

  // `boot`: random, not 0, new with each start.
  Mail(std::string router, std::uint64_t boot, std::map<std::string, Keys> keys)
      : router_(std::move(router)), boot_(boot), keys_(std::move(keys)) {}

  // What was said with siblings that stay is remembered.
  void configure(const ha::Config& config);

  // Invalid: no such gateway or sibling.
  [[nodiscard]] Result<Datagram> write(const ha::Beat& beat, const std::string& to,
                                       std::int64_t wall);

  // None: the sibling is not believed yet, so it could not know that this is new.
  [[nodiscard]] Result<std::optional<Datagram>> write(const std::string& gateway,
                                                      const std::string& to, ha::wire::Kind kind,
                                                      std::vector<std::uint8_t> payload);

  // Permission: a stranger's. Invalid: for somebody else, or no datagram of ours.
  [[nodiscard]] Result<Opened> open(std::span<const std::uint8_t> datagram);

  // The sibling's boot, where it has shown that it lives; else 0.
  [[nodiscard]] std::uint64_t believed(const std::string& gateway,
                                       const std::string& sibling) const;

  [[nodiscard]] std::uint64_t boot() const { return boot_; }

 private:
  struct Line {  // to one sibling about one gateway
    ha::wire::Session heartbeats;
    ha::wire::Correspondence letters;
  };

  using Between = std::pair<std::string, std::string>;  // gateway, sibling

  Result<Opened> open_heartbeat(std::span<const std::uint8_t> datagram);
  Result<Opened> open_letter(std::span<const std::uint8_t> datagram);
  [[nodiscard]] Result<const Keys*> keys_of(std::string_view gateway) const;
  Result<Line*> line_of(const std::string& gateway, const std::string& sibling);

  std::string router_;
  std::uint64_t boot_;
  std::map<std::string, Keys> keys_;
  std::map<Between, Line> lines_;
};

}  // namespace cw::failover
