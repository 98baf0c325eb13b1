// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "ha/netmap/receiving.h"
#include "ha/netmap/sending.h"
#include "ha/state.h"
#include "network/statement.h"

// One signed file of the agent's, with a serial, that goes to siblings which lack it and comes from
// those that have a newer one: letters to and from, and when the file is read. Nothing is verified
// here: the agent does that. Refused: what is larger than such a file ever is. Pure; one thread.
namespace cw::failover {

// The agent writes a file down a moment after it says that it took it.
inline constexpr ha::Duration kReadsAgain{500};

class Handing {
 public:
  // Who lacks it, each with the gateways shared with him.
  using Lacking = std::map<std::string, std::vector<std::string>>;

  // Whether a letter about that gateway reaches that sibling (Mail::believed()).
  using Believed = std::function<bool(const std::string& gateway, const std::string& sibling)>;

  struct Letter {
    std::string gateway;
    std::string to;
    ha::netmap::Payload payload;
  };

  struct Turn {
    std::vector<Letter> letters;
    std::optional<ha::Time> due;
  };

  struct Heard {
    std::optional<ha::netmap::Payload> answer;
    std::optional<ha::netmap::Bundle> whole;  // for the agent
    bool step = false;
  };

  Handing(network::Content content, std::size_t largest) : content_(content), largest_(largest) {}

  // `file`: empty: this router takes none, and has none. Another than before drops what was on its
  // way.
  void configure(const std::string& file, std::uint64_t serial);

  [[nodiscard]] bool has_file() const { return !file_.empty(); }

  [[nodiscard]] std::uint64_t serial() const { return serial_; }

  [[nodiscard]] std::size_t largest() const { return largest_; }

  // True: somebody lacks it who did not. Costs little where nothing is new.
  [[nodiscard]] bool look(const Lacking& lacking);

  // The file to read now, where a sibling is to have it.
  [[nodiscard]] std::optional<std::string> file_to_read(ha::Time now) const;
  // Its content. One of another serial is no error: the agent writes the one in force in a moment.
  Result<> have_read(Result<std::string> bytes, ha::Time now);

  [[nodiscard]] Turn step(const Lacking& lacking, const Believed& believed, ha::Time now);

  Result<Heard> hear(const std::string& from, std::span<const std::uint8_t> payload, ha::Time now);

  // The agent cannot be given what came whole: the sibling may offer it again.
  void not_kept() { receiving_.not_kept(); }

  [[nodiscard]] std::optional<ha::netmap::Receiving::Progress> coming(ha::Time now) const {
    return receiving_.progress(now);
  }

 private:
  network::Content content_;
  std::size_t largest_;
  std::string file_;
  std::uint64_t serial_ = 0;
  std::map<std::string, ha::netmap::Sending> sendings_;  // by sibling that lacks it
  std::optional<ha::netmap::Bundle> bundle_;             // while somebody does
  ha::Time read_after_ = ha::kNever;
  ha::netmap::Receiving receiving_;
};

// The siblings that are heard and whom `wanted` says, each with the gateways shared with him.
template <class Wanted>
Handing::Lacking heard_siblings(const ha::State& state, ha::Time now, Wanted wanted) {
  Handing::Lacking found;
  const auto& timers = state.config.timers;
  for (const auto& gateway : state.gateways) {
    for (const auto& sibling : gateway.siblings) {
      const bool heard =
          sibling.known && now - sibling.heard <
                               timers.suspect + std::min(sibling.beat.silence, timers.silence_most);
      if (heard && wanted(sibling)) {
        found[sibling.router].push_back(gateway.name);
      }
    }
  }
  return found;
}

}  // namespace cw::failover
