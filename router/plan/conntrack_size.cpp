// SPDX-License-Identifier: Apache-2.0
#include "router/plan/conntrack_size.h"

#include <algorithm>

#include <fmt/format.h>

namespace cw::router {

namespace {

// A million connections for 8 GiB. An entry takes some 300 bytes and its bucket 8, so a full table
// takes a twenty-sixth of the memory.
constexpr std::uint64_t kBytesForEach = 8192;

// The kernel rounds buckets up to whole pages, of at most 64 KiB, and what is read back is to be
// what was written.
constexpr std::uint64_t kStep = 65536 / sizeof(void*);

// 32 MiB of buckets, which are taken whether used or not, and walked for each list of connections.
// More than that through one router is another design; its owner may set more.
constexpr std::uint64_t kMostEntries = std::uint64_t{1} << 22U;

// The kernel's five days keep what a laptop that was closed has left behind. A day lets a
// connection without any keepalive idle through a night; one with Linux' default keepalive needs 2
// h 11 min (tcp_keepalive_time, and nine probes), and RFC 5382 (REQ-5) asks for 2 h 4 min at least.
constexpr auto kEstablishedSeconds = 86400;

}  // namespace

std::vector<WantedSysctl> conntrack_sysctls(std::optional<std::uint64_t> memory) {
  std::vector<WantedSysctl> wanted;
  if (memory) {
    const auto entries = std::clamp(*memory / kBytesForEach / kStep * kStep, kStep, kMostEntries);
    // As many buckets as entries: a lookup meets one other on average where it is full.
    for (const auto* key :
         {"net/netfilter/nf_conntrack_buckets", "net/netfilter/nf_conntrack_max"}) {
      wanted.push_back({.key = key, .value = fmt::format("{}", entries), .bound = Bound::AtLeast});
    }
  }
  wanted.push_back({.key = "net/netfilter/nf_conntrack_tcp_timeout_established",
                    .value = fmt::format("{}", kEstablishedSeconds),
                    .bound = Bound::AtMost});
  return wanted;
}

}  // namespace cw::router
