// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "ha/arp/frame.h"

namespace {

using namespace cw::ha::arp;

// Makes the checksum right, so that the parser behind it is reached: whatever it was, the sum of
// all is put where it makes zero.
void mend_checksum(std::vector<std::uint8_t>& frame) {
  constexpr std::size_t kSumAt = kIcmpv6TypeAt + 2;
  if (frame.size() < kSumAt + 2) {
    return;
  }
  const std::size_t payload = frame[kEthernetSize + 4] << 8U | frame[kEthernetSize + 5];
  const auto end = std::min(frame.size(), kIcmpv6TypeAt + payload);
  frame[kSumAt] = frame[kSumAt + 1] = 0;
  std::size_t sum = payload + kIcmpv6;
  for (std::size_t i = kEthernetSize + 8; i < end; ++i) {
    sum += std::size_t{frame[i]} << (i % 2 == 0 ? 8U : 0U);
  }
  while (sum > 0xffff) {
    sum = (sum & 0xffffU) + (sum >> 16U);
  }
  frame[kSumAt] = static_cast<std::uint8_t>(~sum >> 8U);
  frame[kSumAt + 1] = static_cast<std::uint8_t>(~sum);
}

}  // namespace

// Any bytes as a frame from the LAN. A claim is of an address that is in the frame, and what is
// claimed is announced in the same words.
// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> frame(data, data + size);
  for (int i = 0; i < 2; ++i) {
    (void)destination_of(frame);
    if (const auto claim = claim_of(frame)) {
      const auto ip = claim->ip.bytes();
      const auto own = claim->ip.is_v4() ? arp_announcement(claim->mac, claim->ip, Form::Request)
                                         : neighbor_advertisement(claim->mac, claim->ip);
      if (std::ranges::search(frame, ip).empty() || claim_of(own) != claim) {
        std::abort();
      }
    }
    mend_checksum(frame);
  }
  return 0;
}
