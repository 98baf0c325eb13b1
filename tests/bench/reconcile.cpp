// SPDX-License-Identifier: Apache-2.0
// The cost of reconciling many peers, next to the kernel's own tools doing the same in the same
// run. Runs in a network namespace of its own, with the network's files in memory (tmpfs).
//   reconcile_bench FOLDER PEERS
#include "router/agent/reconcile.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "network/load/directory_reader.h"
#include "tests/bench/kernel.h"
#include "tests/support/networks.h"

namespace {

using namespace cw;
using bench::fail;
using bench::median;
using bench::must;
using bench::run;
using bench::time_of;

constexpr int kRounds = 5;  // the median of as many
constexpr auto kDevice = "cw-prod";

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
        runtime_(must(agent::RuntimeFolder::claim((folder_ / "run").string()))),
        keys_(test::key_ring()),
        reconciler_(kernel_.sinks(), keys_, runtime_) {
    reconciler_.set_host(bench::host());
  }

  bool all() {
    const bool cold = cold_convergence();
    const bool no_op = no_op_round();
    return one_peer() && cold && no_op;
  }

 private:
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
    return bench::report_ratio("cold_convergence", median(ours), median(theirs), 1.5);
  }

  bool no_op_round() {
    std::vector<double> ours;
    std::vector<double> theirs;
    for (int i = 0; i < kRounds; ++i) {
      ours.push_back(time_of([&] { converge(firewall::Depth::Digest); }));
      theirs.push_back(time_of([&] { run({"wg", "show", kDevice, "dump"}); }));
    }
    return bench::report_ratio("no_op_reconcile", median(ours), median(theirs), 1.5);
  }

  // The agent itself, from the file to the kernel, as `causeway reload` has it done.
  bool one_peer() {
    bench::AgentHere agent(folder_, kernel_, runtime_, keys_);
    std::vector<double> ours;
    std::vector<double> theirs;
    for (unsigned i = 0; i < kRounds; ++i) {
      // Somebody gets a new key and a new address, so that both kernel parts change.
      const unsigned number = peers_ + i;
      const auto address = fmt::format("100.83.{}.{}", 1 + number / 250, 2 + number % 250);
      ours.push_back(agent.reload_after([&] {
        write(folder_ / "network/peers/peer00007.toml", peer_file(1000 + number, number));
      }));
      run({"nft", "get", "element", "inet", "causeway", "peer4", fmt::format("{{ {} }}", address)});
      theirs.push_back(time_of_tools(i));
    }
    return bench::report_ratio("one_peer_changed", median(ours), median(theirs), 3);
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

  std::filesystem::path folder_;
  unsigned peers_;
  SystemClock clock_;
  network::DirectoryReader reader_;
  bench::Kernel kernel_;
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
