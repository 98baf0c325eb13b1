// SPDX-License-Identifier: Apache-2.0
// The cost of reconciling many peers, next to the kernel's own tools doing the same in the same
// run. Runs in a network namespace of its own, with the network's files in memory (tmpfs).
//   reconcile_bench FOLDER PEERS
#include "router/agent/reconcile.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include <sys/wait.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "firewall/nft/nft_socket.h"
#include "netlink/socket/conntrack.h"
#include "netlink/socket/route.h"
#include "netlink/socket/sysctl.h"
#include "netlink/socket/wireguard.h"
#include "network/load/directory_reader.h"
#include "router/agent/agent.h"
#include "router/model/ownership.h"
#include "tests/support/networks.h"

namespace {

using namespace cw;
using std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr int kRounds = 5;  // the median of as many
constexpr auto kDevice = "cw-prod";

[[noreturn]] void fail(const std::string& why) {
  fmt::print(stderr, "reconcile_bench: {}\n", why);
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) {
    fail(result.error().to_text());
  }
  return detail::take(std::move(result));
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

double time_of(const std::function<void()>& work) {
  const auto start = steady_clock::now();
  work();
  return Milliseconds(steady_clock::now() - start).count();
}

// A program of the kernel's, its output to nowhere or to a file.
void run(const std::vector<std::string>& command, const char* output = "/dev/null") {
  std::vector<char*> arguments;
  for (const auto& word : command) {
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t child = 0;
  int status = 0;
  if (posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ) != 0 ||
      waitpid(child, &status, 0) != child || status != 0) {
    fail("cannot run " + command[0] + " " + command[1]);
  }
  posix_spawn_file_actions_destroy(&actions);
}

// Remembers when the kernel had taken the last change.
class LastWrite {
 public:
  template <class R>
  R note(R result) {
    at_ = steady_clock::now();
    return result;
  }

  [[nodiscard]] double since(steady_clock::time_point start) const {
    return Milliseconds(at_ - start).count();
  }

 private:
  steady_clock::time_point at_;
};

class TimedWireGuard final : public netlink::WireGuardSink {
 public:
  TimedWireGuard(netlink::WireGuardSink& real, LastWrite& last) : real_(real), last_(last) {}

  Result<netlink::WgDevice> device(const std::string& name) override { return real_.device(name); }

  Result<> change(const netlink::WgDeviceChange& change) override {
    return last_.note(real_.change(change));
  }

 private:
  netlink::WireGuardSink& real_;
  LastWrite& last_;
};

class TimedFirewall final : public firewall::FirewallSink {
 public:
  TimedFirewall(firewall::FirewallSink& real, LastWrite& last) : real_(real), last_(last) {}

  Result<firewall::TableState> read(firewall::Depth depth,
                                    const std::vector<std::string>& sets) override {
    return real_.read(depth, sets);
  }

  Result<> commit(const std::string& text) override { return last_.note(real_.commit(text)); }

  Result<> seal() override { return real_.seal(); }

  Result<std::vector<firewall::ForeignChain>> foreign_chains() override {
    return real_.foreign_chains();
  }

  Result<std::vector<firewall::Counter>> counters() override { return real_.counters(); }

 private:
  firewall::FirewallSink& real_;
  LastWrite& last_;
};

class SilentJournal final : public agent::Journal {
 public:
  void write(agent::Level /*level*/, agent::Event /*event*/, std::string_view /*message*/,
             const std::vector<agent::Field>& /*fields*/) override {}
};

// Nobody else changes anything here.
class NoWatch final : public agent::KernelWatch {
 public:
  [[nodiscard]] std::vector<int> descriptors() const override { return {}; }

