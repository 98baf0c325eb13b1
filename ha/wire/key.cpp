// SPDX-License-Identifier: Apache-2.0
#include "ha/wire/key.h"

#include <sodium.h>

namespace cw::ha::wire {

namespace {

static_assert(crypto_kdf_KEYBYTES == net::kKeySize);

struct Derivation {
  std::uint64_t subkey;
  char context[crypto_kdf_CONTEXTBYTES + 1];
};

constexpr Derivation derivation_of(Purpose purpose) {
  return purpose == Purpose::Heartbeats ? Derivation{.subkey = 1, .context = "cwhabeat"}
                                        : Derivation{.subkey = 2, .context = "cwhaseal"};
}

}  // namespace

template <Purpose kPurpose>
SiblingKey<kPurpose>::SiblingKey(const net::PrivateKey& gateway) {
  constexpr Derivation kDerivation = derivation_of(kPurpose);
  crypto_kdf_derive_from_key(bytes_.data(), bytes_.size(), kDerivation.subkey, kDerivation.context,
                             gateway.expose().data());
}

template <Purpose kPurpose>
SiblingKey<kPurpose>::SiblingKey(SiblingKey&& other) noexcept : bytes_(other.bytes_) {
  net::wipe(other.bytes_);
}

template <Purpose kPurpose>
SiblingKey<kPurpose>& SiblingKey<kPurpose>::operator=(SiblingKey&& other) noexcept {
  if (this != &other) {
    bytes_ = other.bytes_;
    net::wipe(other.bytes_);
  }
  return *this;
}

template <Purpose kPurpose>
SiblingKey<kPurpose>::~SiblingKey() {
  net::wipe(bytes_);
}

template class SiblingKey<Purpose::Heartbeats>;
template class SiblingKey<Purpose::Letters>;

}  // namespace cw::ha::wire
