// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <sodium.h>

#include "ha/wire/heartbeat.h"
#include "ha/wire/session.h"

// Any bytes as a heartbeat: as they are, and with the tag that makes them authentic, so that the
// parser behind the tag is reached. What is taken is sealed again to the same bytes, and a session
// takes it once. NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cw::ha;
  static const wire::HeartbeatKey kKey(
      *cw::net::PrivateKey::parse("yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="));
  std::vector<std::uint8_t> bytes(data, data + size);
  (void)wire::gateway_of(bytes);
  if (wire::open(bytes, kKey)) {
    std::abort();  // somebody guessed a tag
  }
  std::vector<std::uint8_t> tag(wire::kTagBytes);
  crypto_generichash(tag.data(), tag.size(), bytes.data(), bytes.size(), kKey.expose().data(),
                     kKey.expose().size());
  bytes.insert(bytes.end(), tag.begin(), tag.end());
  const auto heartbeat = wire::open(bytes, kKey);
  if (!heartbeat) {
    return 0;
  }
  const auto again = wire::seal(*heartbeat, kKey);
  if (!again || *again != bytes || wire::gateway_of(bytes) != heartbeat->beat.gateway) {
    std::abort();
  }
  wire::Session session{.boot = heartbeat->proof.echoed_boot,
                        .sent = heartbeat->proof.echoed_sequence};
  (void)wire::take(session, heartbeat->proof);
  if (wire::take(session, heartbeat->proof) == wire::Verdict::Taken) {
    std::abort();
  }
  return 0;
}
