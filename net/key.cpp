// SPDX-License-Identifier: Apache-2.0
#include "net/key.h"

#include <algorithm>

#include <fmt/format.h>
#include <sodium.h>

namespace cw::net {

namespace {

Result<KeyBytes> decode(std::string_view base64, std::string_view what) {
  KeyBytes bytes{};
  std::size_t size = 0;
  const char* end = nullptr;
  if (base64.size() != kKeyTextSize ||
      sodium_base642bin(bytes.data(), bytes.size(), base64.data(), base64.size(), nullptr, &size,
                        &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
      size != kKeySize || end != base64.data() + base64.size()) {
    wipe(bytes);
    return Error::invalid(
        fmt::format("a {} is 32 bytes in base64: 44 characters, the last one '='", what));
  }
  if (std::ranges::all_of(bytes, [](auto byte) { return byte == 0; })) {
    return Error::invalid(fmt::format("a {} of zeros only is no key", what));
  }
  return bytes;
}

}  // namespace

Result<PublicKey> PublicKey::parse(std::string_view base64) {
  return PublicKey(CW_TRY(decode(base64, "public key")));
}

std::string PublicKey::to_text() const {
  std::array<char, kKeyTextSize + 1> text{};
  sodium_bin2base64(text.data(), text.size(), bytes_.data(), bytes_.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  return text.data();
}

Result<PrivateKey> PrivateKey::parse(std::string_view base64) {
  PrivateKey key;
  auto bytes = decode(base64, "private key");
  if (!bytes) {
    return std::move(bytes).error();
  }
  key.bytes_ = *bytes;
  wipe(*bytes);
  return key;
}

Result<PrivateKey> PrivateKey::from_bytes(std::span<const std::uint8_t, kKeySize> bytes) {
  if (sodium_is_zero(bytes.data(), bytes.size()) == 1) {
    return Error::invalid("a private key of zeros only is no key");
  }
  PrivateKey key;
  std::ranges::copy(bytes, key.bytes_.begin());
  return key;
}

PrivateKey PrivateKey::generate() {
  PrivateKey key;
  randombytes_buf(key.bytes_.data(), key.bytes_.size());
  key.bytes_.front() &= 0xf8U;
  key.bytes_.back() = static_cast<std::uint8_t>((key.bytes_.back() & 0x7fU) | 0x40U);
  return key;
}

void PrivateKey::expose_text(std::span<char, kKeyTextSize> out) const {
  std::array<char, kKeyTextSize + 1> text{};
  sodium_bin2base64(text.data(), text.size(), bytes_.data(), bytes_.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  std::ranges::copy_n(text.begin(), kKeyTextSize, out.begin());
  sodium_memzero(text.data(), text.size());
}

PrivateKey::PrivateKey(PrivateKey&& other) noexcept : bytes_(other.bytes_) {
  wipe(other.bytes_);
}

PrivateKey& PrivateKey::operator=(PrivateKey&& other) noexcept {
  if (this != &other) {
    bytes_ = other.bytes_;
    wipe(other.bytes_);
  }
  return *this;
}

PrivateKey::~PrivateKey() {
  wipe(bytes_);
}

PublicKey PrivateKey::public_key() const {
  KeyBytes bytes{};
  crypto_scalarmult_base(bytes.data(), bytes_.data());  // clamps by itself (RFC 7748 section 5)
  return PublicKey(bytes);
}

void wipe(std::string& text) {
  sodium_memzero(text.data(), text.size());
  text.clear();
}

void wipe(std::span<std::uint8_t> bytes) {
  sodium_memzero(bytes.data(), bytes.size());
}

}  // namespace cw::net
