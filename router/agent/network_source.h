// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "network/netmap.h"
#include "router/agent/kept_network.h"
#include "router/api/status.h"
#include "router/plan/acceptance.h"

// Where the network comes from, as the agent sees it: a directory (directory_source.h), or a signed
// netmap on disk or at an address (signed_source.h). A source looks for news by itself, judges what
// it found, and keeps on disk what the agent took. It knows nothing of the kernel.
namespace cw::agent {

// How often look_again() is called.
inline constexpr std::chrono::seconds kLooksAgain{30};

struct NetworkReading {
  enum class Kind : std::uint8_t {
    Offer,        // `netmap`, to be taken unless this router cannot serve it
    Refused,      // `text` says why; what is in force stays
    AsInForce,    // the source has what is in force
    Unreachable,  // the source could not be looked at, `text` says why; nothing is known
  };

  Kind kind = Kind::Refused;
  std::optional<network::Netmap> netmap;
  std::string text;      // several lines; may be warnings beside an offer
  bool decided = false;  // whoever made it has decided: nothing in it is held back
};

class NetworkSource {
 public:
  using Callback = std::function<void(NetworkReading)>;

  struct Listener {
    Callback found;                   // something new, unasked
    std::function<void()> curtailed;  // curtailment() is another
    std::function<void()> looked;     // for_siblings() is another; may be none
  };

  virtual ~NetworkSource() = default;

  [[nodiscard]] virtual std::string where() const = 0;

  // Before anything else is asked of it. None where none was kept; an error: what was is of no use.
  [[nodiscard]] virtual Result<std::optional<KeptNetmap>> resume() = 0;
  // What there is at a start, without waiting for anybody else: none means that it comes by itself.
  [[nodiscard]] virtual std::optional<NetworkReading> first() = 0;
  // Is it the one that resume() gives? Cheaper than that and a comparison.
  [[nodiscard]] virtual bool is_kept(const network::Netmap& netmap) const = 0;

  // From now on it looks for news by itself.
  virtual void begin() {}

  // Looks now, because a person asked. Calls `done` once, at once or when it has been looked at.
  virtual void read_now(Callback done) = 0;

  // What it already knows to have changed, in a moment; none: nothing, or all has to be looked at.
  [[nodiscard]] virtual std::optional<NetworkReading> read_announced() { return std::nullopt; }

  // To be called now and then, for what announces nothing.
  virtual void look_again() {}

  // The offer that was made last is in force.
  virtual void taken() {}

  // Writes down what is in force, for resume().
  virtual Result<> keep(const network::Netmap& netmap) = 0;

  enum class Of : std::uint8_t { InForce, Offer };

  // What is taken away from what is in force, or would be from the last offer.
  [[nodiscard]] virtual router::Curtailment curtailment(Of /*which*/) const { return {}; }

  // Of what it holds; none: it is not signed.
  [[nodiscard]] virtual std::optional<api::SourceStatus> status() const { return std::nullopt; }

  // For routers that share a gateway with this one (router/api/assignment.h).
  struct ForSiblings {
    std::string bundle;             // where the signed netmap in force is kept
    std::uint64_t offered = 0;      // serial of what the source has; 0: it does not answer
    std::uint64_t looked = 0;       // the source was looked at for this serial
    std::string revoked;            // where the list of revocations that is held is kept
    std::uint64_t revocations = 0;  // its serial; 0: none is held
  };

  // None: what is in force is not signed.
  [[nodiscard]] virtual std::optional<ForSiblings> for_siblings() const { return std::nullopt; }

  [[nodiscard]] virtual std::vector<api::Problem> problems() const = 0;

  // May what is in force be followed by what was before it? Then nothing is forgotten because of
  // it.
  [[nodiscard]] virtual bool is_provisional() const { return false; }
};

}  // namespace cw::agent
