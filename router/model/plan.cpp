// SPDX-License-Identifier: Apache-2.0
#include "router/model/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace cw::router {

namespace {

std::string text_of(const netlink::Route& route) {
  using netlink::RouteType;
  std::string text;
  if (route.type == RouteType::Unreachable) {
    text = "unreachable ";
  } else if (route.type == RouteType::Blackhole) {
    text = "blackhole ";
  }
  text += route.destination.to_text();
  if (!route.device.empty()) {
    text += " dev " + route.device;
  }
  if (route.preferred_source) {
    text += " src " + route.preferred_source->to_text();
  }
  if (route.mtu != 0) {
    text += fmt::format(" mtu {}", route.mtu);
  }
  return text;
}

std::string text_of(const netlink::Rule& rule) {
  using netlink::RuleAction;
  std::string text =
      fmt::format("{} {}:", rule.family == net::Family::V4 ? "IPv4" : "IPv6", rule.priority);
  if (!rule.iif.empty()) {
    text += " iif " + rule.iif;
  }
  if (rule.destination) {
    text += " to " + rule.destination->to_text();
  }
  if (rule.mark) {
    text += fmt::format(" fwmark {:#x}/{:#x}", rule.mark->value, rule.mark->mask);
  }
  if (rule.source_port != 0) {
    text += fmt::format(" sport {}", rule.source_port);
  }
  switch (rule.action) {
    case RuleAction::Lookup:
      return text + fmt::format(" lookup {}", rule.table);
    case RuleAction::Prohibit:
      return text + " prohibit";
    case RuleAction::Blackhole:
      return text + " blackhole";
    case RuleAction::Unreachable:
      return text + " unreachable";
  }
  return text;
}

std::string text_of(const via6::Parameters& parameters) {
  std::vector<std::string> routes;
  for (const auto& route : parameters.routes) {
    if (route.is_v4()) {
      routes.push_back(route.to_text());
    }
  }
  return fmt::format("{} to {}", net::site_via(parameters.via_prefix, parameters.site).to_text(),
                     routes.size() == 1 ? routes.front() : fmt::format("{} routes", routes.size()));
}

std::string text_of(const NamedPeerChange& peer) {
  std::string text = peer.name.empty() ? peer.change.key.to_text() : peer.name;
  if (!peer.change.allowed_ips.empty()) {
    std::vector<std::string> ips;
    for (const auto& ip : peer.change.allowed_ips) {
      ips.push_back(ip.to_text());
    }
    text +=
        fmt::format(" {}{}", peer.change.replace_allowed_ips ? "only " : "", fmt::join(ips, " "));
  }
  if (peer.change.endpoint) {
    text += " at " + peer.change.endpoint->to_text();
  }
  if (peer.change.keepalive_seconds) {
    text += fmt::format(" keepalive {}", *peer.change.keepalive_seconds);
  }
  if (peer.change.clear_preshared_key) {
    text += " without preshared key";
  }
  return text;
}

class Lines {
 public:
  explicit Lines(const std::string& reason) : reason_(reason) {}

  void operator()(const CreateDevice& a) { add("+ device {} mtu {}", a.device, a.mtu); }

  void operator()(const RemoveDevice& a) { add("- device {}", a.device); }

  void operator()(const SetMtu& a) { add("~ device {} mtu {}", a.device, a.mtu); }

  void operator()(const SetUp& a) { add("~ device {} up", a.device); }

  void operator()(const ConfigureDevice& a) {
    std::string what;
    if (a.key) {
      what += " key " + a.key->to_text();
    }
    if (a.listen_port) {
      what += fmt::format(" port {}", *a.listen_port);
    }
    if (a.fwmark) {
      what += fmt::format(" fwmark {:#x}", *a.fwmark);
    }
    add("~ device {}{}", a.device, what);
  }

  void operator()(const ChangePeers& a) {
    using netlink::PeerVerb;
    for (const auto& peer : a.peers) {
      const auto verb = peer.change.verb;
      const char* sign = verb == PeerVerb::Remove ? "-" : verb == PeerVerb::Set ? "+" : "~";
      add("{} peer {} {}", sign, a.device, text_of(peer));
    }
  }

  void operator()(const StartHandshakes& a) {
    add("~ device {} start {} handshake{}", a.device, a.peers.size(),
        a.peers.size() == 1 ? "" : "s");
  }

  void operator()(const AddAddress& a) {
    add("+ address {} dev {}", a.address.prefix.to_text(), a.address.device);
  }

  void operator()(const RemoveAddress& a) {
    add("- address {} dev {}", a.address.prefix.to_text(), a.address.device);
  }

  void operator()(const AddRoute& a) { add("+ route {}", text_of(a.route)); }

  void operator()(const RemoveRoute& a) { add("- route {}", text_of(a.route)); }

  void operator()(const AddRule& a) { add("+ rule {}", text_of(a.rule)); }

  void operator()(const RemoveRule& a) { add("- rule {}", text_of(a.rule)); }

  void operator()(const AttachTranslator& a) {
    add("~ device {} 4via6 {}", a.device, text_of(a.parameters));
  }

  void operator()(const DetachTranslator& a) { add("~ device {} without 4via6", a.device); }

  void operator()(const SetSysctl& a) { add("~ sysctl {} = {}", a.sysctl.key, a.sysctl.value); }

  void operator()(const ReplaceRuleset& a) {
    std::size_t elements = 0;
    for (const auto& set : a.ruleset.contents.sets) {
      elements += set.elements.size();
    }
    add("~ firewall table inet {}, {} elements", firewall::kTable, elements);
  }

  void operator()(const ExchangeContents& a) {
    const auto& what = a.exchange;
    for (const auto& counter : what.counters_added) {
      add("+ firewall counter {}", counter);
    }
    for (const auto& rights : what.rights_added) {
      add("+ firewall rights {}", rights);
    }
    for (const auto& jump : what.jumps_added) {
      add("+ firewall {}: {}", jump.chain, jump.to);
    }
    for (const auto& jump : what.jumps_changed) {
      add("~ firewall {}: {}", jump.chain, jump.to);
    }
    for (const auto& change : what.changes) {
      for (const auto& element : change.removed) {
        add("- firewall {} {}", change.name, element);
      }
      for (const auto& element : change.added) {
        add("+ firewall {} {}", change.name, element);
      }
    }
    for (const auto* removed : {&what.jumps_removed, &what.rights_removed}) {
      for (const auto& chain : *removed) {
        add("- firewall {}", chain);
      }
    }
    for (const auto& counter : what.counters_removed) {
      add("- firewall counter {}", counter);
    }
    if (what.empty()) {
      add("~ firewall digest {}", a.after.to_text());
    }
  }

  void operator()(const RemoveRuleset& /*a*/) { add("- firewall table inet {}", firewall::kTable); }

  std::vector<std::string> take() { return std::move(lines_); }

 private:
  template <class... Args>
  void add(fmt::format_string<Args...> form, Args&&... args) {
    lines_.push_back(fmt::format(form, std::forward<Args>(args)...) + " (" + reason_ + ")");
  }

  const std::string& reason_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> to_lines(const Step& step) {
  Lines lines(step.reason);
  std::visit([&](const auto& action) { lines(action); }, step.action);
  return lines.take();
}

std::vector<std::string> to_lines(const Plan& plan) {
  std::vector<std::string> all;
  for (const auto& step : plan.steps) {
    for (auto& line : to_lines(step)) {
      all.push_back(std::move(line));
    }
  }
  return all;
}

}  // namespace cw::router
