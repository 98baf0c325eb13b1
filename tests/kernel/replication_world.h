// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "ha/replica/owner.h"
#include "ha/replica/standby.h"
#include "netlink/socket/replication.h"

// Two routers between a client and a server, in network namespaces: the first forwards, the second
// is told of its connections, and after the takeover has the first one's links, addresses and MACs.
// Its ruleset lets through nothing but what its kernel knows as established.
//
//   client 100.64.0.5, fd64::5 -- router 100.64.0.1 | 10.1.0.10, fd10::10 -- server 10.1.0.5
//
// Of one thread, which enters the namespace of whoever acts.
namespace cw::kernel {

// What does not come within this does not come.
inline constexpr int kPatienceMs = 5000;

class Space {
 public:
  Space();

  template <class F>
  auto in(const F& f) const {
    const Visit visit(fd_.get());
    return f();
  }

  [[nodiscard]] std::string path() const;

 private:
  class Visit {
   public:
    explicit Visit(int fd);
    ~Visit();
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    Visit(Visit&&) = delete;
    Visit& operator=(Visit&&) = delete;

   private:
    UniqueFd before_;
  };

  UniqueFd fd_;
};

// One end of a connection between client and server.
class End {
 public:
  explicit End(UniqueFd fd) : fd_(std::move(fd)) {}

  void send(const std::string& text) const;
  // That much, or what came until nothing did for so long.
  [[nodiscard]] std::string receive(std::size_t size, int patience_ms = kPatienceMs) const;

  void close() { fd_.reset(); }

 private:
  UniqueFd fd_;
};

struct Stream {
  End client;
  End server;
};

class TwoRouters {
 public:
  // What the owner's `table inet t` has besides forwarding everything, and the rule by which the
  // other one knows what is established.
  explicit TwoRouters(const std::string& owners_rules,
                      const std::string& established = "ct state established accept");

  // Client and server have each other: the port is where the server listens.
  Stream connect(const std::string& to, const std::string& listens, int type, std::uint16_t port);

  // What the owner's kernel told goes to the standby's, through payloads.
  void replicate();
  // Into the standby's kernel.
  void inject(const std::vector<netlink::Connection>& connections);
  // replicate(), after which the first router is gone and the second in its place.
  void take_over();

  [[nodiscard]] std::vector<netlink::Connection> owners() { return dump(*first_); }

  [[nodiscard]] std::vector<netlink::Connection> standbys() { return dump(*second_); }

  // Packets that the second router refused.
  [[nodiscard]] std::uint64_t refused() const;

  Space client;
  Space server;
  Space owner;
  Space standby;

  ha::Time now{std::chrono::hours(1)};
  ha::replica::Owner owning{{.term = 1, .start = 1}};
  ha::replica::Standby standing{{}, now};

 private:
  using Socket = std::unique_ptr<netlink::ReplicationSocket>;

  static std::vector<netlink::Connection> dump(netlink::ReplicationSocket& socket);
  void address(const Space& router) const;
  void pass_events();
  void pass_payloads();

  Socket first_;
  Socket second_;
};

}  // namespace cw::kernel
