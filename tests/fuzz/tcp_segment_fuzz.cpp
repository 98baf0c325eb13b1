// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>

#include "ha/reset/segment.h"

// Any bytes as a packet from a client. What it is answered with is a packet that is read, from whom
// the client spoke to, with the number that it asked for.
// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cw::ha::reset;
  const auto segment = read({data, size});
  if (!segment) {
    return 0;
  }
  const auto answer = read(reset_of(*segment));
  const auto provoked = read(provocation(segment->tuple));
  const auto back = cw::netlink::inverse(segment->tuple);
  if (!answer || answer->tuple != back || !answer->rst || answer->ack ||
      answer->sequence != segment->acknowledged || !provoked || provoked->tuple != back) {
    std::abort();
  }
  return 0;
}
