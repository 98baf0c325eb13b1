// SPDX-License-Identifier: Apache-2.0
#include "tests/kernel/replication_world.h"

#include <array>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include "tests/kernel/namespace.h"

namespace cw::kernel {

namespace {

UniqueFd current_space() {
  return UniqueFd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

socklen_t fill(sockaddr_storage& into, const std::string& text, std::uint16_t port) {
  into = {};
  auto& v4 = reinterpret_cast<sockaddr_in&>(into);
  if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return sizeof v4;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(into);
  EXPECT_EQ(::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr), 1);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  return sizeof v6;
}

UniqueFd socket_at(const std::string& ip, std::uint16_t port, int type) {
  sockaddr_storage at{};
  const auto size = fill(at, ip, port);
  UniqueFd fd(::socket(at.ss_family, type | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&at), size), 0) << std::strerror(errno);
  return fd;
}

void connect_to(const UniqueFd& fd, const std::string& ip, std::uint16_t port) {
  sockaddr_storage to{};
  const auto size = fill(to, ip, port);
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), size), 0)
      << ip << ": " << std::strerror(errno);
}

void load(const Space& in, const std::string& rules) {
  in.in([&] { run(fmt::format("set -e; nft -f - <<'END'\n{}\nEND\ntrue", rules)); });
}

}  // namespace

Space::Visit::Visit(int fd) : before_(current_space()) {
  EXPECT_EQ(::setns(fd, CLONE_NEWNET), 0);
}

Space::Visit::~Visit() {
  EXPECT_EQ(::setns(before_.get(), CLONE_NEWNET), 0);
}

Space::Space() {
  const auto before = current_space();
  EXPECT_EQ(::unshare(CLONE_NEWNET), 0);
  fd_ = current_space();
  run("sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.accept_ra=0 && "
      "ip link set lo up");
  EXPECT_EQ(::setns(before.get(), CLONE_NEWNET), 0);
}

std::string Space::path() const {
  return fmt::format("/proc/{}/fd/{}", ::getpid(), fd_.get());
}

void End::send(const std::string& text) const {
  for (std::size_t sent = 0; sent < text.size();) {
    const auto count =
        ::send(fd_.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) {
      ADD_FAILURE() << std::strerror(errno);
      return;
    }
    sent += static_cast<std::size_t>(count);
  }
}

std::string End::receive(std::size_t size, int patience_ms) const {
  std::string got;
  while (got.size() < size) {
    pollfd waiting{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, patience_ms) != 1) {
      return got + " (and then nothing)";
    }
    std::array<char, 65536> chunk{};
    const auto count =
        ::recv(fd_.get(), chunk.data(), std::min(chunk.size(), size - got.size()), 0);
    if (count <= 0) {
      return got + (count == 0 ? " (and then the end)" : std::strerror(errno));
    }
    got.append(chunk.data(), static_cast<std::size_t>(count));
  }
  return got;
}

TwoRouters::TwoRouters(const std::string& owners_rules, const std::string& established) {
  const auto end = [](const Space& of, const std::string& v4, const std::string& v6,
                      const std::string& link, const Space& router) {
    of.in([&] {
      run(
          fmt::format("ip link add eth type veth peer name {0} netns {1} && ip link set eth up && "
                      "ip address add {2}/24 dev eth && ip -6 address add {3}/64 dev eth nodad",
                      link, router.path(), v4, v6));
    });
  };
  end(client, "100.64.0.5", "fd64::5", "tunnel", owner);
  end(server, "10.1.0.5", "fd10::5", "site", owner);
  for (const auto* router : {&owner, &standby}) {
    // What passes does so by what was injected and not by guessing.
    router->in([] {
      run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 && "
          "modprobe -qa nf_conntrack nf_conntrack_netlink; "
          "conntrack -C && sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0 "
          "net.netfilter.nf_conntrack_tcp_be_liberal=0");
    });
  }
  address(owner);
  client.in(
      [] { run("ip route add default via 100.64.0.1 && ip -6 route add default via fd64::1"); });
  server.in(
      [] { run("ip route add default via 10.1.0.10 && ip -6 route add default via fd10::10"); });
  load(owner, "table inet t {\n" + owners_rules +
                  "\nchain forward { type filter hook forward priority 0; ct state established "
                  "accept; }\n}");
  // The same NAT, which only a new connection would be asked for.
  load(standby, fmt::format(R"(table inet t {{
  chain forward {{ type filter hook forward priority 0; {}; counter drop; }}
  chain input {{ type filter hook input priority 0; meta l4proto {{ tcp, udp }} counter drop; }}
  chain nat {{ type nat hook postrouting priority srcnat; oifname "site" masquerade; }}
}})",
                            established));
  const auto open = [](const Space& in) {
    auto socket = in.in([] {
      return netlink::ReplicationSocket::create({prefix("100.64.0.0/16"), prefix("fd64::/64")});
    });
    EXPECT_TRUE(socket) << socket.error().to_text();
    return std::make_unique<netlink::ReplicationSocket>(std::move(*socket));
  };
  first_ = open(owner);
  second_ = open(standby);
  owning.dumped(owners(), now);
}

