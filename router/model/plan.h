// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "firewall/ruleset/ruleset.h"
#include "net/endpoint.h"
#include "netlink/codec/route_values.h"
#include "netlink/codec/wireguard_values.h"
#include "via6/parameters.h"

// What is to be done, in order, each step with the reason for it. Plain values: a plan can be
// shown, compared and applied, and it holds no private key.
namespace cw::router {

struct CreateDevice {
  std::string device;
  std::uint32_t mtu = 0;
  friend bool operator==(const CreateDevice&, const CreateDevice&) = default;
};

struct RemoveDevice {
  std::string device;
  friend bool operator==(const RemoveDevice&, const RemoveDevice&) = default;
};

struct SetMtu {
  std::string device;
  std::uint32_t mtu = 0;
  friend bool operator==(const SetMtu&, const SetMtu&) = default;
};

struct SetUp {
  std::string device;
  friend bool operator==(const SetUp&, const SetUp&) = default;
};

// The private key is found by the public one when the step is applied.
struct ConfigureDevice {
  std::string device;
  std::optional<net::PublicKey> key;
  std::optional<std::uint16_t> listen_port;
  std::optional<std::uint32_t> fwmark;
  friend bool operator==(const ConfigureDevice&, const ConfigureDevice&) = default;
};

struct NamedPeerChange {
  std::string name;  // of the peer; empty where only its key is known
  netlink::WgPeerChange change;
  friend bool operator==(const NamedPeerChange&, const NamedPeerChange&) = default;
};

struct ChangePeers {
  std::string device;
  std::vector<NamedPeerChange> peers;
  friend bool operator==(const ChangePeers&, const ChangePeers&) = default;
};

// Makes the router start the handshakes itself, so that the peers need not notice first.
struct StartHandshakes {
  std::string device;
  std::vector<net::PublicKey> peers;
  friend bool operator==(const StartHandshakes&, const StartHandshakes&) = default;
};

struct AddAddress {
  netlink::Address address;
  friend bool operator==(const AddAddress&, const AddAddress&) = default;
};

struct RemoveAddress {
  netlink::Address address;
  friend bool operator==(const RemoveAddress&, const RemoveAddress&) = default;
};

struct AddRoute {
  netlink::Route route;
  friend bool operator==(const AddRoute&, const AddRoute&) = default;
};

struct RemoveRoute {
  netlink::Route route;
  friend bool operator==(const RemoveRoute&, const RemoveRoute&) = default;
};

struct AddRule {
  netlink::Rule rule;
  friend bool operator==(const AddRule&, const AddRule&) = default;
};

struct RemoveRule {
  netlink::Rule rule;
  friend bool operator==(const RemoveRule&, const RemoveRule&) = default;
};

// In place of what is there, without a packet lost.
struct AttachTranslator {
  std::string device;
  via6::Parameters parameters;
  friend bool operator==(const AttachTranslator&, const AttachTranslator&) = default;
};

struct DetachTranslator {
  std::string device;
  friend bool operator==(const DetachTranslator&, const DetachTranslator&) = default;
};

struct SetSysctl {
  netlink::Sysctl sysctl;
  std::string before;
  friend bool operator==(const SetSysctl&, const SetSysctl&) = default;
};

// The whole table, in one transaction where there is another.
struct ReplaceRuleset {
  firewall::Ruleset ruleset;
  std::vector<net::SocketAddress> clients;  // where peers are: those that it may have to know
  bool another = true;
  friend bool operator==(const ReplaceRuleset&, const ReplaceRuleset&) = default;
};

// Of a table of the right structure.
struct ExchangeContents {
  firewall::Exchange exchange;
  firewall::Digest after;
  friend bool operator==(const ExchangeContents&, const ExchangeContents&) = default;
};

struct RemoveRuleset {
  friend bool operator==(const RemoveRuleset&, const RemoveRuleset&) = default;
};

using Action = std::variant<CreateDevice, RemoveDevice, SetMtu, SetUp, ConfigureDevice, ChangePeers,
                            StartHandshakes, AddAddress, RemoveAddress, AddRoute, RemoveRoute,
                            AddRule, RemoveRule, AttachTranslator, DetachTranslator, SetSysctl,
                            ReplaceRuleset, ExchangeContents, RemoveRuleset>;

struct Step {
  Action action;
  std::string reason;  // "missing", "was 1380", "not in the network"
  friend bool operator==(const Step&, const Step&) = default;
};

struct Plan {
  std::vector<Step> steps;

  [[nodiscard]] bool empty() const { return steps.empty(); }

  friend bool operator==(const Plan&, const Plan&) = default;
};

// A line a step, "+ route 100.64.0.0/16 dev cw-prod (missing)", or one a peer or set element; what
// people read in `causeway plan`, in the journal and in golden tests.
[[nodiscard]] std::vector<std::string> to_lines(const Step& step);
[[nodiscard]] std::vector<std::string> to_lines(const Plan& plan);

}  // namespace cw::router
