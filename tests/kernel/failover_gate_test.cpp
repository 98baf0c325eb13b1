// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "ha/gate/socket/gate.h"
#include "netlink/socket/route.h"
#include "netlink/socket/wireguard.h"
#include "router/model/ownership.h"
#include "tests/kernel/lan_world.h"
#include "tests/kernel/namespace.h"

namespace cw::kernel {
namespace {

using namespace std::chrono_literals;
using ha::Time;
using ha::gate::GateSocket;
using ha::gate::Gateway;
using ha::gate::Kick;
using netlink::WgDevice;
using netlink::WireGuardSocket;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr auto kDevice = "cw-gw";
constexpr std::uint16_t kPort = 51820;
constexpr std::uint16_t kFirstClientPort = 52000;
// What does not come within this does not come.
constexpr std::chrono::seconds kPatience{30};
// The kernel's own next try comes after 5 s (REKEY_TIMEOUT): what is there before was ours.
constexpr std::chrono::seconds kBeforeRetry{4};

Time now() {
  return std::chrono::steady_clock::now();
}

void wait(std::chrono::milliseconds time) {
  std::this_thread::sleep_for(time);
}

// The addresses of one family.
struct Ends {
  const char* name;
  const char* router;   // its own
  const char* gateway;  // moves
  const char* client;
  int length;
};

constexpr Ends kIpv4{"V4", "198.51.100.10", "198.51.100.100", "198.51.100.77", 24};
constexpr Ends kIpv6{"V6", "2001:db8:51::10", "2001:db8:51::100", "2001:db8:51::77", 64};

net::Ip ip(const std::string& text) {
  return *net::Ip::parse(text);
}

// A router, which is this namespace, and stock clients, which are devices of another one: they know
// the gateway's key, and begin nothing by themselves.
class FailoverGate : public NamespaceTest, public testing::WithParamInterface<Ends> {
 protected:
  void SetUp() override {
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

  void TearDown() override {
    gate_.reset();
    run("ip netns delete " + clients_);
  }

  [[nodiscard]] static const char* nodad() { return GetParam().length == 64 ? "nodad" : ""; }

  // The gateway's address comes here, and goes.
  static void arrive() { address("add", nodad()); }

  static void leave() { address("delete", ""); }

  static void address(const char* verb, const char* flags) {
    const auto& ends = GetParam();
    run(fmt::format("ip address {} {}/{} dev wan0 {}", verb, ends.gateway,
                    ends.length == 24 ? 32 : 128, flags));
  }

  void in_clients(const std::string& command) {
    run(fmt::format("ip netns exec {} {}", clients_, command));
  }

  // As the agent does it.
  void make_device() {
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

  [[nodiscard]] static Gateway gateway() {
    return {.name = "gw",
            .device = kDevice,
            .listen_port = kPort,
            .blocks = {prefix("100.64.0.0/16"), prefix("fd64::/112")},
            .addresses = {ip(GetParam().gateway)}};
  }

  // The process, or the next one.
  void start() {
    gate_.reset();
    auto made = GateSocket::create(router::gate_numbers(), {gateway()}, now());
    CW_ASSERT_OK(made);
    gate_.emplace(std::move(*made));
  }

  static net::Ip overlay(std::size_t client) {
    return net::Ip::v4(0x64400001 + static_cast<std::uint32_t>(client));
  }

  // As many clients, each a peer of the device.
  void add_clients(std::size_t count) {
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

  static std::uint16_t port(std::size_t client) {
    return static_cast<std::uint16_t>(kFirstClientPort + client);
  }

  // Gives them to the device, without anything that is known of them.
  void add_peers() {
    netlink::WgDeviceChange change{.device = kDevice};
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      change.peers.push_back(
          {.key = keys_[i].public_key(), .allowed_ips = {net::Prefix::host(overlay(i))}});
    }
    CW_EXPECT_OK(wireguard_->change(change));
  }

  void meet(std::size_t count) {
    add_clients(count);
    add_peers();
  }

  [[nodiscard]] std::vector<Kick> kicks() const {
    std::vector<Kick> all;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      all.push_back({.key = keys_[i].public_key(),
                     .endpoint = {.ip = ip(GetParam().client), .port = port(i)}});
    }
    return all;
  }

  WgDevice device() {
    auto device = wireguard_->device(kDevice);
    EXPECT_TRUE(device) << (device ? "" : device.error().to_text());
    return device ? *device : WgDevice{};
  }

  WgDevice client(std::size_t number) {
    const Host::Visit visit(ns_.get());
    auto device = WireGuardSocket::create()->device(fmt::format("cw-c{}", number));
    EXPECT_TRUE(device);
    return device ? *device : WgDevice{};
  }

  std::size_t sessions(netlink::HandshakeTime since = {}) {
    const auto there = device();
    return static_cast<std::size_t>(std::ranges::count_if(there.peers, [&](const auto& peer) {
      return peer.last_handshake && *peer.last_handshake > since;
    }));
  }

  static netlink::HandshakeTime wall() {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  }

  // Runs the process's loop until it is so.
  bool comes(const std::function<bool()>& so, std::chrono::milliseconds within = kPatience) {
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

  // Packets of the gateway's port that came to the clients.
  int seen(const char* counter) {
    const auto listed = run_json(
        fmt::format("ip netns exec {} nft -j list counter inet seen {}", clients_, counter));
    for (const auto& item : listed["nftables"]) {
      if (item.contains("counter")) {
        return item["counter"]["packets"];
      }
    }
    ADD_FAILURE() << "no counter " << counter;
    return -1;
  }

  // The clients send, to the gateway's address.
  void clients_begin() {
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

  // The site sends to the clients.
  static void site_sends() { run("ping -c 2 -i 0.2 -W 1 100.64.0.1 > /dev/null 2>&1 || true"); }

  static std::string route_to_client() { return run("ip route get 100.64.0.1 2>&1 || true"); }

  std::string clients_ = fmt::format("clients-{}", ::getpid());
  UniqueFd ns_;
  net::PrivateKey key_ = net::PrivateKey::generate();
  std::vector<net::PrivateKey> keys_;
  std::optional<netlink::RouteSocket> routes_;
  std::optional<WireGuardSocket> wireguard_;
  std::optional<GateSocket> gate_;
};

INSTANTIATE_TEST_SUITE_P(Family, FailoverGate, testing::Values(kIpv4, kIpv6),
                         [](const auto& ends) { return ends.param.name; });

TEST_P(FailoverGate, AClosedDeviceSaysNothingAlsoWithoutARuleset) {
  meet(2);
  run("nft flush ruleset");
  clients_begin();
  site_sends();
  // And by itself: somebody asks it to.
  auto change = netlink::WgDeviceChange{.device = kDevice};
  for (const auto& kick : kicks()) {
    netlink::WgPeerChange peer{.key = kick.key, .endpoint = kick.endpoint};
    peer.keepalive_seconds = 1;
    change.peers.push_back(peer);
  }
  CW_EXPECT_OK(wireguard_->change(change));
  wait(6s);  // also a retry
  EXPECT_EQ(seen("sent"), 0);
  EXPECT_EQ(sessions(), 0U);
  CW_EXPECT_OK(gate_->compare(now()));
  EXPECT_EQ(device().peers[0].keepalive_seconds, 0);
  EXPECT_EQ(device().fwmark, router::kMarkOuterClosed);
  EXPECT_THAT(*gate_->open_gates(), IsEmpty());
}

TEST_P(FailoverGate, OpeningShakesHandsWithAllFromTheGatewaysAddress) {
  constexpr std::size_t kClients = 30;
  meet(kClients);
  CW_EXPECT_OK(gate_->open("gw", kicks(), now()));
  EXPECT_THAT(*gate_->open_gates(), ElementsAre("gw"));
  EXPECT_TRUE(comes([&] { return sessions() == kClients; }, kBeforeRetry));
  EXPECT_EQ(seen("begun"), static_cast<int>(kClients));
  for (std::size_t i = 0; i < kClients; ++i) {
    const auto there = client(i);
    ASSERT_TRUE(there.peers[0].endpoint);
    EXPECT_EQ(there.peers[0].endpoint->to_text(),
              (net::SocketAddress{.ip = ip(GetParam().gateway), .port = kPort}.to_text()));
  }
  for (const auto& peer : device().peers) {
    EXPECT_EQ(peer.keepalive_seconds, 0);
  }
}

TEST_P(FailoverGate, BlocksAreUnreachableWhileItIsClosedAndBeginNothing) {
  meet(1);
  EXPECT_THAT(route_to_client(), HasSubstr("unreachable"));
  EXPECT_THAT(run("ip -6 route get fd64::1 2>&1 || true"), HasSubstr("unreachable"));
  site_sends();
  CW_EXPECT_OK(gate_->open("gw", kicks(), now()));
  EXPECT_THAT(route_to_client(), HasSubstr("dev cw-gw"));
  // Nothing of the site's has kept ours back.
  EXPECT_TRUE(comes([&] { return sessions() == 1; }, kBeforeRetry));
  CW_EXPECT_OK(gate_->close("gw", now()));
  EXPECT_THAT(route_to_client(), HasSubstr("unreachable"));
}

TEST_P(FailoverGate, HandshakesThatGotLostAreBegunAgainBeforeTheKernelWould) {
  meet(3);
  in_clients("nft add rule inet seen in udp sport 51820 drop");
  const auto begun = now();
  CW_EXPECT_OK(gate_->open("gw", kicks(), begun));
  wait(300ms);
  CW_EXPECT_OK(gate_->start_handshakes("gw", kicks(), begun + 300ms));
  wait(300ms);
  EXPECT_EQ(seen("begun"), 6);
  in_clients("nft flush chain inet seen in");
  const auto allowed = device().peers[0].allowed_ips;
  CW_EXPECT_OK(gate_->start_handshakes("gw", kicks(), begun + 1s));
  EXPECT_TRUE(comes([&] { return sessions() == 3; }, kBeforeRetry - 1s));
  EXPECT_EQ(device().peers.size(), 3U);
  EXPECT_EQ(device().peers[0].allowed_ips, allowed);
  // Those that have a session are left alone.
  const auto before = device();
  CW_EXPECT_OK(gate_->start_handshakes("gw", kicks(), begun + 10s));
  wait(200ms);
  EXPECT_EQ(device(), before);
}

TEST_P(FailoverGate, WhoseSessionsASiblingHasOvertakenShakesHandsAnew) {
  meet(2);
  CW_EXPECT_OK(gate_->open("gw", kicks(), now()));
  ASSERT_TRUE(comes([&] { return sessions() == 2; }));
  CW_EXPECT_OK(gate_->close("gw", now()));
  const auto closed = seen("sent");
  site_sends();
  EXPECT_EQ(seen("sent"), closed);
  const auto since = wall();
  CW_EXPECT_OK(gate_->open("gw", {kicks()[0]}, now()));  // also with whom it was not told of
  EXPECT_TRUE(comes([&] { return sessions(since) == 2; }, kBeforeRetry));
}

TEST_P(FailoverGate, GoesOnAfterAStopWithNewSessions) {
  meet(1);
  CW_EXPECT_OK(gate_->open("gw", kicks(), now()));
  ASSERT_TRUE(comes([&] { return sessions() == 1; }));
  CW_EXPECT_OK(gate_->stop_initiating("gw"));
  EXPECT_EQ(device().fwmark, router::kMarkOuter);
  wait(100ms);  // a client takes one initiation in 20 ms
  const auto since = wall();
  CW_EXPECT_OK(gate_->open("gw", kicks(), now()));
  EXPECT_TRUE(comes([&] { return sessions(since) == 1; }, kBeforeRetry));
}

TEST_P(FailoverGate, ADeviceThatWasMadeAnewIsOpenedAgain) {
  meet(2);
  CW_EXPECT_OK(gate_->open("gw", kicks(), now()));
  ASSERT_TRUE(comes([&] { return sessions() == 2; }));
  CW_EXPECT_OK(routes_->remove_link(kDevice));
  CW_EXPECT_OK(gate_->compare(now()));  // it is not there yet
  make_device();
  add_peers();
  for (const auto& kick : kicks()) {  // the agent knows where they were
    CW_EXPECT_OK(wireguard_->change(
        {.device = kDevice, .peers = {{.key = kick.key, .endpoint = kick.endpoint}}}));
  }
  site_sends();  // which keeps a handshake back, as the gate is wanted open
  CW_EXPECT_OK(gate_->compare(now()));
  EXPECT_EQ(device().fwmark, router::kMarkOuter);
  EXPECT_TRUE(comes([&] { return sessions() == 2; }, kBeforeRetry));
}

TEST_P(FailoverGate, ComparingPutsRightWhatSomebodyChangedAndNothingElse) {
  meet(1);
  run("ip rule add priority 4895 lookup 9999");  // somebody else's
  CW_EXPECT_OK(gate_->open("gw", kicks(), now()));
  const auto ip6 = GetParam().length == 64 ? "ip -6" : "ip";
  const auto rules = run("ip rule; ip -6 rule");
  const auto table = run(fmt::format("{} route show table 7930", ip6));
  EXPECT_THAT(rules, HasSubstr("fwmark 0x40000000/0x60000000 ipproto udp sport 51820 lookup 7930"));
  EXPECT_THAT(rules, HasSubstr("fwmark 0x60000000/0x60000000 blackhole"));
  EXPECT_THAT(table, HasSubstr(std::string("src ") + GetParam().gateway));

  run("for v in -4 -6; do ip $v rule delete priority 4890; done");
  run(fmt::format("{} rule delete priority 4894; {} route flush table 7930", ip6, ip6));
  run("ip rule add priority 4892 to 100.64.0.0/16 protocol 205 unreachable");
  run("wg set cw-gw fwmark 7");
  CW_EXPECT_OK(gate_->compare(now()));
  EXPECT_EQ(run("ip rule; ip -6 rule"), rules);
  EXPECT_EQ(run(fmt::format("{} route show table 7930", ip6)), table);
  EXPECT_EQ(device().fwmark, router::kMarkOuter);

  run("(timeout 2 ip monitor route rule > /tmp/gate-monitor; true) & sleep 0.5");
  CW_EXPECT_OK(gate_->compare(now()));
  wait(2s);
  EXPECT_EQ(run("grep -v fe80 /tmp/gate-monitor; rm /tmp/gate-monitor"), "");
}

TEST_P(FailoverGate, TheSourceFollowsMainAndTheAddress) {
  meet(1);
  const auto ip6 = GetParam().length == 64 ? "ip -6" : "ip";
  const auto table = [&] { return run(fmt::format("{} route show table 7930 || true", ip6)); };
  const auto rule = [&] { return run(fmt::format("{} rule show priority 4894", ip6)); };
  leave();
  CW_EXPECT_OK(gate_->open("gw", {}, now()));
  EXPECT_EQ(rule(), "");
  arrive();
  CW_EXPECT_OK(gate_->compare(now()));
  EXPECT_NE(rule(), "");
  run(fmt::format("{} route add default via {} metric 5", ip6, GetParam().client));
  CW_EXPECT_OK(gate_->compare(now()));
  EXPECT_THAT(table(), HasSubstr(fmt::format("default via {}", GetParam().client)));
  run(fmt::format("{} route delete default", ip6));
  leave();
  CW_EXPECT_OK(gate_->compare(now()));
  EXPECT_EQ(rule(), "");
  EXPECT_THAT(table(), Not(HasSubstr("default")));
  arrive();
  CW_EXPECT_OK(gate_->compare(now()));
  EXPECT_NE(rule(), "");
  CW_EXPECT_OK(gate_->close("gw", now()));
  EXPECT_EQ(rule(), "");
  EXPECT_EQ(run(fmt::format("{} route show table all protocol 205", ip6)), "");
}

TEST_P(FailoverGate, TheNextProcessGoesOnWithWhatItFinds) {
  meet(1);
  CW_EXPECT_OK(gate_->open("gw", kicks(), now()));
  ASSERT_TRUE(comes([&] { return sessions() == 1; }));
  const auto rules = run("ip rule; ip -6 rule");
  const auto begun = seen("begun");
  start();
  EXPECT_THAT(*gate_->open_gates(), ElementsAre("gw"));
  EXPECT_EQ(run("ip rule; ip -6 rule"), rules);
  CW_EXPECT_OK(gate_->open("gw", kicks(), now()));
  CW_EXPECT_OK(gate_->start_handshakes("gw", kicks(), now()));
  wait(300ms);
  EXPECT_EQ(seen("begun"), begun);  // whoever has a session keeps it

  CW_EXPECT_OK(gate_->stand_down());
  EXPECT_THAT(run("ip rule; ip -6 rule"), Not(HasSubstr("sport")));
  EXPECT_THAT(run("ip rule"), HasSubstr("blackhole"));  // the agent's
  EXPECT_EQ(device().fwmark, router::kMarkOuter);
  CW_EXPECT_OK(gate_->configure({}, now()));
  EXPECT_FALSE(gate_->close("gw", now()));
}

}  // namespace
}  // namespace cw::kernel
