// SPDX-License-Identifier: Apache-2.0
#include "ha/netmap/payload.h"

#include <limits>

#include <fmt/format.h>

#include "ha/wire/bytes.h"
#include "ha/wire/sealed.h"

namespace cw::ha::netmap {

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kPieceHeaderBytes = 1 + 1 + 8 + 8 + 4 + 1;
static_assert(kPieceHeaderBytes + kPieceBytes <= wire::kMostPayload);
static_assert(kMostNetmap <= std::numeric_limits<std::uint32_t>::max());
static_assert(kWindow == std::numeric_limits<decltype(Have::further)>::digits);

// As std::variant counts them.
enum class Kind : std::uint8_t { Offer, Piece, Have, Enough };

Error refused(std::string_view why) {
  return Error::invalid(fmt::format("nothing that siblings say of netmaps: {}", why));
}

struct Write {
  wire::Writer& to;

  void operator()(const Offer& offer) const { to.number(offer.size); }

  void operator()(const Piece& piece) const {
    to.number(piece.index);
    to.number(static_cast<std::uint8_t>(piece.ask ? 1 : 0));
    to.bytes.insert(to.bytes.end(), piece.content.begin(), piece.content.end());
  }

  void operator()(const Have& have) const {
    to.number(have.next);
    to.number(have.further);
  }

  void operator()(const Enough& /*enough*/) const {}
};

Result<Offer> read_offer(wire::Reader& reader) {
  const Offer offer{.size = reader.number<std::uint32_t>()};
  if (offer.size == 0 || offer.size > kMostNetmap) {
    return refused(fmt::format("a file of {} bytes", offer.size));
  }
  return offer;
}

Result<Piece> read_piece(wire::Reader& reader) {
  Piece piece;
  piece.index = reader.number<std::uint32_t>();
  const auto ask = reader.number<std::uint8_t>();
  const auto content = reader.take(reader.rest().size());
  if (ask > 1 || content.empty() || content.size() > kPieceBytes ||
      piece.index >= pieces_of(kMostNetmap)) {
    return refused("a piece that none is");
  }
  piece.ask = ask == 1;
  piece.content.assign(content.begin(), content.end());
  return piece;
}

Result<Have> read_have(wire::Reader& reader) {
  Have have;
  have.next = reader.number<std::uint32_t>();
  have.further = reader.number<std::uint16_t>();
  if ((have.further & 1U) != 0 || have.next > pieces_of(kMostNetmap)) {
    return refused("pieces that nobody can have");
  }
  return have;
}

Result<decltype(Said::what)> read_what(Kind kind, wire::Reader& reader) {
  using What = decltype(Said::what);
  switch (kind) {
    case Kind::Offer:
      return What(CW_TRY(read_offer(reader)));
    case Kind::Piece:
      return What(CW_TRY(read_piece(reader)));
    case Kind::Have:
      return What(CW_TRY(read_have(reader)));
    case Kind::Enough:
      return What(Enough{});
  }
  return refused("of another kind");
}

}  // namespace

// FNV-1a, over what the letters' authentication vouches for already.
Id id_of(std::uint64_t serial, std::string_view bytes) {
  constexpr std::uint64_t kOffset = 0xcbf29ce484222325;
  constexpr std::uint64_t kPrime = 0x100000001b3;
  std::uint64_t digest = kOffset;
  for (const char byte : bytes) {
    digest = (digest ^ static_cast<std::uint8_t>(byte)) * kPrime;
  }
  return {.serial = serial, .digest = digest};
}

Payload write(const Said& said) {
  wire::Writer writer;
  writer.number(kVersion);
  writer.number(static_cast<std::uint8_t>(said.what.index()));
  writer.number(said.of.serial);
  writer.number(said.of.digest);
  std::visit(Write{writer}, said.what);
  return std::move(writer.bytes);
}

Result<Said> read(std::span<const std::uint8_t> payload) {
  wire::Reader reader(payload);
  const auto version = reader.number<std::uint8_t>();
  const auto kind = reader.number<std::uint8_t>();
  if (version != kVersion && !reader.was_short()) {
    return Error::make(ErrorKind::Unsupported,
                       fmt::format("a sibling hands netmaps over by version {}, and this is "
                                   "version {}: finish the upgrade of the site's routers",
                                   version, kVersion));
  }
  Said said;
  said.of.serial = reader.number<std::uint64_t>();
  said.of.digest = reader.number<std::uint64_t>();
  said.what = CW_TRY(read_what(static_cast<Kind>(kind), reader));
  if (!reader.is_at_end() || said.of.serial == 0) {
    return refused("its length");
  }
  return said;
}

}  // namespace cw::ha::netmap
