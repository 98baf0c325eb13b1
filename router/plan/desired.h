// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "router/model/desired_state.h"
#include "router/model/snapshot.h"

// What the kernel should look like, from what is known. Pure: no I/O, no clock, no log; linear in
// the number of peers.
namespace cw::router {

// ErrorKind::Invalid where this router cannot serve this netmap: it is not in its site, or a key
// it holds is not the gateway's. The message says what to do. A gateway for which it holds no key
// is an error too; a router that serves no gateway is not, and a gateway whose prefixes the host
// uses for something else is left out (plan/overlap.h).
//
// `before`, if given, is what was made of another snapshot: the same comes out, quicker where few
// peers differ.
[[nodiscard]] Result<DesiredState> desired(const Snapshot& snapshot,
                                           const DesiredState* before = nullptr);

// Whether a gateway is behind a gate, which the failover process opens: it has siblings.
[[nodiscard]] bool is_gated(const Host& host, const network::Gateway& gateway);

// The name of a gateway's device.
[[nodiscard]] std::string device_name(const std::string& gateway);

}  // namespace cw::router
