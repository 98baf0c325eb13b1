// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include "router/agent/reconcile.h"
#include "tests/support/model_kernel.h"
#include "tests/support/networks.h"
#include "tests/unit/router/agent/temp_folder.h"

// A reconciler with a model kernel, and a network of one gateway.
namespace cw::agent {

using firewall::Depth;

class Reconcile : public ::testing::Test {
 protected:
  Reconcile() { reconciler_.set_host(snapshot_.host); }

  void take(unsigned peers) {
    const auto taken = reconciler_.take(test::snapshot(1, peers).netmap, snapshot_.now);
    ASSERT_TRUE(taken) << taken.error().to_text();
  }

  Round run(Depth depth = Depth::Digest) { return reconciler_.run(depth, snapshot_.now); }

  void connect(unsigned peer) {
    auto& device = kernel_.wireguard("cw-prod");
    for (auto& entry : device.peers) {
      if (entry.key == test::public_key(1000 + peer)) {
        entry.endpoint = kHome;
        entry.last_handshake = snapshot_.now;
      }
    }
    reconciler_.remember_endpoints({device}, snapshot_.now);
  }

  const net::SocketAddress kHome{*net::Ip::parse("203.0.113.2"), 40000};
  TempFolder temp_;
  router::Snapshot snapshot_ = test::snapshot(1, 4);
  test::ModelKernel kernel_;
  router::KeyRing keys_ = test::key_ring();
  RuntimeFolder folder_ = *RuntimeFolder::claim(temp_ / "run");
  Reconciler reconciler_{kernel_.sinks(), keys_, folder_};
};

}  // namespace cw::agent
