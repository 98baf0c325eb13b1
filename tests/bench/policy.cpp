// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>

#include <fmt/format.h>

#include "firewall/ruleset/transactions.h"
#include "network/compile.h"
#include "network/policy_world.h"
#include "policy/difference.h"
#include "policy/explain.h"
#include "router/plan/desired.h"
#include "tests/bench/figures.h"
#include "tests/bench/policy_network.h"
#include "tests/support/networks.h"

//   bench-policy                 measures
//   bench-policy FOLDER PEERS    writes the network of as many peers, for other benchmarks
// What a large policy costs where no kernel is asked: reading it, compiling it to a ruleset, and
// answering a question. Each time is the best of several runs: what others do on the machine only
// ever adds to it.
namespace {

using namespace cw;
using bench::File;
using bench::Shape;

constexpr int kRuns = 5;
constexpr WallTime kNow{std::chrono::seconds(1'795'000'000)};  // November 2026

template <class Work>
double best_of(Work work) {
  double best = bench::time_of(work);
  for (int run = 1; run < kRuns; ++run) {
    best = std::min(best, bench::time_of(work));
  }
  return best;
}

const File& policy_of(const std::vector<File>& files) {
  return *std::ranges::find(files, network::kPolicyFile, &File::path);
}

network::Directory directory_of(const std::vector<File>& files) {
  network::Directory directory;
  for (const auto& file : files) {
    directory.put(file.path, file.text);
  }
  return directory;
}

network::Netmap netmap_of(const network::Directory& directory) {
  auto compiled = network::compile(directory);
  if (!compiled.netmap || !compiled.diagnostics.empty()) {
    bench::fail(render(compiled.diagnostics));
  }
  return std::move(*compiled.netmap);
}

router::Snapshot snapshot_of(network::Netmap netmap) {
  router::Snapshot snapshot{.netmap = std::move(netmap)};
  snapshot.host.router = bench::kRouter;
  snapshot.host.site = "prod";
  snapshot.host.keys.emplace(bench::kGateway, test::public_key(bench::kGatewayKey));
  snapshot.now = kNow;
  return snapshot;
}

void print_size(const firewall::Ruleset& ruleset, std::size_t bytes) {
  std::size_t elements = 0;
  std::size_t chains = 0;
  for (const auto& set : ruleset.contents.sets) {
    elements += set.elements.size();
    chains += set.name.ends_with("_all4") ? 1U : 0U;
  }
  fmt::print("  {} chains of rights, {} sets, {} elements, {:.1f} MB of text\n", chains,
             ruleset.contents.sets.size(), elements, static_cast<double>(bytes) / 1e6);
}

// From the parsed files to the text of the transaction that nft gets.
double time_of_compiling(const network::Directory& directory) {
  router::Snapshot snapshot;
  firewall::Ruleset ruleset;
  std::string text;
  const double checked = best_of([&] { snapshot = snapshot_of(netmap_of(directory)); });
  const double made = best_of([&] { ruleset = *bench::must(router::desired(snapshot)).firewall; });
  const double written = best_of([&] { text = replace_text(ruleset); });
  fmt::print(
      "  checked and compiled to a netmap {:.0f} ms, to a ruleset {:.0f} ms, to text {:.0f} ms\n",
      checked, made, written);
  print_size(ruleset, text.size());
  return checked + made + written;
}

struct Question {
  std::string from;
  std::string to;
};

// Of all kinds: allowed and denied, by the first rules and the last, to sites and to peers.
std::vector<Question> questions(const Shape& shape) {
  std::vector<Question> all;
  for (unsigned i = 0; i < 500; ++i) {
    const auto peer = i * 7919 % shape.peers;
    const auto group = peer / 2 % shape.groups;
    all.push_back({bench::peer_name(peer), fmt::format("10.1.{}.7:tcp/8080", group)});
    all.push_back(
        {bench::peer_name(peer), fmt::format("host-{:03}:tcp/{}", i % 400 / 8 * 8, 1 + i)});
    all.push_back({"peer:" + bench::peer_name(peer), fmt::format("10.3.{}.7:icmp", group)});
    all.push_back({bench::peer_name(peer),
                   fmt::format("peer:{}:tcp/22", bench::peer_name((peer + 2) % shape.peers))});
  }
  return all;
}

// As `causeway policy explain` asks, once it has read the network.
std::string answer(const policy::World& world, const Question& question) {
  const auto target = bench::must(policy::find_target(world, question.to));
  const auto to = bench::must(policy::locate(world, target.to));
  const auto source = bench::must(policy::find_source(world, question.from));
  std::string text;
  for (const auto& from : policy::parties(world, source)) {
    text += say(world, decide(world, {.from = from, .to = to, .service = target.service}, kNow));
  }
  return text;
}

bool explain(const Shape& shape, const network::Netmap& netmap) {
  const auto world = network::policy_world(netmap, kNow);
  std::vector<double> times;
  std::size_t allowed = 0;
  for (const auto& question : questions(shape)) {
    times.push_back(bench::time_of(
        [&] { allowed += answer(world, question).ends_with("allows it") ? 1U : 0U; }));
  }
  fmt::print("  {} questions, {} allowed, the slowest answer {:.2g} ms\n", times.size(), allowed,
             *std::ranges::max_element(times));
  const auto place =
      *policy::locate(world, bench::must(policy::find_target(world, "10.1.0.7:icmp")).to);
  fmt::print("  who may reach a place: {:.2g} ms\n", best_of([&] {
               static_cast<void>(policy::who(world, place, *policy::Service::parse("icmp"), kNow));
             }));
  auto changed = world;
  changed.peers[bench::kMovedPeer].groups = {bench::group_name(bench::kMovedTo)};
  std::size_t differences = 0;
  const double took =
      bench::time_of([&] { differences = policy::difference(world, changed, kNow).size(); });
  fmt::print("  what one peer's move means ({}): {:.0f} ms\n", differences, took);
  const bool good = bench::report("explain", bench::median(times), "ms", 5);
  return bench::report("explain_99_of_100", bench::percentile(times, 99), "ms", 5) && good;
}

// What the sharing of chains does not help: hardly two peers with the same groups.
void print_unshared() {
  const auto directory = directory_of(bench::policy_network({.groups_of_a_peer = 3}));
  fmt::print("every peer in three groups, hardly two in the same three:\n");
  const double all = time_of_compiling(directory);
  fmt::print("  {:.2f} s in all\n", all / 1e3);
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 3) {
    bench::write(arguments[1],
                 bench::policy_network({.peers = static_cast<unsigned>(std::stoul(arguments[2]))}));
    return 0;
  }
  const Shape shape;
  const auto files = bench::policy_network(shape);
  auto directory = directory_of(files);
  fmt::print("{} peers, {} groups, {} rules, policy.toml of {} KiB\n", shape.peers, shape.groups,
             shape.rules, policy_of(files).text.size() / 1024);
  const double parsed =
      best_of([&] { directory.put(policy_of(files).path, policy_of(files).text); });
  bool good = bench::report("parse_policy", parsed / 1e3, "s", 0.5);
  good = bench::report("compile", time_of_compiling(directory) / 1e3, "s", 0.5) && good;
  good = explain(shape, netmap_of(directory)) && good;
  print_unshared();
  return good ? 0 : 1;
}
