// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "ha/gate/socket/gate.h"
#include "netlink/socket/route.h"
#include "netlink/socket/wireguard.h"
#include "tests/kernel/namespace.h"

// A router, which is this namespace, and stock clients, which are devices of another one: they know
// the gateway's key, and begin nothing by themselves.
namespace cw::kernel {

// The addresses of one family.
struct Ends {
  const char* name;
  const char* router;   // its own
  const char* gateway;  // moves
  const char* client;
  int length;
};

// Each test for IPv4 and for IPv6.
class FailoverGate : public NamespaceTest, public testing::WithParamInterface<Ends> {
 protected:
  static constexpr auto kDevice = "cw-gw";
  static constexpr std::uint16_t kPort = 51820;
  // What does not come within this does not come.
  static constexpr std::chrono::seconds kPatience{30};
  // The kernel's own next try comes after 5 s (REKEY_TIMEOUT): what is there before was ours.
  static constexpr std::chrono::seconds kBeforeRetry{4};

  void SetUp() override;
  void TearDown() override;

  static ha::Time now();
  static void wait(std::chrono::milliseconds time);
  static net::Ip ip(const std::string& text);

  [[nodiscard]] static const char* nodad();

  // The gateway's address comes here, and goes.
  static void arrive();
  static void leave();

  static void address(const char* verb, const char* flags);

  void in_clients(const std::string& command);

  // As the agent does it.
  void make_device();

  [[nodiscard]] static ha::gate::Gateway gateway();

  // The process, or the next one.
  void start();

  static net::Ip overlay(std::size_t client);

  // As many clients, each a peer of the device.
  void add_clients(std::size_t count);

  static std::uint16_t port(std::size_t client);

  // Gives them to the device, without anything that is known of them.
  void add_peers();

  void meet(std::size_t count);

  [[nodiscard]] std::vector<ha::gate::Kick> kicks() const;

  netlink::WgDevice device();
  netlink::WgDevice client(std::size_t number);

  std::size_t sessions(netlink::HandshakeTime since = {});

  static netlink::HandshakeTime wall();

  // Runs the process's loop until it is so.
  bool comes(const std::function<bool()>& so, std::chrono::milliseconds within = kPatience);

  // Packets of the gateway's port that came to the clients.
  int seen(const char* counter);

  // The clients send, to the gateway's address.
  void clients_begin();

  // The site sends to the clients.
  static void site_sends();
  static std::string route_to_client();

  std::string clients_ = fmt::format("clients-{}", ::getpid());
  UniqueFd ns_;
  net::PrivateKey key_ = net::PrivateKey::generate();
  std::vector<net::PrivateKey> keys_;
  std::optional<netlink::RouteSocket> routes_;
  std::optional<netlink::WireGuardSocket> wireguard_;
  std::optional<ha::gate::GateSocket> gate_;
};

}  // namespace cw::kernel
