// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "network/netmap_json.h"
#include "network/revocation.h"
#include "network/signed_netmap.h"
#include "tests/unit/network/signing_keys.h"

// Any bytes as a signed file, of a netmap or of revocations: what is taken is made again from what
// was said about it, byte for byte; and as a key file. The key is the corpus's.
// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cw::network;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const auto secret = signing_key(1);
  static const auto trusted = secret.public_key();
  for (const auto content : {Content::Netmap, Content::Revocations}) {
    const auto checked = verify_bundle(text, std::span(&trusted, 1), content);
    if (checked && make_bundle(checked->body, checked->statement, secret) != text) {
      std::abort();
    }
    if (!checked && checked.error().to_text().empty()) {
      std::abort();
    }
  }
  // A body is read before anybody vouches for it where people look into a file.
  if (const auto claim = read_claim(text)) {
    (void)netmap_from_json(claim->body);
    (void)revocations_from_json(claim->body);
  }
  if (const auto signature = minisign::parse_signature(text);
      signature && to_text(*signature) != text) {
    std::abort();
  }
  (void)minisign::is_encrypted(text);
  (void)minisign::parse_public_key_file(text);
  return 0;
}
