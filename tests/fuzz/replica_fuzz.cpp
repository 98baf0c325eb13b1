// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "ha/replica/owner.h"
#include "ha/replica/standby.h"

// Any bytes as a payload about connections: what is read is written again to the same bytes, and
// an owner and a standby take it, twice.
// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cw::ha::replica;
  const std::vector<std::uint8_t> bytes(data, data + size);
  const auto said = read(bytes);
  if (said && write(*said) != bytes) {
    std::abort();
  }
  const cw::ha::Time now{std::chrono::hours(1)};
  Standby standby({}, now);
  Owner owner(said ? said->stream : Stream{.term = 1, .start = 1});
  owner.dumped({}, now);
  (void)owner.step(now);
  for (int i = 0; i < 2; ++i) {
    (void)standby.heard(bytes, now);
    (void)standby.step(now);
    (void)owner.heard("sibling", bytes, now);
    (void)owner.step(now + kGather * (i + 1));
  }
  return 0;
}
