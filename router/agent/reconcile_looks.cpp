// SPDX-License-Identifier: Apache-2.0
// What the reconciler sees when it looks around: the devices and who is on them, and what of the
// network the host uses for something else.
#include <algorithm>
#include <iterator>
#include <utility>

#include "router/agent/reconcile.h"
#include "router/api/status.h"
#include "router/model/ownership.h"
#include "router/plan/rotation.h"

namespace cw::agent {

// Of a host that cannot be read: none, and the next round looks again before it does anything.
std::vector<router::Overlap> Reconciler::overlaps_of(const network::Netmap& netmap) {
  const auto ours = router::gateway_prefixes(netmap, snapshot_.host);
  if (has_netmap_ && !down_ && ours == router::gateway_prefixes(snapshot_.netmap, snapshot_.host)) {
    return snapshot_.overlaps;
  }
  auto found = look_at_host(ours);
  host_unread_ = found ? std::nullopt : std::optional(found.error());
  return std::move(found).value_or(std::vector<router::Overlap>());
}

// What is routed into our tunnels already stays, whoever came later.
Result<std::vector<router::Overlap>> Reconciler::look_at_host(
    const std::vector<router::GatewayPrefix>& ours) {
  std::vector<net::Prefix> prefixes;
  std::ranges::transform(ours, std::back_inserter(prefixes), &router::GatewayPrefix::prefix);
  const auto theirs = CW_TRY(sinks_.routes.overlapping(prefixes));
  if (theirs.empty()) {
    return std::vector<router::Overlap>();
  }
  const auto routes = CW_TRY(sinks_.routes.routes());
  std::vector<net::Prefix> in_force;
  std::ranges::transform(routes, std::back_inserter(in_force), &netlink::Route::destination);
  return router::overlaps(ours, theirs, in_force);
}

void Reconciler::look_for_overlaps() {
  if (!has_netmap_ || down_) {
    host_unread_.reset();
    return;
  }
  const auto& before = snapshot_.overlaps;
  auto now = look_at_host(router::gateway_prefixes(snapshot_.netmap, snapshot_.host));
  if (!now) {
    if (host_unread_) {
      host_unread_ = std::move(now).error();
    }
    return;  // what was found before stays
  }
  const bool first = std::exchange(host_unread_, std::nullopt).has_value();
  for (auto& overlap : *now) {
    // One that serves goes on, also while somebody has removed its route.
    overlap.in_force =
        overlap.in_force || (!first && !router::is_left_out(overlap.gateway, before));
  }
  if (*now != before) {
    snapshot_.overlaps = std::move(*now);
    forget_desired();
  }
}

void Reconciler::remember_endpoints(const std::vector<netlink::WgDevice>& devices, WallTime now) {
  for (const auto& device : devices) {
    for (const auto& peer : device.peers) {
      if (!peer.endpoint || !peer.last_handshake || now - *peer.last_handshake >= api::kActiveFor) {
        continue;
      }
      auto& seen = snapshot_.last_seen[peer.key];
      if (seen.last_handshake <= *peer.last_handshake) {
        seen = {.endpoint = *peer.endpoint,
                .last_handshake = *peer.last_handshake,
                .device = device.name};
      }
    }
  }
  // An endpoint whose session is over helps nobody.
  std::erase_if(snapshot_.last_seen, [now](const auto& seen) {
    return now - seen.second.last_handshake >= api::kActiveFor;
  });
  endpoints_are_old_ = true;
}

bool Reconciler::is_replacing() const {
  return has_netmap_ && !down_ && !router::replacements(snapshot_.netmap, snapshot_.host).empty();
}

// True where what is wanted follows from other moves than these.
bool Reconciler::note_moves(const router::Dump<netlink::WgDevice>& devices) {
  if (!devices.complete) {
    return false;
  }
  auto moved = router::moved(router::replacements(snapshot_.netmap, snapshot_.host), devices.items);
  return std::exchange(snapshot_.moved, moved) != moved;
}

router::Dump<netlink::WgDevice> Reconciler::read_devices(WallTime now) {
  router::Dump<netlink::WgDevice> devices;
  if (!has_netmap_ && !down_) {
    return devices;
  }
  const auto desired = wanted(now);
  if (!desired) {
    return devices;
  }
  devices.complete = true;
  for (const auto& device : (*desired)->devices) {
    auto found = sinks_.wireguard.device(device.name);
    if (found) {
      devices.items.push_back(std::move(*found));
    } else {
      devices.complete = devices.complete && found.error().kind == ErrorKind::NotFound;
    }
  }
  return devices;
}

std::vector<router::Translator> Reconciler::translators() {
  auto wanted = desired_ ? desired_->translators : std::vector<router::Translator>();
  std::erase_if(wanted, [this](const router::Translator& translator) {
    const auto there = sinks_.translators.attached(translator.device);
    return !there || !there->runs(translator.digest);
  });
  return wanted;
}

std::map<std::string, Error> Reconciler::refusals() const {
  auto wanted = refusals_;
  std::erase_if(wanted, [this](const auto& refusal) {
    return !desired_ ||
           std::ranges::find(desired_->translators, refusal.first, &router::Translator::device) ==
               desired_->translators.end();
  });
  return wanted;
}

Result<via6::Counters> Reconciler::translated(const std::string& device) {
  return sinks_.translators.counters(device);
}

Result<std::vector<netlink::WgDevice>> Reconciler::devices_of_ours() {
  std::vector<netlink::WgDevice> devices;
  const auto links = CW_TRY(sinks_.routes.links());
  for (const auto& link : links) {
    if (!link.name.starts_with(router::kDevicePrefix)) {
      continue;
    }
    auto device = sinks_.wireguard.device(link.name);
    if (device) {
      devices.push_back(std::move(*device));
    } else if (device.error().kind != ErrorKind::NotFound) {  // somebody else's, or gone
      return std::move(device).error();
    }
  }
  return devices;
}

}  // namespace cw::agent
