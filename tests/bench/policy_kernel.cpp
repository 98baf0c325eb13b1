// SPDX-License-Identifier: Apache-2.0
// What a large policy costs in the kernel, next to nft doing the same in the same run. Runs in a
// network namespace of its own, with the network's files in memory (tmpfs), and leaves the network
// in FOLDER/network.
//   bench-policy-kernel FOLDER PEERS
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "firewall/ruleset/transactions.h"
#include "network/load/directory_reader.h"
#include "router/plan/desired.h"
#include "tests/bench/kernel.h"
#include "tests/bench/policy_network.h"
#include "tests/support/networks.h"

namespace {

using namespace cw;
using bench::fail;
using bench::median;
using bench::must;
using bench::run;
using bench::time_of;

constexpr int kLoads = 3;  // the median of as many; one takes seconds
constexpr int kMoves = 5;

class Bench {
 public:
  explicit Bench(std::filesystem::path folder) : folder_(std::move(folder)) {}

  bool all() {
    const bool loaded = load();
    return move() && loaded;
  }

 private:
  // The transaction that a router sends which has none of it yet.
  std::string whole_text() {
    network::DirectoryReader reader((folder_ / "network").string(), clock_);
    must(reader.refresh());
    auto compiled = reader.compile();
    if (!compiled.netmap) {
      fail(render(compiled.diagnostics));
    }
    const auto state = must(router::desired(
        {.netmap = std::move(*compiled.netmap), .host = bench::host(), .now = clock_.wall()}));
    fmt::print("{} sets\n", state.firewall->contents.sets.size());
    return replace_text(*state.firewall);
  }

  bool load() {
    const auto text = whole_text();
    const auto file = (folder_ / "ruleset.nft").string();
    std::ofstream(file) << text;
    std::vector<double> ours;
    std::vector<double> seals;
    std::vector<double> theirs;
    for (int i = 0; i < kLoads; ++i) {
      ours.push_back(time_of([&] { must(kernel_.nft.commit(text)); }));
      seals.push_back(time_of([&] { must(kernel_.nft.seal()); }));
      run({"nft", "delete", "table", "inet", "causeway"});
      theirs.push_back(time_of([&] { run({"nft", "-f", file}); }));
      run({"nft", "delete", "table", "inet", "causeway"});
    }
    fmt::print("  (sealed in {:.1f} ms)\n", median(seals));
    return bench::report_ratio("load", median(ours), median(theirs), 1.5);
  }

  // To which chain the moved peer's packets go.
  [[nodiscard]] std::string chain() const {
    const auto file = (folder_ / "element").string();
    run({"nft", "get", "element", "inet", "causeway", "peer4",
         fmt::format("{{ {} }}", bench::peer_address(bench::kMovedPeer))},
        file.c_str());
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  // As nft adds one peer to the same map, and takes it out again.
  static double time_of_nft() {
    const std::string key = "100.83.200.10";
    const double time = time_of([&] {
      run({"nft", "add", "element", "inet", "causeway", "peer4",
           fmt::format("{{ {} : goto refuse }}", key)});
    });
    run({"nft", "delete", "element", "inet", "causeway", "peer4", fmt::format("{{ {} }}", key)});
    return time;
  }

  bool move() {
    auto runtime = must(agent::RuntimeFolder::claim((folder_ / "run").string()));
    const auto keys = test::key_ring();
    bench::AgentHere agent(folder_, kernel_, runtime, keys);
    std::vector<double> ours;
    std::vector<double> whole;
    std::vector<double> theirs;
    for (int i = 0; i < kMoves; ++i) {
      const auto group = i % 2 == 0 ? bench::kMovedTo : bench::kMovedFrom;
      const auto before = chain();
      whole.push_back(agent.reload_after([&] {
        bench::write(folder_ / "network",
                     {bench::peer_file(bench::kMovedPeer, {bench::group_name(group)})});
      }));
      ours.push_back(kernel_.writes.took());
      if (chain() == before) {
        fail("the peer was not moved");
      }
      theirs.push_back(time_of_nft());
    }
    fmt::print("  (from the file to the kernel {:.1f} ms, {:.1f} x)\n", median(whole),
               median(whole) / median(theirs));
    return bench::report_ratio("one_peer_moved", median(ours), median(theirs), 3);
  }

  std::filesystem::path folder_;
  SystemClock clock_;
  bench::Kernel kernel_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    fail("usage: bench-policy-kernel FOLDER PEERS");
  }
  const std::filesystem::path folder = arguments[1];
  const bench::Shape shape{.peers = static_cast<unsigned>(std::stoul(arguments[2]))};
  bench::write(folder / "network", bench::policy_network(shape));
  std::filesystem::create_directories(folder / "run");
  fmt::print("{} peers, {} groups, {} rules, ", shape.peers, shape.groups, shape.rules);
  return Bench(folder).all() ? 0 : 1;
}
