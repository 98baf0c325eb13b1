// SPDX-License-Identifier: Apache-2.0
#include "tests/kernel/failover_gate_world.h"

#include <algorithm>
#include <thread>
#include <utility>

#include <fcntl.h>

#include "router/model/ownership.h"
#include "tests/kernel/lan_world.h"

namespace cw::kernel {

using namespace std::chrono_literals;
using ha::Time;
using ha::gate::GateSocket;
using ha::gate::Gateway;
using ha::gate::Kick;
using netlink::WgDevice;
using netlink::WireGuardSocket;

namespace {

constexpr std::uint16_t kFirstClientPort = 52000;

constexpr Ends kIpv4{"V4", "198.51.100.10", "198.51.100.100", "198.51.100.77", 24};
constexpr Ends kIpv6{"V6", "2001:db8:51::10", "2001:db8:51::100", "2001:db8:51::77", 64};

}  // namespace

INSTANTIATE_TEST_SUITE_P(Family, FailoverGate, testing::Values(kIpv4, kIpv6),
                         [](const auto& ends) { return ends.param.name; });

Time FailoverGate::now() {
  return std::chrono::steady_clock::now();
}

void FailoverGate::wait(std::chrono::milliseconds time) {
  std::this_thread::sleep_for(time);
}

net::Ip FailoverGate::ip(const std::string& text) {
  return *net::Ip::parse(text);
}

void FailoverGate::SetUp() {
  NamespaceTest::SetUp();
  const auto& ends = GetParam();
  run("ip netns add " + clients_);
  ns_.reset(::open(("/run/netns/" + clients_).c_str(), O_RDONLY | O_CLOEXEC));
  run("ip link add wan0 type veth peer name eth0 netns " + clients_);
  run(fmt::format("ip link set wan0 up && ip -n {0} link set lo up && ip -n {0} link set eth0 up",
                  clients_));
  run(fmt::format("ip address add {}/{} dev wan0 {}", ends.router, ends.length, nodad()));
  run(fmt::format("ip -n {} address add {}/{} dev eth0 {}", clients_, ends.client, ends.length,
                  nodad()));
  in_clients(
      "nft 'table inet seen { counter begun {}; counter sent {}; "
      "chain in { type filter hook prerouting priority -400; udp sport 51820 counter name sent; "
      "udp sport 51820 @th,64,8 1 counter name begun; }; }'");
  routes_.emplace(*netlink::RouteSocket::create(router::ownership()));
  wireguard_.emplace(*WireGuardSocket::create());
  arrive();
  make_device();
  start();
}

void FailoverGate::TearDown() {
  gate_.reset();
  run("ip netns delete " + clients_);
}

const char* FailoverGate::nodad() {
  return GetParam().length == 64 ? "nodad" : "";
}

void FailoverGate::arrive() {
  address("add", nodad());
}

void FailoverGate::leave() {
  address("delete", "");
}

void FailoverGate::address(const char* verb, const char* flags) {
  const auto& ends = GetParam();
  run(fmt::format("ip address {} {}/{} dev wan0 {}", verb, ends.gateway,
                  ends.length == 24 ? 32 : 128, flags));
}

void FailoverGate::in_clients(const std::string& command) {
  run(fmt::format("ip netns exec {} {}", clients_, command));
}

void FailoverGate::make_device() {
  CW_EXPECT_OK(routes_->create_wireguard(kDevice, 1420));
  CW_EXPECT_OK(wireguard_->change({.device = kDevice,
                                   .private_key = &key_,
                                   .listen_port = kPort,
                                   .fwmark = router::kMarkOuterClosed}));
  for (const auto& rule : ha::gate::closing_rules(router::gate_numbers())) {
    CW_EXPECT_OK(routes_->add_rule(rule));
  }
  CW_EXPECT_OK(routes_->add_rule({.family = net::Family::V4,
                                  .priority = router::kPriorityFromHost,
                                  .iif = "lo",
                                  .table = router::kTable}));
  CW_EXPECT_OK(routes_->set_up(kDevice));
  CW_EXPECT_OK(routes_->add_route({.destination = prefix("100.64.0.0/16"), .device = kDevice}));
}

Gateway FailoverGate::gateway() {
  return {.name = "gw",
          .device = kDevice,
          .listen_port = kPort,
          .blocks = {prefix("100.64.0.0/16"), prefix("fd64::/112")},
          .addresses = {ip(GetParam().gateway)}};
}

void FailoverGate::start() {
  gate_.reset();
  auto made = GateSocket::create(router::gate_numbers(), {gateway()}, now());
  CW_ASSERT_OK(made);
  gate_.emplace(std::move(*made));
}

net::Ip FailoverGate::overlay(std::size_t client) {
  return net::Ip::v4(0x64400001 + static_cast<std::uint32_t>(client));
}

void FailoverGate::add_clients(std::size_t count) {
  const Host::Visit visit(ns_.get());
  auto wireguard = *WireGuardSocket::create();
  auto routes = *netlink::RouteSocket::create(kOurs);
  for (auto i = keys_.size(); i < count; ++i) {
    const auto name = fmt::format("cw-c{}", i);
    keys_.push_back(net::PrivateKey::generate());
    CW_EXPECT_OK(routes.create_wireguard(name, 1420));
    CW_EXPECT_OK(wireguard.change(
        {.device = name,
         .private_key = &keys_.back(),
         .listen_port = port(i),
         .peers = {{.key = key_.public_key(), .allowed_ips = {prefix("100.64.0.0/16")}}}}));
    CW_EXPECT_OK(routes.set_up(name));
  }
}

std::uint16_t FailoverGate::port(std::size_t client) {
  return static_cast<std::uint16_t>(kFirstClientPort + client);
}

void FailoverGate::add_peers() {
  netlink::WgDeviceChange change{.device = kDevice};
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    change.peers.push_back(
        {.key = keys_[i].public_key(), .allowed_ips = {net::Prefix::host(overlay(i))}});
  }
  CW_EXPECT_OK(wireguard_->change(change));
}

