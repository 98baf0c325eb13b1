// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include <sys/resource.h>

#include <fmt/format.h>
#include <malloc.h>

#include "network/load/directory_reader.h"
#include "network/netmap_json.h"
#include "network/signed_netmap.h"
#include "tests/bench/figures.h"
#include "tests/bench/policy_network.h"

// How long `causeway netmap build` takes for 10,000 peers with a policy, from files on tmpfs to the
// body, and a router from the fetched bytes to a netmap. Each figure is the best of five runs: what
// others do on the machine only ever adds to it.
namespace {

namespace fs = std::filesystem;
using namespace cw;
using namespace cw::bench;

constexpr int kRuns = 5;

template <class Work>
double best_seconds(Work work) {
  double best = 1e9;
  for (int run = 0; run < kRuns; ++run) {
    best = std::min(best, time_of(work) / 1000);
  }
  return best;
}

std::string build(const fs::path& folder) {
  const SystemClock clock;
  network::DirectoryReader reader(folder, clock);
  must(reader.refresh());
  const auto compiled = reader.compile();
  if (!compiled.netmap) {
    fail(render(compiled.diagnostics));
  }
  return network::to_json(*compiled.netmap);
}

network::minisign::SecretKey signing_key() {
  const std::array<std::uint8_t, network::minisign::kSeedSize> seed{1};
  return must(network::minisign::SecretKey::from_seed(seed, {1}));
}

double peak_mib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

}  // namespace

int main() {
  std::string pattern = fs::is_directory("/dev/shm") ? "/dev/shm/causeway-bench.XXXXXX"
                                                     : "/tmp/causeway-bench.XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) {
    fail("cannot make a temporary folder");
  }
  const fs::path folder = pattern;
  write(folder, policy_network({}));

  std::string body = build(folder);
  const double building = best_seconds([&] {
    if (build(folder) != body) {
      fail("two builds of one directory are not the same bytes");
    }
  });
  fs::remove_all(folder);

  const auto key = signing_key();
  const std::vector trusted = {key.public_key()};
  network::Statement statement;
  statement.network = must(network::netmap_from_json(body)).ula;
  const auto bundle = network::make_bundle(body, statement, key);
  ::malloc_trim(0);
  const double loading = best_seconds([&] {
    const auto checked = must(network::verify_bundle(bundle, trusted));
    (void)must(network::open_body(checked));
  });

  bool good = report("netmap_build_10000_peers", building, "s", 1);
  good = report("netmap_verify_and_load_10000_peers", loading, "s", 0.5) && good;
  good = report("netmap_bundle_10000_peers", static_cast<double>(bundle.size()) / (1U << 20U),
                "MiB", 8) &&
         good;
  // Of both together, the files' own tables included.
  good = report("netmap_10000_peers_peak", peak_mib(), "MiB", 200) && good;
  return good ? 0 : 1;
}
