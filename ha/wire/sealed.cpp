// SPDX-License-Identifier: Apache-2.0
#include "ha/wire/sealed.h"

#include <algorithm>

#include <fmt/format.h>
#include <sodium.h>

#include "ha/wire/bytes.h"

namespace cw::ha::wire {

namespace {

constexpr std::array<std::uint8_t, 4> kMagic{'C', 'W', 'H', 'S'};
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kVersionAt = kMagic.size();
constexpr std::size_t kLeastLetterBytes = kLetterFixedBytes + 2 + 2 + 2 + kNonceBytes + kTagBytes;

static_assert(kNonceBytes == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
static_assert(kTagBytes == crypto_aead_xchacha20poly1305_ietf_ABYTES);
static_assert(net::kKeySize == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

Error refused(std::string_view why) {
  return Error::invalid(fmt::format("not a letter of a sibling's: {}", why));
}

bool is_kind(std::uint8_t kind) {
  return kind == static_cast<std::uint8_t>(Kind::Peers) ||
         kind == static_cast<std::uint8_t>(Kind::Connections) ||
         kind == static_cast<std::uint8_t>(Kind::Netmap) ||
         kind == static_cast<std::uint8_t>(Kind::Revocations);
}

Result<> check_frame(std::span<const std::uint8_t> datagram) {
  if (datagram.size() < kLeastLetterBytes || datagram.size() > kMostLetterBytes) {
    return refused(fmt::format("{} bytes", datagram.size()));
  }
  if (!is_letter(datagram)) {
    return refused("it begins otherwise");
  }
  if (datagram[kVersionAt] != kVersion) {
    return Error::make(ErrorKind::Unsupported,
                       fmt::format("a sibling's letter of version {}, and this is version {}: "
                                   "finish the upgrade of the site's routers",
                                   datagram[kVersionAt], kVersion));
  }
  return {};
}

// What stands before the nonce; the payload follows from the datagram alone.
Result<Letter> read(Reader& reader) {
  Letter letter;
  (void)reader.take(kMagic.size() + 1);  // check_frame()
  const auto kind = reader.number<std::uint8_t>();
  letter.stamp.boot = reader.number<std::uint64_t>();
  letter.stamp.to_boot = reader.number<std::uint64_t>();
  letter.stamp.sequence = reader.number<std::uint64_t>();
  letter.gateway = reader.name();
  letter.from = reader.name();
  letter.to = reader.name();
  if (!is_name(letter.gateway, kMostGatewayName) || !is_name(letter.from, kMostName) ||
      !is_name(letter.to, kMostName)) {
    return refused("a name that is none");
  }
  if (!is_kind(kind) || letter.stamp.boot == 0 || letter.stamp.to_boot == 0 ||
      letter.stamp.sequence == 0) {
    return refused("a value that none has");
  }
  letter.kind = static_cast<Kind>(kind);
  return letter;
}

}  // namespace

Result<std::vector<std::uint8_t>> seal(const Letter& letter, const LetterKey& key) {
  Nonce nonce;
  randombytes_buf(nonce.data(), nonce.size());
  return seal(letter, key, nonce);
}

Result<std::vector<std::uint8_t>> seal(const Letter& letter, const LetterKey& key,
                                       const Nonce& nonce) {
  const Stamp& stamp = letter.stamp;
  if (!is_name(letter.gateway, kMostGatewayName) || !is_name(letter.from, kMostName) ||
      !is_name(letter.to, kMostName) || letter.payload.size() > kMostPayload || stamp.boot == 0 ||
      stamp.to_boot == 0 || stamp.sequence == 0 ||
      !is_kind(static_cast<std::uint8_t>(letter.kind))) {
    return Error::make(ErrorKind::Bug, "a letter that cannot be sent");
  }
  Writer writer;
  writer.bytes.reserve(kMostLetterBytes);
  writer.append(kMagic);
  writer.number(kVersion);
  writer.number(static_cast<std::uint8_t>(letter.kind));
  writer.number(stamp.boot);
  writer.number(stamp.to_boot);
  writer.number(stamp.sequence);
  writer.name(letter.gateway);
  writer.name(letter.from);
  writer.name(letter.to);
  const std::size_t header = writer.bytes.size();
  writer.append(nonce);
  writer.bytes.resize(header + kNonceBytes + letter.payload.size() + kTagBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(writer.bytes.data() + header + kNonceBytes, nullptr,
                                             letter.payload.data(), letter.payload.size(),
                                             writer.bytes.data(), header, nullptr, nonce.data(),
                                             key.expose().data());
  return std::move(writer.bytes);
}

bool is_letter(std::span<const std::uint8_t> datagram) {
  return datagram.size() >= kMagic.size() &&
         std::ranges::equal(datagram.first(kMagic.size()), kMagic);
}

Result<std::string_view> gateway_of_letter(std::span<const std::uint8_t> datagram) {
  CW_TRY(check_frame(datagram));
  Reader reader(datagram.subspan(kLetterFixedBytes));
  const std::string_view name = reader.name();
  if (!is_name(name, kMostGatewayName)) {
    return refused("a name that is none");
  }
  return name;
}

Result<Letter> open(std::span<const std::uint8_t> datagram, const LetterKey& key) {
  CW_TRY(check_frame(datagram));
  Reader whole(datagram);
  (void)whole.take(kLetterFixedBytes);
  for (int names = 0; names < 3; ++names) {
    (void)whole.name();
  }
  const auto header = datagram.first(datagram.size() - whole.rest().size());
  const auto nonce = whole.take(kNonceBytes);
  const auto sealed = whole.rest();
  if (whole.was_short() || sealed.size() < kTagBytes) {
    return refused("it ends in the middle");
  }
  if (sealed.size() > kMostPayload + kTagBytes) {
    return refused("it goes on behind its end");
  }
  std::vector<std::uint8_t> payload(sealed.size() - kTagBytes);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(payload.data(), nullptr, nullptr, sealed.data(),
                                                 sealed.size(), header.data(), header.size(),
                                                 nonce.data(), key.expose().data()) != 0) {
    return Error::make(ErrorKind::Permission,
                       "a sibling's letter that was not made with this gateway's key: compare the "
                       "gateway's private key on its routers");
  }
  Reader reader(header);
  Letter letter = CW_TRY(read(reader));
  letter.payload = std::move(payload);
  return letter;
}

}  // namespace cw::ha::wire