void TwoRouters::address(const Space& router) const {
  router.in([] {
    run("ip link set tunnel up && ip link set site up && ip address add 100.64.0.1/24 dev tunnel "
        "&& "
        "ip address add 10.1.0.10/24 dev site && ip -6 address add fd64::1/64 dev tunnel nodad && "
        "ip -6 address add fd10::10/64 dev site nodad");
  });
}

Stream TwoRouters::connect(const std::string& to, const std::string& listens, int type,
                           std::uint16_t port) {
  const bool v4 = to.find(':') == std::string::npos;
  auto listening = server.in([&] { return socket_at(listens, port, type); });
  if (type == SOCK_STREAM) {
    EXPECT_EQ(::listen(listening.get(), 1), 0);
  }
  auto calling = client.in([&] { return socket_at(v4 ? "100.64.0.5" : "fd64::5", 0, type); });
  connect_to(calling, to, port);
  if (type == SOCK_STREAM) {
    pollfd waiting{.fd = listening.get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&waiting, 1, kPatienceMs), 1);
    UniqueFd accepted(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    EXPECT_TRUE(accepted);
    return {.client = End(std::move(calling)), .server = End(std::move(accepted))};
  }
  End caller(std::move(calling));
  caller.send("hello");
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  std::array<char, 8> hello{};
  EXPECT_EQ(::recvfrom(listening.get(), hello.data(), hello.size(), 0,
                       reinterpret_cast<sockaddr*>(&from), &size),
            5);
  EXPECT_EQ(::connect(listening.get(), reinterpret_cast<sockaddr*>(&from), size), 0);
  End answerer(std::move(listening));
  answerer.send("hello");
  EXPECT_EQ(caller.receive(5), "hello");
  return {.client = std::move(caller), .server = std::move(answerer)};
}

std::vector<netlink::Connection> TwoRouters::dump(netlink::ReplicationSocket& socket) {
  auto all = socket.dump();
  EXPECT_TRUE(all) << all.error().to_text();
  return all.value_or(std::vector<netlink::Connection>());
}

void TwoRouters::pass_events() {
  const auto read = first_->read();
  ASSERT_TRUE(read) << read.error().to_text();
  EXPECT_FALSE(read->lost);
  for (const auto& event : read->events) {
    owning.changed(event, now);
  }
}

void TwoRouters::pass_payloads() {
  for (const auto& payload : owning.step(now)) {
    CW_EXPECT_OK(standing.heard(payload, now));
  }
  const auto turn = standing.step(now);
  CW_EXPECT_OK(second_->remove(turn.remove));
  CW_EXPECT_OK(second_->inject(turn.inject));
  for (const auto& payload : turn.say) {
    CW_EXPECT_OK(owning.heard("standby", payload, now));
  }
}

void TwoRouters::replicate() {
  pass_events();
  for (int step = 0; step < 100; ++step) {
    now += ha::replica::kGather;
    pass_payloads();
  }
  EXPECT_TRUE(standing.complete());
  EXPECT_EQ(standing.sum(), owning.sum());
}

void TwoRouters::inject(const std::vector<netlink::Connection>& connections) {
  CW_EXPECT_OK(second_->inject(connections));
}

void TwoRouters::take_over() {
  replicate();
  owner.in([&] {
    run(
        fmt::format("ip link set tunnel down && ip link set site down && "
                    "ip link set tunnel netns {0} && ip link set site netns {0}",
                    standby.path()));
  });
  address(standby);
}

std::uint64_t TwoRouters::refused() const {
  const auto rules = standby.in([] { return run_json("nft -j list ruleset"); });
  std::uint64_t packets = 0;
  for (const auto& each : rules.at("nftables")) {
    if (!each.contains("rule")) {
      continue;
    }
    for (const auto& expression : each.at("rule").at("expr")) {
      if (expression.contains("counter")) {
        packets += expression.at("counter").at("packets").get<std::uint64_t>();
      }
    }
  }
  return packets;
}

}  // namespace cw::kernel
