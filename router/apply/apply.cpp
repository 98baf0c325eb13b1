// SPDX-License-Identifier: Apache-2.0
#include "router/apply/apply.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "firewall/ruleset/transactions.h"

namespace cw::router {

namespace {

// 0 to N makes the kernel send a keepalive, and so a handshake, at once
// (drivers/net/wireguard/netlink.c, set_peer); the next message sets it back.
constexpr std::uint16_t kKickKeepaliveSeconds = 25;

Result<> run(const CreateDevice& step, Sinks& sinks, const KeyRing& /*keys*/) {
  return sinks.routes.create_wireguard(step.device, step.mtu);
}

Result<> run(const RemoveDevice& step, Sinks& sinks, const KeyRing& /*keys*/) {
  return sinks.routes.remove_link(step.device);
}

Result<> run(const SetMtu& step, Sinks& sinks, const KeyRing& /*keys*/) {
  return sinks.routes.set_mtu(step.device, step.mtu);
}

Result<> run(const SetUp& step, Sinks& sinks, const KeyRing& /*keys*/) {
  return sinks.routes.set_up(step.device);
}

Result<> run(const ConfigureDevice& step, Sinks& sinks, const KeyRing& keys) {
  netlink::WgDeviceChange change{
      .device = step.device, .listen_port = step.listen_port, .fwmark = step.fwmark};
  if (step.key) {
    const auto key = keys.find(*step.key);
    if (key == keys.end()) {
      return Error::make(ErrorKind::Bug,
                         fmt::format("no private key is held for {}", step.key->to_text()));
    }
    change.private_key = &key->second;
  }
  return sinks.wireguard.change(change);
}

Result<> change_peers(Sinks& sinks, const std::string& device,
                      std::vector<netlink::WgPeerChange> peers) {
  return sinks.wireguard.change({.device = device, .peers = std::move(peers)});
}

Result<> run(const ChangePeers& step, Sinks& sinks, const KeyRing& /*keys*/) {
  std::vector<netlink::WgPeerChange> peers;
  peers.reserve(step.peers.size());
  for (const auto& peer : step.peers) {
    peers.push_back(peer.change);
  }
  return change_peers(sinks, step.device, std::move(peers));
}

Result<> run(const StartHandshakes& step, Sinks& sinks, const KeyRing& /*keys*/) {
  for (const std::uint16_t keepalive : {kKickKeepaliveSeconds, std::uint16_t{0}}) {
    std::vector<netlink::WgPeerChange> peers;
    peers.reserve(step.peers.size());
    for (const auto& key : step.peers) {
      netlink::WgPeerChange change{.key = key, .verb = netlink::PeerVerb::Update};
      change.keepalive_seconds = keepalive;
      peers.push_back(std::move(change));
    }
    CW_TRY(change_peers(sinks, step.device, std::move(peers)));
  }
  return {};
}

Result<> run(const AddAddress& step, Sinks& sinks, const KeyRing& /*keys*/) {
  return sinks.routes.add_address(step.address);
}

Result<> run(const RemoveAddress& step, Sinks& sinks, const KeyRing& /*keys*/) {
  return sinks.routes.remove_address(step.address);
}

Result<> run(const AddRoute& step, Sinks& sinks, const KeyRing& /*keys*/) {
  return sinks.routes.add_route(step.route);
}

Result<> run(const RemoveRoute& step, Sinks& sinks, const KeyRing& /*keys*/) {
  return sinks.routes.remove_route(step.route);
}

Result<> run(const AddRule& step, Sinks& sinks, const KeyRing& /*keys*/) {
  return sinks.routes.add_rule(step.rule);
}

Result<> run(const RemoveRule& step, Sinks& sinks, const KeyRing& /*keys*/) {
  return sinks.routes.remove_rule(step.rule);
}

Result<> run(const AttachTranslator& step, Sinks& sinks, const KeyRing& /*keys*/) {
  return sinks.translators.attach(step.device, step.parameters);
}

Result<> run(const DetachTranslator& step, Sinks& sinks, const KeyRing& /*keys*/) {
  return sinks.translators.detach(step.device);
}

Result<> run(const SetSysctl& step, Sinks& sinks, const KeyRing& /*keys*/) {
  return sinks.sysctls.write(step.sysctl);
}

Result<> run(const ReplaceRuleset& step, Sinks& sinks, const KeyRing& /*keys*/) {
  if (!step.another) {
    return sinks.firewall.start(firewall::start_texts(step.ruleset, step.clients));
  }
  return sinks.firewall.commit(firewall::replace_text(step.ruleset, step.clients));
}

Result<> run(const ExchangeContents& step, Sinks& sinks, const KeyRing& /*keys*/) {
  const auto texts = firewall::exchange_texts(step.exchange, step.after);
  if (!step.exchange.changes_chains()) {
    return sinks.firewall.commit(texts.front());
  }
  CW_TRY(sinks.firewall.exchange(texts));
  if (sinks.decided) {
    sinks.decided();
  }
  return sinks.firewall.finish(firewall::clear_text(step.exchange));
}

Result<> run(const RemoveRuleset& /*step*/, Sinks& sinks, const KeyRing& /*keys*/) {
  return sinks.firewall.commit(firewall::remove_text());
}

// What a step needs that an earlier one may have failed to do.
struct Dependence {
  std::string device;         // empty: none
  bool makes_device = false;  // without it there is nothing for the later steps of the device
  bool prepares = false;      // without it the device must not be opened
  bool opens = false;         // lets packets through: only a prepared device, behind a firewall
  bool is_firewall = false;
  bool removes_device = false;
  bool uncloses = false;  // takes away what closes a device: only when the device is gone
};

struct DependenceOf {
  Dependence operator()(const CreateDevice& a) const {
    return {.device = a.device, .makes_device = true};
  }

