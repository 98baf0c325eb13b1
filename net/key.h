// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

// WireGuard's Curve25519 keys. A PublicKey is a plain value. A PrivateKey cannot be printed,
// compared or copied; it is wiped when it goes, and its bytes are reached only by naming them
// (`expose`), which is easy to find in a review.
namespace cw::net {

inline constexpr std::size_t kKeySize = 32;
inline constexpr std::size_t kKeyTextSize = 44;  // in padded base64

using KeyBytes = std::array<std::uint8_t, kKeySize>;

class PublicKey {
 public:
  PublicKey() = default;

  explicit PublicKey(const KeyBytes& bytes) : bytes_(bytes) {}

  // Exactly 44 characters of padded base64, as `wg pubkey` prints it. The all-zero key is
  // refused: the kernel takes it for "no key".
  static Result<PublicKey> parse(std::string_view base64);

  [[nodiscard]] const KeyBytes& bytes() const { return bytes_; }

  [[nodiscard]] std::string to_text() const;

  friend auto operator<=>(const PublicKey&, const PublicKey&) = default;

 private:
  KeyBytes bytes_{};
};

class PrivateKey {
 public:
  // The text is the caller's to wipe (see wipe()).
  static Result<PrivateKey> parse(std::string_view base64);

  static Result<PrivateKey> from_bytes(std::span<const std::uint8_t, kKeySize> bytes);

  // A new one, of the kernel's randomness, clamped as `wg genkey` does (RFC 7748 section 5).
  static PrivateKey generate();

  PrivateKey(PrivateKey&& other) noexcept;
  PrivateKey& operator=(PrivateKey&& other) noexcept;
  PrivateKey(const PrivateKey&) = delete;
  PrivateKey& operator=(const PrivateKey&) = delete;
  ~PrivateKey();

  [[nodiscard]] PublicKey public_key() const;

  // For the one place that hands it to the kernel.
  [[nodiscard]] std::span<const std::uint8_t, kKeySize> expose() const { return bytes_; }

  // As `wg genkey` prints it, into memory that the caller wipes.
  void expose_text(std::span<char, kKeyTextSize> out) const;

 private:
  PrivateKey() = default;

  KeyBytes bytes_{};
};

// Overwrites memory that held a secret, in a way the compiler keeps.
void wipe(std::string& text);
void wipe(std::span<std::uint8_t> bytes);

}  // namespace cw::net
