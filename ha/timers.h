// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ha/values.h"

// Every time in the protocol, with its reason. Those that follow from an arbiter's or a fabric's
// speed differ between etcd on a LAN and DynamoDB with EC2; the rest are the protocol's. Plain
// values.
namespace cw::ha {

struct Timers {
  // Detection. A heartbeat is a small datagram; five lost in a row are no accident on a LAN.
  Duration heartbeat{100};
  Duration suspect{500};
  // A router that did not run for this long knows nothing about anybody's silence: what was sent to
  // it may still wait in its socket. Above the scheduling noise of small virtual machines, below
  // `suspect`.
  Duration pause{250};
  // A router that restarts may ask for patience, but not for more than a restart needs.
  Duration silence_most{5000};

  // The second opinion: the owner renews its record. Three renewals missed, on the observer's
  // clock, are no accident of the arbiter's. The pair makes the cost in writes a second and
  // gateway.
  Duration renew{200};
  Duration stale{600};
  // An answer later than this is taken for lost. Ten times an etcd write with a slow disk.
  Duration arbiter_patience{300};
  // No answer at all for this long: the arbiter is down as seen from here.
  Duration arbiter_down{2000};
  // Without the arbiter the recorded successor waits this long: longer than any pause of a healthy
  // router that was seen on EC2 (2.8 s), since there is no second opinion.
  Duration successor_silence{5000};

  // Candidates queue: one arbiter round trip and a heartbeat, so that the first in the queue is
  // heard before the second asks.
  Duration stagger{300};
  // Poor routers wait for fit ones that boot, or whose fitness is one probe behind.
  Duration poor_wait{1000};
  // Damping. After a takeover from a silent owner the next such one waits; each doubles it. An
  // owner that held on for `calm` starts over.
  Duration hold{30'000};
  Duration hold_most{600'000};
  Duration calm{600'000};
  // A successor that is gone is replaced by a new term; not more often than this.
  Duration new_successor{10'000};

  // The fabric. What it says is asked again for ever: the last word of two late calls is anybody's.
  Duration reconcile{1000};
  // A standby asks less often whether it could move the address; each asks, and the API is
  // throttled.
  Duration standby_check{1000};
  // A call without an answer is given up, though it may still take effect.
  Duration fabric_patience{500};
  Duration fabric_retry{
      200};  // after a call that failed, or with what the fabric says if that is more

  // The client's kernel starts no second handshake within 5 s of one that got lost, so ours are
  // sent again while the address settles: eight in two seconds.
  Duration rekick{250};
  std::uint32_t rekicks = 8;
  // Where neither the fabric nor the new owner say that it took over. More than its slowest move.
  Duration relay{30'000};

  // A handover: until the sibling is prepared (connections copied), until it has claimed, and until
  // the next attempt after one that failed.
  Duration prepare{5000};
  Duration go{1000};
  Duration handover_retry{10'000};
  // The end of a router waits this long for siblings to take over, then says goodbye and ends.
  Duration leave{8000};

  friend bool operator==(const Timers&, const Timers&) = default;
};

// etcd next to the routers, the address moved by ARP and NA.
[[nodiscard]] inline Timers lan_timers() {
  return {};
}

// DynamoDB (5 to 15 ms a write, each paid for) and EC2 (calls of 1 to 10 s, throttled by the
// account).
[[nodiscard]] inline Timers aws_timers() {
  Timers timers;
  timers.renew = Duration{500};
  timers.stale = Duration{1500};
  timers.arbiter_patience = Duration{1000};
  timers.arbiter_down = Duration{4000};
  timers.standby_check = Duration{10'000};
  timers.fabric_patience = Duration{10'000};
  timers.fabric_retry = Duration{1000};
  timers.go = Duration{3000};
  return timers;
}

}  // namespace cw::ha
