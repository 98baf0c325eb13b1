// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ha/etcd/codec/lines.h"
#include "ha/etcd/connection.h"

// One stream of etcd's for all gateways of the site. It begins with a read of all of them, so that
// nothing is missed; a stream that breaks goes on after the last change that it brought, at another
// endpoint where there is one, with pauses that grow; where etcd has forgotten those changes
// (compaction), or it was away for long, all are read again. One thread.
namespace cw::ha::etcd {

class Watch {
 public:
  using Announce = std::function<void(RecordChanged)>;
  // An error, or nothing: it works again.
  using Tell = std::function<void(std::optional<Error>)>;

  Watch(Connection& connection, Site site, Duration patience, Announce announce, Tell tell)
      : connection_(connection),
        site_(std::move(site)),
        patience_(patience),
        announce_(std::move(announce)),
        tell_(std::move(tell)) {}

  void want(const std::vector<std::string>& gateways, SteadyTime now);

  // Somebody learnt this version of a record. A watch that does not bring it soon hears nothing:
  // the endpoint hangs, though another one answers.
  void learnt(const std::string& gateway, std::uint64_t version, SteadyTime now);

  // What the stream brought meanwhile, and what is due.
  void work(SteadyTime now);

  [[nodiscard]] std::optional<SteadyTime> due() const { return due_; }

 private:
  enum class State : std::uint8_t { Off, Pausing, Reading, Opening, Streaming };

  void read_all();
  void on_read(Answered answered);
  void open(SteadyTime now);
  void try_again_soon();  // nothing is wrong
  bool on_piece(std::string_view piece);
  void take_lines(SteadyTime now);
  Result<> take_line(std::string_view line, SteadyTime now);
  void take(Change change);
  void pause(Error error, SteadyTime now);

  Connection& connection_;
  Site site_;
  Duration patience_;
  Announce announce_;
  Tell tell_;

  State state_ = State::Off;
  std::set<std::string> wanted_;
  std::map<std::string, std::uint64_t> seen_;  // revision of what was announced last
  std::uint64_t revision_ = 0;                 // the last that was brought; 0: all are to be read
  std::uint64_t round_ = 0;                    // answers to earlier reads are not ours any more
  Lines lines_{kMostLine};
  std::optional<Error> ended_;     // the stream, by whom and why
  std::optional<SteadyTime> due_;  // of the state

  struct Learnt {
    std::string gateway;
    std::uint64_t version = 0;
  };

  std::optional<Learnt> awaited_;  // until due_, while streaming
  Duration next_pause_{};
  SteadyTime opened_{};
  SteadyTime heard_{};  // up to when `revision_` was right
};

}  // namespace cw::ha::etcd