void FailoverGate::meet(std::size_t count) {
  add_clients(count);
  add_peers();
}

std::vector<Kick> FailoverGate::kicks() const {
  std::vector<Kick> all;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    all.push_back(
        {.key = keys_[i].public_key(), .endpoint = {.ip = ip(GetParam().client), .port = port(i)}});
  }
  return all;
}

WgDevice FailoverGate::device() {
  auto device = wireguard_->device(kDevice);
  EXPECT_TRUE(device) << (device ? "" : device.error().to_text());
  return device ? *device : WgDevice{};
}

WgDevice FailoverGate::client(std::size_t number) {
  const Host::Visit visit(ns_.get());
  auto device = WireGuardSocket::create()->device(fmt::format("cw-c{}", number));
  EXPECT_TRUE(device);
  return device ? *device : WgDevice{};
}

std::size_t FailoverGate::sessions(netlink::HandshakeTime since) {
  const auto there = device();
  return static_cast<std::size_t>(std::ranges::count_if(there.peers, [&](const auto& peer) {
    return peer.last_handshake && *peer.last_handshake > since;
  }));
}

netlink::HandshakeTime FailoverGate::wall() {
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

bool FailoverGate::comes(const std::function<bool()>& so, std::chrono::milliseconds within) {
  for (const auto end = now() + within; now() < end; wait(20ms)) {
    if (gate_->wake()) {
      CW_EXPECT_OK(gate_->on_time(now()));
    }
    if (so()) {
      return true;
    }
  }
  return so();
}

int FailoverGate::seen(const char* counter) {
  const auto listed =
      run_json(fmt::format("ip netns exec {} nft -j list counter inet seen {}", clients_, counter));
  for (const auto& item : listed["nftables"]) {
    if (item.contains("counter")) {
      return item["counter"]["packets"];
    }
  }
  ADD_FAILURE() << "no counter " << counter;
  return -1;
}

void FailoverGate::clients_begin() {
  const Host::Visit visit(ns_.get());
  auto wireguard = *WireGuardSocket::create();
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    for (const auto keepalive : {std::uint16_t{25}, std::uint16_t{0}}) {
      netlink::WgPeerChange begin{.key = key_.public_key()};
      begin.endpoint = net::SocketAddress{.ip = ip(GetParam().gateway), .port = kPort};
      begin.keepalive_seconds = keepalive;
      CW_EXPECT_OK(wireguard.change({.device = fmt::format("cw-c{}", i), .peers = {begin}}));
    }
  }
}

void FailoverGate::site_sends() {
  run("ping -c 2 -i 0.2 -W 1 100.64.0.1 > /dev/null 2>&1 || true");
}

std::string FailoverGate::route_to_client() {
  return run("ip route get 100.64.0.1 2>&1 || true");
}

}  // namespace cw::kernel