  agent::Disturbance drain() override { return {}; }
};

std::string peer_file(unsigned key, unsigned number) {
  return fmt::format("public_key = \"{}\"\naddress = \"100.83.{}.{}\"\nuser = \"user{}\"\n",
                     test::public_key(key).to_text(), 1 + number / 250, 2 + number % 250, number);
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

void write_network(const std::filesystem::path& folder, unsigned peers) {
  write(folder / "network.toml",
        "name = \"bench\"\npool = \"100.83.0.0/16\"\nula = \"fd5e:3a1c:9b04::/48\"\n");
  write(folder / "sites/prod.toml",
        fmt::format("id = 1\nroutes = [\"10.0.0.0/16\"]\n[[router]]\nname = \"r1\"\n"
                    "[[gateway]]\nname = \"prod\"\npublic_key = \"{}\"\n"
                    "endpoint = \"vpn.example.com:51820\"\naddress = \"100.83.0.1\"\n",
                    test::public_key(1).to_text()));
  for (unsigned i = 0; i < peers; ++i) {
    write(folder / fmt::format("peers/peer{:05}.toml", i), peer_file(1000 + i, i));
  }
}

class Bench {
 public:
  Bench(std::filesystem::path folder, unsigned peers)
      : folder_(std::move(folder)),
        peers_(peers),
        reader_((folder_ / "network").string(), clock_),
        routes_(must(netlink::RouteSocket::create(router::ownership()))),
        wireguard_(must(netlink::WireGuardSocket::create())),
        nft_(must(firewall::NftSocket::create())),
        conntrack_(must(netlink::ConntrackSocket::create())),
        timed_wireguard_(wireguard_, last_),
        timed_nft_(nft_, last_),
        runtime_(must(agent::RuntimeFolder::claim((folder_ / "run").string()))),
        keys_(test::key_ring()),
        reconciler_(sinks(), keys_, runtime_) {
    reconciler_.set_host(host());
  }

  bool all() {
    const bool cold = cold_convergence();
    const bool no_op = no_op_round();
    return one_peer() && cold && no_op;
  }

 private:
  router::Sinks sinks() { return {routes_, timed_wireguard_, sysctls_, timed_nft_, conntrack_}; }

  static router::Host host() {
    router::Host host{.router = "r1", .site = "prod"};
    host.keys.emplace("prod", test::public_key(1));
    host.alternate_ports = {443, 4500};
    return host;
  }

  [[nodiscard]] network::Netmap read_network() {
    must(reader_.refresh());
    auto compiled = reader_.compile();
    if (!compiled.netmap) {
      fail("the network does not compile");
    }
    return std::move(*compiled.netmap);
  }

  void converge(firewall::Depth depth) {
    const auto round = reconciler_.run(depth, clock_.wall());
    if (!round.settled) {
      fail(round.failed.empty()
               ? "not settled"
               : round.failed.front().line + ": " + round.failed.front().error.to_text());
    }
  }

  static bool report(const char* name, double ours, double theirs, double limit) {
    const double ratio = ours / theirs;
    const bool ok = ratio <= limit;
    fmt::print("  {:.1f} ms, the kernel's tools {:.1f} ms\n", ours, theirs);
    fmt::print("{} {:.2f} x (limit {}) {}\n", name, ratio, limit, ok ? "ok" : "falls short");
    std::fflush(stdout);
    return ok;
  }

  bool cold_convergence() {
    const auto conf = (folder_ / "wg.conf").string();
    const auto rules = (folder_ / "rules.nft").string();
    std::vector<double> ours;
    std::vector<double> theirs;
    for (int i = 0; i < kRounds; ++i) {
      auto netmap = read_network();
      ours.push_back(time_of([&] {
        must(reconciler_.take(std::move(netmap), clock_.wall()));
        converge(firewall::Depth::Full);
      }));
      run({"wg", "showconf", kDevice}, conf.c_str());
      run({"nft", "-s", "list", "table", "inet", "causeway"}, rules.c_str());
      reconciler_.go_down();
      converge(firewall::Depth::Full);
      run({"ip", "link", "add", kDevice, "type", "wireguard"});
      theirs.push_back(time_of([&] {
        run({"wg", "setconf", kDevice, conf});
        run({"nft", "-f", rules});
      }));
      run({"nft", "delete", "table", "inet", "causeway"});
      run({"ip", "link", "delete", kDevice});
    }
    must(reconciler_.take(read_network(), clock_.wall()));
    converge(firewall::Depth::Full);
    return report("cold_convergence", median(ours), median(theirs), 1.5);
  }

  bool no_op_round() {
    std::vector<double> ours;
    std::vector<double> theirs;
    for (int i = 0; i < kRounds; ++i) {
      ours.push_back(time_of([&] { converge(firewall::Depth::Digest); }));
      theirs.push_back(time_of([&] { run({"wg", "show", kDevice, "dump"}); }));
    }
    return report("no_op_reconcile", median(ours), median(theirs), 1.5);
  }

  // The agent itself, from the file to the kernel, as `causeway reload` has it done.
  bool one_peer() {
    auto loop = must(agent::Loop::create());
    SilentJournal journal;
    NoWatch watch;
    agent::NetworkSource network((folder_ / "network").string(), clock_);
    const agent::KeptNetwork kept((folder_ / "state").string());
    agent::Setup setup;
    setup.host = host();
    setup.config_path = (folder_ / "router.toml").string();
    const auto agent = must(agent::Agent::create(std::move(setup), {.loop = loop,
                                                                    .clock = clock_,
                                                                    .journal = journal,
                                                                    .sinks = sinks(),
                                                                    .keys = keys_,
                                                                    .folder = runtime_,
                                                                    .kept = kept,
                                                                    .network = network,
                                                                    .watch = watch}));
    agent->start();
    std::vector<double> ours;
    std::vector<double> theirs;
    for (unsigned i = 0; i < kRounds; ++i) {
      // Somebody gets a new key and a new address, so that both kernel parts change.
      const unsigned number = peers_ + i;
      const auto address = fmt::format("100.83.{}.{}", 1 + number / 250, 2 + number % 250);
      settle(loop);
      const auto start = steady_clock::now();
      write(folder_ / "network/peers/peer00007.toml", peer_file(1000 + number, number));
      turn(loop, steady_clock::now());
      if (!agent->reload().done) {
        fail("the reload is not done");
      }
      ours.push_back(last_.since(start));
      run({"nft", "get", "element", "inet", "causeway", "peer4", fmt::format("{{ {} }}", address)});
      theirs.push_back(time_of_tools(i));
    }
    return report("one_peer_changed", median(ours), median(theirs), 3);
  }

  // A new peer by the kernel's own tools, and gone again.
  [[nodiscard]] double time_of_tools(unsigned round) const {
    const auto key = test::public_key(2000 + peers_ + round).to_text();
    const auto address = fmt::format("100.83.200.{}", 10 + round);
    const double time = time_of([&] {
      run({"wg", "set", kDevice, "peer", key, "allowed-ips", address + "/32"});
      run({"nft", "add", "element", "inet", "causeway", "peer4",
           fmt::format("{{ {} : goto every_route }}", address)});
    });
    run({"wg", "set", kDevice, "peer", key, "remove"});
    run({"nft", "delete", "element", "inet", "causeway", "peer4",
         fmt::format("{{ {} }}", address)});
    return time;
  }

  // What is due until then.
  static void turn(const agent::Loop& loop, steady_clock::time_point until) {
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
          std::max(steady_clock::duration::zero(), until - steady_clock::now()));
      const int served = sd_event_run(loop.get(), static_cast<std::uint64_t>(left.count()));
      if (served < 0) {
        fail("the event loop");
      }
      if (served == 0 && steady_clock::now() >= until) {
        return;
      }
    }
  }

  // What a change puts off (keeping the network, tidying) is no part of the next one.
  static void settle(const agent::Loop& loop) {
    turn(loop, steady_clock::now() + 2 * agent::kTidy);
  }

  std::filesystem::path folder_;
  unsigned peers_;
  SystemClock clock_;
  network::DirectoryReader reader_;
  netlink::RouteSocket routes_;
  netlink::WireGuardSocket wireguard_;
  netlink::ProcSysctls sysctls_;
  firewall::NftSocket nft_;
  netlink::ConntrackSocket conntrack_;
  LastWrite last_;
  TimedWireGuard timed_wireguard_;
  TimedFirewall timed_nft_;
  agent::RuntimeFolder runtime_;
  router::KeyRing keys_;
  agent::Reconciler reconciler_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    fail("usage: reconcile_bench FOLDER PEERS");
  }
  const std::filesystem::path folder = arguments[1];
  const auto peers = static_cast<unsigned>(std::stoul(arguments[2]));
  write_network(folder / "network", peers);
  std::filesystem::create_directories(folder / "run");
  fmt::print("{} peers\n", peers);
  return Bench(folder, peers).all() ? 0 : 1;
}
