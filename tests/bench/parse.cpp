// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <sys/resource.h>

#include <fmt/format.h>

#include "network/load/directory_reader.h"

// How long the agent's reading of a network of 10,000 peers takes, from files to netmap, on tmpfs.
// Each figure is the best of five runs: what others do on the machine only ever adds to it.
namespace {

namespace fs = std::filesystem;
using namespace cw;

constexpr unsigned kPeers = 10'000;
constexpr int kRuns = 5;

std::string key(unsigned number) {
  net::KeyBytes bytes{};
  for (unsigned i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>((number * 2654435761U) >> (i % 4 * 8));
  }
  bytes[0] = 1;  // never all zero
  return net::PublicKey(bytes).to_text();
}

// `user` as TOML: its form decides whether the library has to read the file.
void write_peer(const fs::path& folder, unsigned number, const std::string& user) {
  const auto address = net::Ip::v4(0x64500000U + 256 + number);  // 100.80.1.0 and on
  std::ofstream(folder / fmt::format("peers/peer-{:05}.toml", number)) << fmt::format(
      "# laptop {0}\npublic_key = \"{1}\"\naddress = \"{2}\"\nuser = {3}\n"
      "groups = [\"engineering\", \"oncall\"]\nsites = [\"production\"]\nhome = \"prod-a\"\n"
      "expires = 2027-01-01T00:00:00Z\n",
      number, key(number + 1), address.to_text(), user);
}

void write_network(const fs::path& folder, const std::string& user) {
  fs::create_directories(folder / "sites");
  fs::create_directories(folder / "peers");
  std::ofstream(folder / "network.toml")
      << "name = \"bench\"\npool = \"100.80.0.0/12\"\nula = \"fd5e:3a1c:9b04::/48\"\n";
  std::ofstream(folder / "sites/production.toml")
      << "id = 1\nroutes = [\"10.0.0.0/16\"]\n[[router]]\nname = \"router-a\"\n[[gateway]]\n"
         "name = \"prod-a\"\npublic_key = \""
      << key(0) << "\"\nendpoint = \"vpn.example.com:51820\"\naddress = \"100.80.0.1\"\n";
  for (unsigned i = 0; i < kPeers; ++i) {
    write_peer(folder, i, user);
  }
}

template <class Work>
double best_seconds(Work work) {
  double best = 1e9;
  for (int run = 0; run < kRuns; ++run) {
    const auto start = std::chrono::steady_clock::now();
    work(run);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count());
  }
  return best;
}

void read_all_peers(network::DirectoryReader& reader) {
  const auto changed = reader.refresh();
  const auto compiled = reader.compile();
  if (!changed || !compiled.netmap || compiled.netmap->peers.size() != kPeers) {
    std::cerr << render(compiled.diagnostics);
    std::exit(2);
  }
}

bool report(std::string_view name, double value, std::string_view unit, double limit) {
  const bool good = value <= limit;
  std::cout << fmt::format("{} {:.3g} {} (limit {}) {}\n", name, value, unit, limit,
                           good ? "ok" : "falls short");
  return good;
}

}  // namespace

int main() {
  std::string pattern = fs::is_directory("/dev/shm") ? "/dev/shm/causeway-bench.XXXXXX"
                                                     : "/tmp/causeway-bench.XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) {
    std::cerr << "cannot make a temporary folder\n";
    return 2;
  }
  const fs::path folder = pattern;
  const SystemClock clock;
  const auto cold = [&](int) {
    network::DirectoryReader reader(folder, clock);
    read_all_peers(reader);
  };

  write_network(folder, "\"alice@example.com\"");
  const double plain = best_seconds(cold);
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  network::DirectoryReader warm(folder, clock);
  read_all_peers(warm);
  const double one = best_seconds([&](int run) {
    write_peer(folder, 1234, fmt::format("\"run-{}\"", run));
    read_all_peers(warm);
  });
  write_network(folder, "'alice@example.com'");  // a literal string: the library's to read
  const double other = best_seconds(cold);
  fs::remove_all(folder);

  std::cout << fmt::format("(files that need the TOML library take {:.2f} s)\n", other);
  bool good = report("parse_10000_peers", plain, "s", 1);
  good = report("reload_one_of_10000_peers", one, "s", 0.2) && good;
  good = report("parse_10000_peers_peak", static_cast<double>(usage.ru_maxrss) / 1024, "MB", 48) &&
         good;
  return good ? 0 : 1;
}
