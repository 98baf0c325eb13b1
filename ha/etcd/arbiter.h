// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "fetch/http/client.h"
#include "ha/arbiter.h"
#include "ha/etcd/codec/messages.h"
#include "ha/etcd/exchange.h"

// The arbiter that is etcd (3.4 or newer), through its HTTP gateway: ha/arbiter.h's contract on
// somebody's event loop. Keys and values: codec/messages.h, codec/record.h.
//
// - A request is one attempt at one endpoint, and its answer comes within `patience`. An endpoint
//   that does not answer is left: the next request, which is the caller's to make, goes to the
//   next.
// - With a user each request needs a token. While there is none (at the start, and when etcd has
//   forgotten it) requests are Refused, and a login is made meanwhile.
// - A record that cannot be read is told as trouble, and its request is Refused: nothing is known,
//   which is not the same as no record.
//
// It refuses http:// to other than loopback addresses: who can change these records decides who
// serves. One thread; nothing blocks, but for the reading of certificate files by libcurl when it
// connects. A router that owns nothing costs etcd one idle connection.
namespace cw::ha::etcd {

inline constexpr std::size_t kMostEndpoints = 16;

struct Config {
  std::vector<std::string> endpoints;  // https://etcd-1.example:2379
  Site site;
  Tls tls;
  std::string user;  // empty: etcd asks for none
  net::Secret password;
  Duration patience{};  // Timers::arbiter_patience
};

// Called from on_ready() and on_time() alone, never from read(), write() or watch(). They may call
// those, and may not destroy the arbiter.
struct Listener {
  std::function<void(const ArbiterAnswer&)> answered;
  std::function<void(const RecordChanged&)> changed;
  // For the journal: once, until something else is wrong or it worked again. nullptr: it does.
  std::function<void(const Error* trouble)> trouble;
};

class Arbiter : public fetch::LoopClient {
 public:
  // The loop and the clock outlive it. Errors: Invalid (an endpoint, the site, half a certificate),
  // Exhausted, Unsupported (libcurl). It does not wait for etcd.
  static Result<std::unique_ptr<Arbiter>> open(Config config, fetch::EventLoop& loop,
                                               const Clock& clock, Listener listener);

  virtual void read(const ReadRecord& read) = 0;
  virtual void write(const WriteRecord& write) = 0;

  // Announces the records of these gateways as they are, and each change from then on. Another call
  // replaces the list; an empty one ends it.
  virtual void watch(const std::vector<std::string>& gateways) = 0;
};

}  // namespace cw::ha::etcd
