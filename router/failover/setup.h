// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "ha/arp/socket/fabric.h"
#include "ha/etcd/codec/messages.h"
#include "ha/gate/values.h"
#include "ha/reset/ending.h"
#include "ha/state.h"
#include "net/endpoint.h"
#include "network/router_config.h"
#include "router/api/assignment.h"

// What failover works with, from router.toml and what the agent says of the network. Pure; refuses
// what cannot work, with what to do about it.
namespace cw::failover {

// A gateway's connections, which its siblings are told of.
struct Replication {
  ha::reset::Moving moving;
  bool go_on = false;  // new ones do; else they end at a takeover

  friend bool operator==(const Replication&, const Replication&) = default;
};

struct Setup {
  ha::Config core;
  ha::etcd::Site site;  // without gateways it means nothing
  ha::arp::Config lan;
  std::vector<ha::gate::Gateway> gates;
  std::map<std::string, Replication> replicated;       // by gateway
  std::map<std::string, net::SocketAddress> siblings;  // where their heartbeats go
  std::vector<net::SocketAddress> targets;             // of its health, where anything is shared
  std::uint64_t serial = 0;                            // of the netmap
  // As api::Assignment has them.
  std::string netmap;
  std::uint64_t offered = 0;
  std::uint64_t looked = 0;
  std::string revoked;
  std::uint64_t revocations = 0;

  friend bool operator==(const Setup&, const Setup&) = default;
};

// `keys`: the public halves of those that this router has. Invalid: the network and router.toml do
// not go together. A sibling without an address is left out, and is not heard.
[[nodiscard]] Result<Setup> setup_of(const network::RouterConfig& config,
                                     const std::map<std::string, net::PublicKey>& keys,
                                     const api::Assignment& assignment);

}  // namespace cw::failover
