// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "ha/arp/socket/fabric.h"

// A LAN of real hosts: network namespaces on one bridge, of which some are routers with the fabric
// of ha/arp, and one is somebody who talks to the gateway's address. Of one thread, which enters
// the namespace of whoever acts.
namespace cw::kernel {

// Name and last byte of its addresses: 10.9.0.N/24, fd09::N/64, fe80::N; its MAC ends with it, too.
struct Host {
  Host(const std::string& name, int number, const UniqueFd& bridge);

  // Enters it, and comes back.
  template <class F>
  auto in(const F& f) const {
    const Visit visit(ns.get());
    return f();
  }

  class Visit {
   public:
    explicit Visit(int ns);
    ~Visit();
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    Visit(Visit&&) = delete;
    Visit& operator=(Visit&&) = delete;

   private:
    UniqueFd before_;
  };

  [[nodiscard]] ha::arp::Mac mac() const;
  [[nodiscard]] net::Ip own(net::Family family) const;
  [[nodiscard]] net::Ip link_local() const;

  std::string name;
  int number;
  UniqueFd ns;
};

// UDP on the gateway's port, in one family: sends from `from`, which need not be there.
class Datagrams {
 public:
  Datagrams(const Host& host, const net::Ip& from, std::uint16_t port);

  void send(const std::string& text, const net::Ip& to, std::uint16_t port) const;
  // What waits, or comes within `patience`; "" for nothing.
  [[nodiscard]] std::string receive(int patience_ms) const;

 private:
  UniqueFd fd_;
};

// A host's raw view of the LAN.
class Onlooker {
 public:
  Onlooker(const Host& host, std::uint16_t ether_type, const ha::arp::Filter& filter);

  void send(const ha::arp::Frame& frame);
  // All claims up to the first one of this address.
  std::vector<ha::arp::Claim> claims_until(const net::Ip& ip);
  // All that wait.
  std::vector<ha::arp::Claim> claims();

 private:
  const Host& host_;
  ha::arp::PacketSocket socket_;
};

// The routers' clock. It goes on while they wait, and stands while they, or a busy machine, work:
// so a test that is held up sees no router that paused.
ha::Time lan_now();

// A router's fabric on a loop that runs when the test says so.
class Router final : public ha::arp::EventLoop {
 public:
  Router(const Host& host, ha::arp::Config config);
  ~Router() override;
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;
  Router(Router&&) = delete;
  Router& operator=(Router&&) = delete;

  void watch(int fd) override { fds.insert(fd); }

  void forget(int fd) override { fds.erase(fd); }

  void wake_at(std::optional<ha::Time> when) override { wake = when; }

  void start();  // again: a process that ended, and its successor
  std::uint64_t move();
  std::uint64_t check();
  void withdraw();
  void ready(ha::Time now);  // the sockets alone, at that time
  void pass(ha::Time now);   // the sockets and the clock

  [[nodiscard]] std::optional<ha::arp::Report> answer_to(std::uint64_t request) const;
  [[nodiscard]] bool arrived() const;

  const Host& host;
  ha::arp::Config config;
  std::unique_ptr<ha::arp::LanFabric> fabric;
  std::set<int> fds;
  std::optional<ha::Time> wake;
  std::vector<ha::arp::Report> reports;
  std::uint64_t requests = 0;
};

// Runs these routers' loops until it is so; the others are paused. Fails after half a minute.
void run_until(const std::vector<Router*>& routers, const std::function<bool()>& so);

// Moves, or checks, and waits for the answer.
ha::FabricOutcome outcome_of_move(Router& router, const std::vector<Router*>& running);
ha::FabricOutcome outcome_of_check(Router& router, const std::vector<Router*>& running);

}  // namespace cw::kernel
