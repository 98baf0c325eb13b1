// SPDX-License-Identifier: Apache-2.0
// Siblings' datagrams, and where the peers are.
#include <algorithm>

#include "router/failover/process.h"

namespace cw::failover {

void Process::read_mail(MailSocket& socket) {
  for (int i = 0; i < kMostDatagrams; ++i) {
    auto received = socket.receive();
    if (!received) {
      note("heartbeats", &received.error());
      return;
    }
    const auto& next = *received;
    if (!next) {
      note("heartbeats", static_cast<const Error*>(nullptr));
      return;
    }
    take_datagram(*next);
  }
}

void Process::take_datagram(const Received& received) {
  auto opened = mail_.open(received.bytes);
  if (!opened) {
    ++refused_datagrams_;  // a stranger's, or about a network that only one of us has yet
    return;
  }
  if (auto* heartbeat = std::get_if<Mail::Heartbeat>(&*opened)) {
    ha::Heard heard{.beat = std::move(heartbeat->beat), .ahead = std::nullopt};
    if (received.wall) {
      heard.ahead = ha::Duration(*received.wall - heartbeat->wall);
    }
    take(std::move(heard));
  } else if (const auto* told = std::get_if<Mail::Told>(&*opened)) {
    if (told->kind == ha::wire::Kind::Connections) {
      hear_connections(*told);
      return;
    }
    if (told->kind == ha::wire::Kind::Netmap) {
      hear_netmap(*told);
      return;
    }
    if (told->kind == ha::wire::Kind::Revocations) {
      hear_revocations(*told);
      return;
    }
    // Who was owner before may not know better than who is.
    if (is_owner(told->gateway, told->from) &&
        !books_.merge(told->gateway, told->payload, wall(), now())) {
      ++refused_datagrams_;
    }
  }
}

bool Process::is_owner(const std::string& gateway, const std::string& sibling) const {
  const auto* found = runner_ ? runner_->find(gateway) : nullptr;
  if (found == nullptr) {
    return false;
  }
  const auto known = std::ranges::find(found->siblings, sibling, &ha::Sibling::router);
  return known != found->siblings.end() && ha::is_owning(known->beat.role);
}

void Process::look_at_peers() {
  if (runner_) {
    for (const auto& gateway : runner_->state().gateways) {
      look_at_peers(gateway);
    }
  }
  tell_siblings();
  look_.arm_in(kLook);
}

// A closed gate's device learns nothing: it is read once, when the gate is open.
void Process::look_at_peers(const ha::Gateway& gateway) {
  if (!gateway.gate || !setup_) {
    return;
  }
  for (const auto& gate : setup_->gates) {
    if (gate.name != gateway.name) {
      continue;
    }
    const auto device = wireguard_->device(gate.device);
    if (device) {
      books_.note(gateway.name, device->peers, wall(), ha::is_owning(gateway.role));
    }
    // The agent makes it; until then there is nothing to see.
    note("peers of gateway " + gateway.name,
         device || device.error().kind == ErrorKind::NotFound ? nullptr : &device.error());
  }
}

void Process::tell_siblings() {
  bool more = false;
  if (runner_) {
    for (const auto& gateway : runner_->state().gateways) {
      if (!ha::is_owning(gateway.role)) {
        continue;
      }
      for (const auto& sibling : gateway.siblings) {
        more = tell(gateway, sibling.router) || more;
      }
    }
  }
  if (more) {
    tell_.arm_in(runner_->state().config.timers.heartbeat);
  }
}

bool Process::tell(const ha::Gateway& gateway, const std::string& sibling) {
  const auto told =
      books_.next(gateway.name, sibling, mail_.believed(gateway.name, sibling), now());
  for (const auto& payload : told.payloads) {
    if (!post(gateway.name, sibling, ha::wire::Kind::Peers, payload)) {
      break;  // the next round tells it again
    }
  }
  return told.more;
}

bool Process::post(const std::string& gateway, const std::string& sibling, ha::wire::Kind kind,
                   const std::vector<std::uint8_t>& payload) {
  const auto letter = mail_.write(gateway, sibling, kind, payload);
  if (!letter) {
    return false;
  }
  const auto& datagram = *letter;
  return datagram && post(sibling, *datagram);
}

Result<> Process::post(const std::string& sibling, const Mail::Datagram& datagram) {
  const auto to = setup_->siblings.find(sibling);
  if (to == setup_->siblings.end()) {
    return Error::make(ErrorKind::NotFound, "router " + sibling + " has no address in the network");
  }
  auto& socket = to->second.ip.is_v4() ? mail_v4_ : mail_v6_;
  if (!socket) {
    return Error::make(ErrorKind::Unsupported, "this kernel has no IPv6");
  }
  return socket->send(to->second, datagram);
}

}  // namespace cw::failover
