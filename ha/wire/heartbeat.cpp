// SPDX-License-Identifier: Apache-2.0
#include "ha/wire/heartbeat.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <sodium.h>

#include "ha/wire/bytes.h"

namespace cw::ha::wire {

namespace {

constexpr std::array<std::uint8_t, 4> kMagic{'C', 'W', 'H', 'B'};
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kVersionAt = kMagic.size();

constexpr std::uint8_t kGoodbye = 1U << 0U;
constexpr std::uint8_t kProvisional = 1U << 1U;
constexpr std::uint8_t kHandover = 1U << 2U;
constexpr std::uint8_t kGo = 1U << 3U;
constexpr std::uint8_t kKnownFlags = kGoodbye | kProvisional | kHandover | kGo;

constexpr std::int64_t kMostSilence = 60'000;

static_assert(kTagBytes >= crypto_generichash_BYTES_MIN &&
              kTagBytes <= crypto_generichash_BYTES_MAX);

Error refused(std::string_view why) {
  return Error::invalid(fmt::format("not a heartbeat: {}", why));
}

std::array<std::uint8_t, kTagBytes> tag_of(std::span<const std::uint8_t> bytes,
                                           const HeartbeatKey& key) {
  std::array<std::uint8_t, kTagBytes> tag{};
  crypto_generichash(tag.data(), tag.size(), bytes.data(), bytes.size(), key.expose().data(),
                     key.expose().size());
  return tag;
}

Result<> check_frame(std::span<const std::uint8_t> datagram) {
  if (datagram.size() < kLeastBytes || datagram.size() > kMostBytes) {
    return refused(fmt::format("{} bytes", datagram.size()));
  }
  if (!std::ranges::equal(datagram.first(kMagic.size()), kMagic)) {
    return refused("it begins otherwise");
  }
  if (datagram[kVersionAt] != kVersion) {
    return Error::make(ErrorKind::Unsupported,
                       fmt::format("a heartbeat of version {}, and this is version {}: finish the "
                                   "upgrade of the site's routers",
                                   datagram[kVersionAt], kVersion));
  }
  return {};
}

Result<Heartbeat> read(Reader& reader) {
  Heartbeat heartbeat;
  Beat& beat = heartbeat.beat;
  Proof& proof = heartbeat.proof;
  (void)reader.take(kMagic.size() + 1);  // check_frame()
  const auto flags = reader.number<std::uint8_t>();
  const auto role = reader.number<std::uint8_t>();
  const auto fitness = reader.number<std::uint8_t>();
  proof.boot = reader.number<std::uint64_t>();
  proof.sequence = reader.number<std::uint64_t>();
  proof.echoed_boot = reader.number<std::uint64_t>();
  proof.echoed_sequence = reader.number<std::uint64_t>();
  heartbeat.wall = reader.number<std::int64_t>();
  beat.epoch = {.term = reader.number<std::uint64_t>(), .provisional = (flags & kProvisional) != 0};
  beat.serial = reader.number<std::uint64_t>();
  beat.ready = reader.number<std::uint64_t>();
  const auto handover = reader.number<std::uint64_t>();
  beat.owned = reader.number<std::uint32_t>();
  beat.pauses = reader.number<std::uint32_t>();
  const auto silence = reader.number<std::uint32_t>();
  beat.out_of_reach = reader.number<std::uint16_t>();
  beat.gateway = reader.name();
  beat.router = reader.name();
  heartbeat.to = reader.name();
  const std::string_view to = reader.name();
  if (!reader.is_at_end()) {
    return refused(reader.was_short() ? "it ends in the middle" : "it goes on behind its end");
  }
  const bool handing = (flags & kHandover) != 0;
  if ((flags & ~kKnownFlags) != 0 || role > static_cast<std::uint8_t>(Role::Fenced) ||
      fitness > static_cast<std::uint8_t>(Fitness::Unfit) || silence > kMostSilence ||
      proof.sequence == 0 || handing != !to.empty() || (!handing && handover != 0) ||
      (!handing && (flags & kGo) != 0)) {
    return refused("a value that none has");
  }
  if (!is_name(beat.gateway, kMostGatewayName) || !is_name(beat.router, kMostName) ||
      !is_name(heartbeat.to, kMostName) || (handing && !is_name(to, kMostName))) {
    return refused("a name that is none");
  }
  beat.role = static_cast<Role>(role);
  beat.fitness = static_cast<Fitness>(fitness);
  beat.goodbye = (flags & kGoodbye) != 0;
  beat.silence = Duration{silence};
  if (handing) {
    beat.handover = Handover{.id = handover, .to = std::string(to), .go = (flags & kGo) != 0};
  }
  return heartbeat;
}

}  // namespace

Result<std::vector<std::uint8_t>> seal(const Heartbeat& heartbeat, const HeartbeatKey& key) {
  const Beat& beat = heartbeat.beat;
  const std::string to = beat.handover ? beat.handover->to : "";
  if (!is_name(beat.gateway, kMostGatewayName) || !is_name(beat.router, kMostName) ||
      !is_name(heartbeat.to, kMostName) || (beat.handover && !is_name(to, kMostName)) ||
      beat.silence.count() < 0 || beat.silence.count() > kMostSilence ||
      heartbeat.proof.sequence == 0) {
    return Error::make(ErrorKind::Bug, "a heartbeat that cannot be sent");
  }
  Writer writer;
  writer.bytes.reserve(kMostBytes);
  writer.bytes.assign(kMagic.begin(), kMagic.end());
  writer.number(kVersion);
  writer.number(static_cast<std::uint8_t>(
      (beat.goodbye ? kGoodbye : 0U) | (beat.epoch.provisional ? kProvisional : 0U) |
      (beat.handover ? kHandover : 0U) | (beat.handover && beat.handover->go ? kGo : 0U)));
  writer.number(static_cast<std::uint8_t>(beat.role));
  writer.number(static_cast<std::uint8_t>(beat.fitness));
  writer.number(heartbeat.proof.boot);
  writer.number(heartbeat.proof.sequence);
  writer.number(heartbeat.proof.echoed_boot);
  writer.number(heartbeat.proof.echoed_sequence);
  writer.number(static_cast<std::uint64_t>(heartbeat.wall));
  writer.number(beat.epoch.term);
  writer.number(beat.serial);
  writer.number(beat.ready);
  writer.number(beat.handover ? beat.handover->id : std::uint64_t{0});
  writer.number(beat.owned);
  writer.number(beat.pauses);
  writer.number(static_cast<std::uint32_t>(beat.silence.count()));
  writer.number(beat.out_of_reach);
  writer.name(beat.gateway);
  writer.name(beat.router);
  writer.name(heartbeat.to);
  writer.name(to);
  const auto tag = tag_of(writer.bytes, key);
  writer.bytes.insert(writer.bytes.end(), tag.begin(), tag.end());
  return std::move(writer.bytes);
}

Result<std::string_view> gateway_of(std::span<const std::uint8_t> datagram) {
  CW_TRY(check_frame(datagram));
  Reader reader(datagram.first(datagram.size() - kTagBytes));
  (void)reader.take(kFixedBytes);
  const std::string_view name = reader.name();
  if (!is_name(name, kMostGatewayName)) {
    return refused("a name that is none");
  }
  return name;
}

Result<Heartbeat> open(std::span<const std::uint8_t> datagram, const HeartbeatKey& key) {
  CW_TRY(check_frame(datagram));
  const auto body = datagram.first(datagram.size() - kTagBytes);
  const auto tag = tag_of(body, key);
  if (sodium_memcmp(tag.data(), datagram.last(kTagBytes).data(), kTagBytes) != 0) {
    return Error::make(ErrorKind::Permission,
                       "a heartbeat that was not made with this gateway's key: compare the "
                       "gateway's private key on its routers");
  }
  Reader reader(body);
  return read(reader);
}

}  // namespace cw::ha::wire
