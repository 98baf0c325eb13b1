// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "firewall/nft/nft_socket.h"
#include "netlink/socket/conntrack.h"
#include "netlink/socket/route.h"
#include "netlink/socket/sysctl.h"
#include "netlink/socket/wireguard.h"
#include "router/agent/agent.h"
#include "router/model/ownership.h"
#include "tests/bench/figures.h"
#include "via6/tc/translator.h"

// What benchmarks of kernel work share: the kernel's own tools, our sinks with a watch on them, and
// the agent in this process. For a network namespace of its own.
namespace cw::bench {

// A program of the kernel's, its output to nowhere or to a file.
void run(const std::vector<std::string>& command, const char* output = "/dev/null");

// When the kernel had taken the last change, and how long it took over all of them since begin().
class Writes {
 public:
  void begin() { took_ = 0; }

  template <class Work>
  auto time(Work work) {
    const auto start = std::chrono::steady_clock::now();
    auto result = work();
    at_ = std::chrono::steady_clock::now();
    took_ += Milliseconds(at_ - start).count();
    return result;
  }

  [[nodiscard]] double since(std::chrono::steady_clock::time_point start) const {
    return Milliseconds(at_ - start).count();
  }

  [[nodiscard]] double took() const { return took_; }

 private:
  std::chrono::steady_clock::time_point at_;
  double took_ = 0;
};

class TimedWireGuard final : public netlink::WireGuardSink {
 public:
  TimedWireGuard(netlink::WireGuardSink& real, Writes& writes) : real_(real), writes_(writes) {}

  Result<netlink::WgDevice> device(const std::string& name) override { return real_.device(name); }

  Result<> change(const netlink::WgDeviceChange& change) override {
    return writes_.time([&] { return real_.change(change); });
  }

 private:
  netlink::WireGuardSink& real_;
  Writes& writes_;
};

class TimedFirewall final : public firewall::FirewallSink {
 public:
  TimedFirewall(firewall::FirewallSink& real, Writes& writes) : real_(real), writes_(writes) {}

  Result<firewall::TableState> read(firewall::Depth depth,
                                    const std::vector<std::string>& sets) override {
    return real_.read(depth, sets);
  }

  Result<> commit(const std::string& text) override {
    return writes_.time([&] { return real_.commit(text); });
  }

  Result<> start(const std::vector<std::string>& texts) override {
    return writes_.time([&] { return real_.start(texts); });
  }

  Result<> check(const std::string& text) override { return real_.check(text); }

  Result<> seal() override { return real_.seal(); }

  Result<> exchange(const std::vector<std::string>& texts) override {
    return writes_.time([&] { return real_.exchange(texts); });
  }

  Result<> finish(const std::string& text) override {
    return writes_.time([&] { return real_.finish(text); });
  }

  Result<std::vector<std::string>> flowtable_devices() override {
    return real_.flowtable_devices();
  }

  Result<std::vector<firewall::ForeignChain>> foreign_chains() override {
    return real_.foreign_chains();
  }

  Result<std::vector<firewall::Counter>> counters() override { return real_.counters(); }

 private:
  firewall::FirewallSink& real_;
  Writes& writes_;
};

struct Kernel {
  netlink::RouteSocket routes = must(netlink::RouteSocket::create(router::ownership()));
  netlink::WireGuardSocket wireguard = must(netlink::WireGuardSocket::create());
  netlink::ProcSysctls sysctls;
  firewall::NftSocket nft = must(firewall::NftSocket::create());
  netlink::ConntrackSocket conntrack = must(netlink::ConntrackSocket::create());
  via6::Tc translators = must(via6::Tc::open({}));  // nobody asks what they count
  Writes writes;
  TimedWireGuard timed_wireguard{wireguard, writes};
  TimedFirewall timed_nft{nft, writes};

  router::Sinks sinks() {
    return {routes, timed_wireguard, sysctls, timed_nft, conntrack, translators};
  }
};

// Router `r1` of site `prod`, with the first key of tests/support/networks.h for gateway `prod`.
[[nodiscard]] router::Host host();

// The agent itself, to be told of a change as `causeway reload` tells it.
class AgentHere {
 public:
  // FOLDER/network is its network; `runtime` and `keys` are to outlive it.
  AgentHere(const std::filesystem::path& folder, Kernel& kernel, agent::RuntimeFolder& runtime,
            const router::KeyRing& keys);
  ~AgentHere();

  // Milliseconds from before `change` to the kernel having taken it all.
  double reload_after(const std::function<void()>& change);

 private:
  struct Parts;

  Kernel& kernel_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace cw::bench
