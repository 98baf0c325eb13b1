// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include <sodium.h>

#include "ha/wire/correspondence.h"
#include "ha/wire/sealed.h"

// Any bytes as a letter: as they are, and with their payload encrypted, so that what is behind the
// tag is reached. What is taken is sealed again to the same bytes, and taken once.
namespace {

// Where the nonce begins, after the three names; 0: nowhere.
std::size_t end_of_names(std::span<const std::uint8_t> bytes) {
  std::size_t at = cw::ha::wire::kLetterFixedBytes;
  for (int names = 0; names < 3; ++names) {
    if (at >= bytes.size()) {
      return 0;
    }
    at += std::size_t{1} + bytes[at];
  }
  return at;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cw::ha;
  static const wire::LetterKey kKey(
      *cw::net::PrivateKey::parse("yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="));
  const std::span<const std::uint8_t> plain(data, size);
  (void)wire::gateway_of_letter(plain);
  if (wire::open(plain, kKey)) {
    std::abort();  // somebody guessed a tag
  }
  const std::size_t header = end_of_names(plain);
  if (header == 0 || size < header + wire::kNonceBytes) {
    return 0;
  }
  wire::Nonce nonce{};
  std::ranges::copy(plain.subspan(header, nonce.size()), nonce.begin());
  const auto payload = plain.subspan(header + nonce.size());
  std::vector<std::uint8_t> bytes(data, data + header + nonce.size());
  bytes.resize(size + wire::kTagBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes.data() + header + nonce.size(), nullptr,
                                             payload.data(), payload.size(), bytes.data(), header,
                                             nullptr, nonce.data(), kKey.expose().data());
  const auto letter = wire::open(bytes, kKey);
  if (!letter) {
    return 0;
  }
  if (wire::seal(*letter, kKey, nonce) != bytes || !wire::is_letter(bytes) ||
      wire::gateway_of_letter(bytes) != letter->gateway ||
      !std::ranges::equal(letter->payload, payload)) {
    std::abort();
  }
  const wire::Session session{.boot = letter->stamp.to_boot, .believed = letter->stamp.boot};
  wire::Correspondence letters;
  if (wire::take_sealed(letters, session, letter->stamp) != wire::Verdict::Taken ||
      wire::take_sealed(letters, session, letter->stamp) == wire::Verdict::Taken) {
    std::abort();
  }
  return 0;
}
