// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

// Keys and signatures in minisign's format (https://jedisct1.github.io/minisign/, "Minisign's file
// formats"): Ed25519 over the BLAKE2b-512 of the data ("ED"), and, for verifying only, over the
// data itself ("Ed"). What is read is taken in the one form that minisign writes; anything around
// it is refused. A SecretKey cannot be printed, compared or copied; it lies in memory that is
// locked, left out of core dumps and wiped (sodium_malloc(3)). Pure: randomness is an argument.
// Cost: verifying 4 MB takes some 10 ms; opening an encrypted secret key a second and 1 GiB.
namespace cw::network::minisign {

using KeyId = std::array<std::uint8_t, 8>;

inline constexpr std::size_t kPublicKeySize = 32;
inline constexpr std::size_t kSecretKeySize = 64;
inline constexpr std::size_t kSeedSize = 32;
inline constexpr std::size_t kSaltSize = 32;
inline constexpr std::size_t kSignatureSize = 64;

// As minisign itself: COMMENTMAXBYTES, TRUSTEDCOMMENTMAXBYTES.
inline constexpr std::size_t kLongestComment = 1024;
inline constexpr std::size_t kLongestTrustedComment = 8192;
inline constexpr std::size_t kLargestSignature = 9600;  // both, and the two lines of base64
inline constexpr std::size_t kLargestKeyFile = 2048;    // a comment and 212 characters

class PublicKey {
 public:
  PublicKey() = default;

  PublicKey(const KeyId& id, const std::array<std::uint8_t, kPublicKeySize>& key)
      : id_(id), key_(key) {}

  // The second line of a public key file: 56 characters that begin with "RW".
  static Result<PublicKey> parse(std::string_view base64);

  [[nodiscard]] const KeyId& id() const { return id_; }

  [[nodiscard]] const std::array<std::uint8_t, kPublicKeySize>& bytes() const { return key_; }

  [[nodiscard]] std::string to_text() const;
  // What minisign calls the key: "A5500FEF217882A8".
  [[nodiscard]] std::string name() const;

  friend auto operator<=>(const PublicKey&, const PublicKey&) = default;

 private:
  KeyId id_{};
  std::array<std::uint8_t, kPublicKeySize> key_{};
};

[[nodiscard]] std::string name_of(const KeyId& id);

class SecretKey {
 public:
  // ErrorKind::Exhausted where there is no memory.
  static Result<SecretKey> from_seed(std::span<const std::uint8_t, kSeedSize> seed,
                                     const KeyId& id);

  [[nodiscard]] PublicKey public_key() const;

 private:
  struct Bytes {
    KeyId id;
    std::array<std::uint8_t, kSecretKeySize> key;
  };

  struct Free {
    void operator()(Bytes* bytes) const;
  };

  explicit SecretKey(std::unique_ptr<Bytes, Free> bytes) : bytes_(std::move(bytes)) {}

  static Result<SecretKey> allocate();

  std::unique_ptr<Bytes, Free> bytes_;

  friend struct Access;  // minisign.cpp and minisign_secret.cpp: sign, and key files
};

// A signature file, its four lines.
struct Signature {
  enum class Algorithm : std::uint8_t { Prehashed, Legacy };

  std::string comment;  // nobody vouches for it
  Algorithm algorithm = Algorithm::Prehashed;
  KeyId key{};
  std::array<std::uint8_t, kSignatureSize> signature{};
  std::string trusted_comment;  // signed with the rest
  std::array<std::uint8_t, kSignatureSize> global{};

  friend bool operator==(const Signature&, const Signature&) = default;
};

// Exactly what to_text() writes.
Result<Signature> parse_signature(std::string_view text);
[[nodiscard]] std::string to_text(const Signature& signature);

// Comments hold no line end.
[[nodiscard]] Signature sign(std::string_view data, const SecretKey& key, std::string comment,
                             std::string trusted_comment);

// The key that signed. Permission: none of `trusted` did. Invalid: it is one of them, and this is
// not what it signed.
Result<PublicKey> verify(const Signature& signature, std::string_view data,
                         std::span<const PublicKey> trusted);

// Public key files.
[[nodiscard]] std::string public_key_file(const PublicKey& key);
// Also the bare key.
Result<PublicKey> parse_public_key_file(std::string_view text);

// What it costs to try a passphrase: libsodium's scrypt limits, written in the key file.
struct Work {
  std::uint64_t operations = 0;
  std::uint64_t memory = 0;  // bytes
};

inline constexpr Work kUsualWork{.operations = 1U << 25U, .memory = 1U << 30U};  // minisign's

struct Encryption {
  std::string_view passphrase;
  std::array<std::uint8_t, kSaltSize> salt{};
  Work work = kUsualWork;
};

// Secret key files; without an encryption as `minisign -W` writes them. The text holds the secret:
// the caller wipes it (net/key.h).
Result<std::string> secret_key_file(const SecretKey& key,
                                    const std::optional<Encryption>& encryption);

// Whether a passphrase is needed. Refuses what is no secret key file, and one that asks for more
// work than minisign does.
Result<bool> is_encrypted(std::string_view text);
// Permission: the passphrase is wrong or missing.
Result<SecretKey> parse_secret_key_file(std::string_view text,
                                        const std::optional<std::string_view>& passphrase);

}  // namespace cw::network::minisign