  Dependence operator()(const ConfigureDevice& a) const {
    return {.device = a.device, .prepares = true};
  }

  Dependence operator()(const SetUp& a) const { return {.device = a.device, .opens = true}; }

  Dependence operator()(const SetMtu& a) const { return {.device = a.device}; }

  Dependence operator()(const ChangePeers& a) const { return {.device = a.device}; }

  Dependence operator()(const StartHandshakes& a) const { return {.device = a.device}; }

  Dependence operator()(const AddAddress& a) const { return {.device = a.address.device}; }

  Dependence operator()(const AddRoute& a) const {
    return {.device = a.route.device, .opens = true};
  }

  Dependence operator()(const AddRule& a) const {
    const bool closes = a.rule.action == netlink::RuleAction::Prohibit ||
                        a.rule.action == netlink::RuleAction::Blackhole;
    return {.device = closes ? a.rule.iif : std::string(), .prepares = closes};
  }

  Dependence operator()(const AttachTranslator& a) const {
    return {.device = a.device, .opens = true};
  }

  Dependence operator()(const SetSysctl& /*a*/) const { return {.opens = true}; }

  Dependence operator()(const ReplaceRuleset& /*a*/) const { return {.is_firewall = true}; }

  Dependence operator()(const ExchangeContents& /*a*/) const { return {.is_firewall = true}; }

  Dependence operator()(const RemoveDevice& /*a*/) const { return {.removes_device = true}; }

  Dependence operator()(const RemoveRule& /*a*/) const { return {.uncloses = true}; }

  Dependence operator()(const RemoveRuleset& /*a*/) const { return {.uncloses = true}; }

  template <class Other>
  Dependence operator()(const Other& /*a*/) const {
    return {};
  }
};

// What failed so far, and so which of the later steps are left out.
class Failures {
 public:
  [[nodiscard]] bool forbid(const Dependence& step) const {
    return missing_.contains(step.device) ||
           (step.opens && (firewall_ || unprepared_.contains(step.device))) ||
           (step.uncloses && removal_);
  }

  void note(const Dependence& step) {
    firewall_ = firewall_ || step.is_firewall;
    removal_ = removal_ || step.removes_device;
    if (step.makes_device) {
      missing_.insert(step.device);
    }
    if (step.prepares) {
      unprepared_.insert(step.device);
    }
  }

 private:
  std::set<std::string> missing_;
  std::set<std::string> unprepared_;
  bool firewall_ = false;
  bool removal_ = false;
};

// The rules are in force. Where others change nftables all the time, no moment may be found to seal
// them, and that is for a later round: nothing that they guard has to wait for it.
std::optional<Error> seal(firewall::FirewallSink& firewall, Failures& failures,
                          const Dependence& dependence) {
  auto sealed = firewall.seal();
  if (sealed) {
    return std::nullopt;
  }
  if (sealed.error().kind != ErrorKind::Interrupted) {
    failures.note(dependence);
  }
  return std::move(sealed).error();
}

}  // namespace

bool Report::ok() const {
  return std::ranges::all_of(
      outcomes, [](const Outcome& outcome) { return !outcome.error && !outcome.left_out; });
}

Report apply(const Plan& plan, Sinks& sinks, const KeyRing& keys) {
  Report report;
  Failures failures;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const auto& action = plan.steps[i].action;
    const auto dependence = std::visit(DependenceOf{}, action);
    Outcome outcome{.step = i};
    if (failures.forbid(dependence)) {
      outcome.left_out = true;
    } else {
      auto done = std::visit([&](const auto& step) { return run(step, sinks, keys); }, action);
      if (!done) {
        outcome.error = std::move(done).error();
      }
    }
    if (outcome.error || outcome.left_out) {
      failures.note(dependence);
    } else if (std::holds_alternative<ReplaceRuleset>(action)) {
      outcome.error = seal(sinks.firewall, failures, dependence);
    }
    report.outcomes.push_back(std::move(outcome));
  }
  return report;
}

}  // namespace cw::router
