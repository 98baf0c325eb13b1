// SPDX-License-Identifier: Apache-2.0
#include "router/failover/mail.h"

#include <fmt/format.h>

namespace cw::failover {

namespace wire = ha::wire;

void Mail::configure(const ha::Config& config) {
  std::map<Between, Line> lines;
  for (const auto& gateway : config.gateways) {
    for (const auto& router : gateway.routers) {
      const Between between(gateway.name, router);
      if (router == router_) {
        continue;
      }
      const auto old = lines_.find(between);
      lines.emplace(between, old != lines_.end()
                                 ? std::move(old->second)
                                 : Line{.heartbeats = {.boot = boot_}, .letters = {}});
    }
  }
  lines_ = std::move(lines);
}

Result<const Mail::Keys*> Mail::keys_of(std::string_view gateway) const {
  const auto found = keys_.find(std::string(gateway));
  if (found == keys_.end()) {
    return Error::invalid(fmt::format("about gateway '{}', which is not this router's", gateway));
  }
  return &found->second;
}

Result<Mail::Line*> Mail::line_of(const std::string& gateway, const std::string& sibling) {
  const auto found = lines_.find({gateway, sibling});
  if (found == lines_.end()) {
    return Error::invalid(fmt::format(
        "router '{}' does not share gateway '{}' by this router's network", sibling, gateway));
  }
  return &found->second;
}

Result<Mail::Datagram> Mail::write(const ha::Beat& beat, const std::string& to, std::int64_t wall) {
  const auto* keys = CW_TRY(keys_of(beat.gateway));
  auto* line = CW_TRY(line_of(beat.gateway, to));
  return wire::seal(
      wire::Heartbeat{
          .beat = beat, .to = to, .proof = wire::next_proof(line->heartbeats), .wall = wall},
      keys->heartbeats);
}

Result<std::optional<Mail::Datagram>> Mail::write(const std::string& gateway, const std::string& to,
                                                  wire::Kind kind,
                                                  std::vector<std::uint8_t> payload) {
  const auto* keys = CW_TRY(keys_of(gateway));
  auto* line = CW_TRY(line_of(gateway, to));
  const auto stamp = wire::next_stamp(line->letters, line->heartbeats);
  if (!stamp) {
    return std::optional<Datagram>();
  }
  return std::optional(CW_TRY(wire::seal(wire::Letter{.kind = kind,
                                                      .gateway = gateway,
                                                      .from = router_,
                                                      .to = to,
                                                      .stamp = *stamp,
                                                      .payload = std::move(payload)},
                                         keys->letters)));
}

Result<Mail::Opened> Mail::open(std::span<const std::uint8_t> datagram) {
  return wire::is_letter(datagram) ? open_letter(datagram) : open_heartbeat(datagram);
}

Result<Mail::Opened> Mail::open_heartbeat(std::span<const std::uint8_t> datagram) {
  const auto gateway = CW_TRY(wire::gateway_of(datagram));
  const auto* keys = CW_TRY(keys_of(gateway));
  auto heartbeat = CW_TRY(wire::open(datagram, keys->heartbeats));
  auto* line = CW_TRY(line_of(heartbeat.beat.gateway, heartbeat.beat.router));
  if (heartbeat.to != router_) {
    return Error::invalid(fmt::format("a heartbeat for router '{}'", heartbeat.to));
  }
  if (wire::take(line->heartbeats, heartbeat.proof) != wire::Verdict::Taken) {
    return Opened(Unused{});
  }
  return Opened(Heartbeat{.beat = std::move(heartbeat.beat), .wall = heartbeat.wall});
}

Result<Mail::Opened> Mail::open_letter(std::span<const std::uint8_t> datagram) {
  const auto gateway = CW_TRY(wire::gateway_of_letter(datagram));
  const auto* keys = CW_TRY(keys_of(gateway));
  auto letter = CW_TRY(wire::open(datagram, keys->letters));
  auto* line = CW_TRY(line_of(letter.gateway, letter.from));
  if (letter.to != router_) {
    return Error::invalid(fmt::format("a letter for router '{}'", letter.to));
  }
  if (wire::take_sealed(line->letters, line->heartbeats, letter.stamp) != wire::Verdict::Taken) {
    return Opened(Unused{});
  }
  return Opened(Told{.gateway = std::move(letter.gateway),
                     .from = std::move(letter.from),
                     .kind = letter.kind,
                     .payload = std::move(letter.payload)});
}

std::uint64_t Mail::believed(const std::string& gateway, const std::string& sibling) const {
  const auto found = lines_.find({gateway, sibling});
  return found == lines_.end() ? 0 : found->second.heartbeats.believed;
}

}  // namespace cw::failover
