// SPDX-License-Identifier: Apache-2.0
#include "tests/kernel/lan_world.h"

#include <algorithm>
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

using ha::FabricOutcome;
using ha::Time;

namespace {

// What does not come within this does not come.
constexpr std::chrono::seconds kPatience{30};

// Whoever answers does so in microseconds: silence for this long is as good as a longer one.
constexpr std::chrono::milliseconds kQuiet{50};

Time now() {
  return std::chrono::steady_clock::now();
}

Time& lan_clock() {
  static Time clock{std::chrono::hours(1)};
  return clock;
}

UniqueFd current_namespace() {
  return UniqueFd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

UniqueFd new_namespace() {
  const auto before = current_namespace();
  EXPECT_EQ(::unshare(CLONE_NEWNET), 0);
  auto made = current_namespace();
  EXPECT_EQ(::setns(before.get(), CLONE_NEWNET), 0);
  return made;
}

socklen_t fill(sockaddr_storage& into, const net::Ip& ip, std::uint16_t port) {
  into = {};
  if (ip.is_v4()) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(into);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::ranges::copy(ip.bytes(), reinterpret_cast<std::uint8_t*>(&v4.sin_addr));
    return sizeof v4;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(into);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::ranges::copy(ip.bytes(), reinterpret_cast<std::uint8_t*>(&v6.sin6_addr));
  return sizeof v6;
}

}  // namespace

Host::Visit::Visit(int ns) : before_(current_namespace()) {
  EXPECT_EQ(::setns(ns, CLONE_NEWNET), 0);
}

Host::Visit::~Visit() {
  EXPECT_EQ(::setns(before_.get(), CLONE_NEWNET), 0);
}

Host::Host(const std::string& host_name, int host_number, const UniqueFd& bridge)
    : name(host_name), number(host_number), ns(new_namespace()) {
  in([&] {
    run(fmt::format(
        "sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.accept_ra=0 "
        "net.ipv6.conf.default.addr_gen_mode=1 && ip link set lo up && "
        "ip link add lan address 02:00:00:00:00:{1:02x} type veth peer name to-{0} "
        "netns /proc/{2}/fd/{3} && ip address add 10.9.0.{1}/24 dev lan && "
        "ip address add fd09::{1}/64 dev lan nodad && ip address add fe80::{1}/64 dev lan nodad && "
        "ip link set lan up",
        name, number, ::getpid(), bridge.get()));
  });
  const Visit visit(bridge.get());
  run(fmt::format("ip link set to-{0} master br0 && ip link set to-{0} up", name));
}

ha::arp::Mac Host::mac() const {
  return {0x02, 0, 0, 0, 0, static_cast<std::uint8_t>(number)};
}

net::Ip Host::own(net::Family family) const {
  return *net::Ip::parse(
      fmt::format("{}{}", family == net::Family::V4 ? "10.9.0." : "fd09::", number));
}

net::Ip Host::link_local() const {
  return *net::Ip::parse(fmt::format("fe80::{}", number));
}

Datagrams::Datagrams(const Host& host, const net::Ip& from, std::uint16_t port) {
  host.in([&] {
    fd_.reset(::socket(from.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    EXPECT_EQ(::setsockopt(fd_.get(), from.is_v4() ? IPPROTO_IP : IPPROTO_IPV6,
                           from.is_v4() ? IP_FREEBIND : IPV6_FREEBIND, &on, sizeof on),
              0);
    sockaddr_storage address{};
    const auto size = fill(address, from, port);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size), 0)
        << std::strerror(errno);
  });
}

void Datagrams::send(const std::string& text, const net::Ip& to, std::uint16_t port) const {
  sockaddr_storage address{};
  const auto size = fill(address, to, port);
  EXPECT_EQ(
      ::sendto(fd_.get(), text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&address), size),
      std::ssize(text))
      << std::strerror(errno);
}

std::string Datagrams::receive(int patience_ms) const {
  pollfd waiting{.fd = fd_.get(), .events = POLLIN, .revents = 0};
  if (::poll(&waiting, 1, patience_ms) != 1) {
    return "";
  }
  std::array<char, 64> text{};
  const auto size = ::recv(fd_.get(), text.data(), text.size(), 0);
  return {text.data(), size < 0 ? 0 : static_cast<std::size_t>(size)};
}

Onlooker::Onlooker(const Host& host, std::uint16_t ether_type, const ha::arp::Filter& filter)
    : host_(host), socket_(host.in([&] {
        auto kernel = netlink::HostAddressSocket::create(0);
        return std::move(
            *ha::arp::PacketSocket::open(kernel->ethernet_link("lan")->index, ether_type, filter));
      })) {}

