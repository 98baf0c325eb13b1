// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ha/netmap/receiving.h"
#include "ha/netmap/sending.h"
#include "ha/step.h"
#include "router/failover/setup.h"

// Which netmap siblings have, by their heartbeats and the arbiter's record: who is handed the one
// in force here, what comes from them, and what the core is told of it. Nothing is verified here:
// the agent does that. Pure; one thread.
namespace cw::failover {

// The agent writes down a netmap a moment after it says that it took it.
inline constexpr ha::Duration kReadsAgain{500};
// So long the agent's source may have a netmap that siblings speak of, before it has said so: until
// then this router counts as one that could have the newer one. A dead agent keeps nobody from
// taking over.
inline constexpr ha::Duration kSourcePatience{2000};

class Netmaps {
 public:
  // Drops what is on its way to siblings that are not there any more, or of an older netmap.
  void configure(const Setup& setup);

  struct News {
    std::optional<ha::NetmapChanged> changed;  // for the core
    std::optional<std::uint64_t> wanted;       // for the agent
    bool step = false;                         // somebody is behind who was not
  };

  // What follows from the core's state. Costs little where nothing is new.
  [[nodiscard]] News look(const ha::State& state, ha::Time now);

  // The file to read now, where a sibling is to have it.
  [[nodiscard]] std::optional<std::string> file_to_read(ha::Time now) const;
  // Its content. One of another serial is no error: the agent writes the one in force in a moment.
  Result<> have_read(Result<std::string> bytes, ha::Time now);

  struct Letter {
    std::string gateway;
    std::string to;
    ha::netmap::Payload payload;
  };

  struct Turn {
    std::vector<Letter> letters;
    std::optional<ha::Time> due;
  };

  // `believed`: whether a letter about that gateway reaches that sibling (Mail::believed()).
  using Believed = std::function<bool(const std::string& gateway, const std::string& sibling)>;
  [[nodiscard]] Turn step(const ha::State& state, const Believed& believed, ha::Time now);

  struct Heard {
    std::optional<ha::netmap::Payload> answer;
    std::optional<ha::netmap::Bundle> whole;  // for the agent
    bool step = false;
  };

  Result<Heard> hear(const std::string& from, std::span<const std::uint8_t> payload, ha::Time now);

  // The agent cannot be given what came whole: the sibling may offer it again.
  void not_kept() { receiving_.not_kept(); }

  // The newest that anybody is known to have, this router included.
  [[nodiscard]] static std::uint64_t newest(const ha::State& state);

  [[nodiscard]] std::optional<ha::netmap::Receiving::Progress> coming(ha::Time now) const {
    return receiving_.progress(now);
  }

 private:
  [[nodiscard]] std::map<std::string, std::vector<std::string>> behind(const ha::State& state,
                                                                       ha::Time now) const;
  [[nodiscard]] std::uint64_t offered(ha::Time now) const;

  std::string file_;  // none: this router takes no signed netmap, and has none
  std::uint64_t serial_ = 0;
  std::uint64_t offered_ = 0;
  std::uint64_t looked_ = 0;

  std::uint64_t wanted_ = 0;  // the agent was told
  ha::Time wanted_since_;
  std::optional<ha::NetmapChanged> told_;

  std::map<std::string, ha::netmap::Sending> sendings_;  // by sibling that is behind
  std::optional<ha::netmap::Bundle> bundle_;             // while somebody is
  ha::Time read_after_ = ha::kNever;
  ha::netmap::Receiving receiving_;
};

}  // namespace cw::failover
