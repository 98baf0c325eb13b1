// SPDX-License-Identifier: Apache-2.0
#include "network/minisign.h"

#include <algorithm>

#include <fmt/format.h>
#include <sodium.h>

#include "network/minisign_access.h"
#include "network/minisign_lines.h"

namespace cw::network::minisign {

namespace {

constexpr std::array<std::uint8_t, 2> kLegacy = {'E', 'd'};
constexpr std::array<std::uint8_t, 2> kPrehashed = {'E', 'D'};

constexpr std::size_t kSignatureLine = kLegacy.size() + sizeof(KeyId) + kSignatureSize;
constexpr std::size_t kPublicKeyLine = kLegacy.size() + sizeof(KeyId) + kPublicKeySize;

static_assert(kPublicKeySize == crypto_sign_PUBLICKEYBYTES);
static_assert(kSignatureSize == crypto_sign_BYTES);

const std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

using Digest = std::array<std::uint8_t, crypto_generichash_BYTES_MAX>;

Digest digest_of(std::string_view data) {
  Digest digest{};
  crypto_generichash(digest.data(), digest.size(), bytes_of(data), data.size(), nullptr, 0);
  return digest;
}

// What the fourth line signs.
std::string vouched_for(const Signature& signature) {
  std::string text(signature.signature.begin(), signature.signature.end());
  text += signature.trusted_comment;
  return text;
}

bool holds(const std::array<std::uint8_t, kSignatureSize>& signature, const std::uint8_t* data,
           std::size_t size, const PublicKey& key) {
  return crypto_sign_verify_detached(signature.data(), data, size, key.bytes().data()) == 0;
}

bool signed_data(const Signature& signature, std::string_view data, const PublicKey& key) {
  if (signature.algorithm == Signature::Algorithm::Legacy) {
    return holds(signature.signature, bytes_of(data), data.size(), key);
  }
  const Digest digest = digest_of(data);
  return holds(signature.signature, digest.data(), digest.size(), key);
}

std::optional<std::string_view> take_comment(std::string_view& text, std::string_view mark,
                                             std::size_t longest) {
  auto line = take_line(text);
  if (!line || !line->starts_with(mark) || line->size() - mark.size() > longest) {
    return std::nullopt;
  }
  line->remove_prefix(mark.size());
  return line;
}

}  // namespace

std::optional<std::string_view> take_line(std::string_view& text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

bool from_base64(std::string_view text, std::span<std::uint8_t> bytes) {
  std::size_t size = 0;
  const char* end = nullptr;
  // Where char is signed, libsodium 1.0.18 takes '+' and '/' with the highest bit set, too.
  const bool ascii = std::ranges::all_of(text, [](char c) { return (c & '\x80') == 0; });
  return ascii &&
         sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size,
                           &end, sodium_base64_VARIANT_ORIGINAL) == 0 &&
         size == bytes.size() && end == text.data() + text.size();
}

std::string to_base64(std::span<const std::uint8_t> bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // its zero
  return text;
}

std::string name_of(const KeyId& id) {
  std::string text;
  for (auto byte = id.rbegin(); byte != id.rend(); ++byte) {  // a little-endian number
    text += fmt::format("{:02X}", *byte);
  }
  return text;
}

Result<PublicKey> PublicKey::parse(std::string_view base64) {
  std::array<std::uint8_t, kPublicKeyLine> bytes{};
  PublicKey key;
  if (!from_base64(base64, bytes) || !std::ranges::equal(std::span(bytes).first<2>(), kLegacy)) {
    return Error::invalid(
        "a signing key is what minisign shows of a public key: 56 characters that begin with RW");
  }
  const auto rest = std::span(bytes).subspan<2>();
  std::ranges::copy(rest.first<8>(), key.id_.begin());
  std::ranges::copy(rest.subspan<8>(), key.key_.begin());
  return key;
}

std::string PublicKey::to_text() const {
  std::array<std::uint8_t, kPublicKeyLine> bytes{};
  auto at = std::ranges::copy(kLegacy, bytes.begin()).out;
  at = std::ranges::copy(id_, at).out;
  std::ranges::copy(key_, at);
  return to_base64(bytes);
}

std::string PublicKey::name() const {
  return name_of(id_);
}

Result<Signature> parse_signature(std::string_view text) {
  const auto refused = [](std::string_view why) {
    return Error::invalid(fmt::format("it is no minisign signature: {}", why));
  };
  Signature signature;
  const auto comment = take_comment(text, kUntrusted, kLongestComment);
  if (!comment) {
    return refused("its first line must begin with `untrusted comment: `");
  }
  signature.comment = *comment;
  std::array<std::uint8_t, kSignatureLine> bytes{};
  const auto line = take_line(text);
  if (!line || !from_base64(*line, bytes)) {
    return refused("its second line must be 74 bytes in base64");
  }
  const auto algorithm = std::span(bytes).first<2>();
  if (std::ranges::equal(algorithm, kLegacy)) {
    signature.algorithm = Signature::Algorithm::Legacy;
  } else if (!std::ranges::equal(algorithm, kPrehashed)) {
    return refused("it is made by an algorithm that this version lacks");
  }
  std::ranges::copy(std::span(bytes).subspan<2, 8>(), signature.key.begin());
  std::ranges::copy(std::span(bytes).subspan<10>(), signature.signature.begin());
  const auto trusted = take_comment(text, kTrusted, kLongestTrustedComment);
  if (!trusted) {
    return refused("its third line must begin with `trusted comment: `");
  }
  signature.trusted_comment = *trusted;
  const auto global = take_line(text);
  if (!global || !from_base64(*global, signature.global)) {
    return refused("its fourth line must be 64 bytes in base64");
  }
  if (!text.empty()) {
    return refused("something follows its four lines");
  }
  return signature;
}

std::string to_text(const Signature& signature) {
  std::array<std::uint8_t, kSignatureLine> bytes{};
  const bool legacy = signature.algorithm == Signature::Algorithm::Legacy;
  auto at = std::ranges::copy(legacy ? kLegacy : kPrehashed, bytes.begin()).out;
  at = std::ranges::copy(signature.key, at).out;
  std::ranges::copy(signature.signature, at);
  return fmt::format("{}{}\n{}\n{}{}\n{}\n", kUntrusted, signature.comment, to_base64(bytes),
                     kTrusted, signature.trusted_comment, to_base64(signature.global));
}

Signature sign(std::string_view data, const SecretKey& key, std::string comment,
               std::string trusted_comment) {
  Signature signature;
  signature.comment = std::move(comment);
  signature.trusted_comment = std::move(trusted_comment);
  signature.key = Access::id(key);
  const Digest digest = digest_of(data);
  crypto_sign_detached(signature.signature.data(), nullptr, digest.data(), digest.size(),
                       Access::bytes(key).data());
  const std::string all = vouched_for(signature);
  crypto_sign_detached(signature.global.data(), nullptr, bytes_of(all), all.size(),
                       Access::bytes(key).data());
  return signature;
}

Result<PublicKey> verify(const Signature& signature, std::string_view data,
                         std::span<const PublicKey> trusted) {
  bool known = false;
  for (const PublicKey& key : trusted) {
    if (key.id() != signature.key) {
      continue;
    }
    known = true;
    const std::string all = vouched_for(signature);
    if (!holds(signature.global, bytes_of(all), all.size(), key)) {
      continue;
    }
    if (signed_data(signature, data, key)) {
      return key;
    }
    return Error::invalid(
        fmt::format("it is not what key {} signed: it was cut off or altered on the way, or the "
                    "signature belongs to something else",
                    key.name()));
  }
  if (!known) {
    return Error::make(
        ErrorKind::Permission,
        fmt::format("it is signed by key {}, which is not trusted", name_of(signature.key)));
  }
  return Error::invalid(
      fmt::format("its signature is not one of key {}: it was altered", name_of(signature.key)));
}

std::string public_key_file(const PublicKey& key) {
  return fmt::format("{}minisign public key {}\n{}\n", kUntrusted, key.name(), key.to_text());
}

Result<PublicKey> parse_public_key_file(std::string_view text) {
  if (text.starts_with(kUntrusted) && !take_line(text)) {
    return Error::invalid("it is no minisign public key: its second line is missing");
  }
  if (text.ends_with('\n')) {
    text.remove_suffix(1);
  }
  return PublicKey::parse(text);
}

}  // namespace cw::network::minisign