void Onlooker::send(const ha::arp::Frame& frame) {
  EXPECT_TRUE(socket_.send(frame)) << host_.name;
}

std::vector<ha::arp::Claim> Onlooker::claims() {
  std::vector<ha::arp::Claim> all;
  for (auto frame = socket_.receive(); frame && *frame; frame = socket_.receive()) {
    if (const auto claim = ha::arp::claim_of(**frame)) {
      all.push_back(*claim);
    }
  }
  return all;
}

std::vector<ha::arp::Claim> Onlooker::claims_until(const net::Ip& ip) {
  std::vector<ha::arp::Claim> all;
  const auto end = now() + kPatience;
  while (now() < end) {
    for (const auto& claim : claims()) {
      all.push_back(claim);
      if (claim.ip == ip) {
        return all;
      }
    }
    pollfd waiting{.fd = socket_.fd(), .events = POLLIN, .revents = 0};
    ::poll(&waiting, 1, 100);
  }
  ADD_FAILURE() << host_.name << " heard nobody claim " << ip.to_text();
  return all;
}

Time lan_now() {
  return lan_clock();
}

Router::Router(const Host& on, ha::arp::Config with) : host(on), config(std::move(with)) {
  start();
}

Router::~Router() {
  fabric.reset();
}

void Router::start() {
  fabric.reset();
  host.in([&] {
    auto opened = ha::arp::LanFabric::open(
        config, *this, [this](const ha::arp::Report& report) { reports.push_back(report); },
        lan_now());
    CW_ASSERT_OK(opened);
    fabric = std::move(*opened);
  });
}

std::uint64_t Router::move() {
  host.in([&] { fabric->move({.gateway = "gw", .request = ++requests}, lan_now()); });
  return requests;
}

std::uint64_t Router::check() {
  host.in([&] { fabric->check({.gateway = "gw", .request = ++requests}, lan_now()); });
  return requests;
}

void Router::withdraw() {
  host.in([&] { CW_EXPECT_OK(fabric->withdraw({.gateway = "gw"}, lan_now())); });
}

void Router::ready(Time at) {
  host.in([&] { fabric->on_ready(at); });
}

void Router::pass(Time at) {
  host.in([&] {
    fabric->on_ready(at);
    if (wake && *wake <= at) {
      fabric->on_time(at);
    }
  });
}

std::optional<ha::arp::Report> Router::answer_to(std::uint64_t request) const {
  std::optional<ha::arp::Report> found;
  for (const auto& report : reports) {
    const auto* answer = std::get_if<ha::FabricAnswer>(&report.what);
    if (answer != nullptr && answer->request == request) {
      EXPECT_FALSE(found) << "answered twice";
      found = report;
    }
  }
  return found;
}

bool Router::arrived() const {
  return std::ranges::any_of(reports, [](const ha::arp::Report& report) {
    return std::holds_alternative<ha::AddressArrived>(report.what);
  });
}

void run_until(const std::vector<Router*>& routers, const std::function<bool()>& so) {
  const auto end = now() + kPatience;
  while (!so()) {
    if (now() > end) {
      FAIL() << "it did not come to that";
    }
    std::optional<Time> due;
    std::vector<pollfd> waiting;
    for (const auto* router : routers) {
      due = router->wake ? std::min(due.value_or(*router->wake), *router->wake) : due;
      for (const int fd : router->fds) {
        waiting.push_back({.fd = fd, .events = POLLIN, .revents = 0});
      }
    }
    const auto wake = due.value_or(lan_now() + kQuiet);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(wake - lan_now()).count();
    const auto patience = std::clamp<long>(left, 0, kQuiet.count());
    if (::poll(waiting.data(), waiting.size(), static_cast<int>(patience)) == 0) {
      lan_clock() = std::max(lan_clock(), wake);
    }
    for (auto* router : routers) {
      router->pass(lan_now());
    }
  }
}

namespace {

FabricOutcome outcome_of(Router& router, std::uint64_t request,
                         const std::vector<Router*>& running) {
  run_until(running, [&] { return router.answer_to(request).has_value(); });
  const auto report = router.answer_to(request);
  return report ? std::get<ha::FabricAnswer>(report->what).outcome : FabricOutcome::Unknown;
}

}  // namespace

FabricOutcome outcome_of_move(Router& router, const std::vector<Router*>& running) {
  return outcome_of(router, router.move(), running);
}

FabricOutcome outcome_of_check(Router& router, const std::vector<Router*>& running) {
  return outcome_of(router, router.check(), running);
}

}  // namespace cw::kernel
