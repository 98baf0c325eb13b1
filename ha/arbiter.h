// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ha/values.h"

// The contract of an arbiter (etcd, DynamoDB): one record a gateway, linearizable, compare-and-set
// by version. Requests are actions, answers are events; nothing here waits. What an implementation
// owes:
//
// - A write takes effect if the record's version is `expected` at one instant between the request
// and
//   the answer, or later if the answer is lost: a request that timed out may still be executed.
// - Versions of a record only grow. A record that was deleted has the version 0 and no value.
// - Each request gets at most one answer. It may never come, or after the core gave up on it: the
// core
//   matches answers by `request`, and believes a late one only where its version is newer.
// - Done and Conflict carry the record as of that instant. Unknown is for whatever leaves it open
//   whether a write took effect (a timeout, a connection that broke, a 5xx); Refused is for what
//   certainly did not (not connected, throttled before execution).
// - No retries of its own, and no queue: a second request for a gateway comes only after the answer
// or
//   Timers::arbiter_patience.
// - Changes are announced (RecordChanged) where the arbiter can watch; late, twice or never is
// allowed.
//   Without a watch the caller reads on Timers::renew and announces what it read.
namespace cw::ha {

struct ReadRecord {
  std::string gateway;
  std::uint64_t request = 0;

  friend bool operator==(const ReadRecord&, const ReadRecord&) = default;
};

struct WriteRecord {
  std::string gateway;
  std::uint64_t request = 0;
  std::uint64_t expected = 0;  // version; 0: there must be none
  Record record;

  friend bool operator==(const WriteRecord&, const WriteRecord&) = default;
};

enum class ArbiterOutcome : std::uint8_t {
  Done,      // read, or written
  Conflict,  // not written: the version was another
  Refused,   // not written, nothing learnt
  Unknown,   // perhaps written, perhaps later
};

struct ArbiterAnswer {
  std::string gateway;
  std::uint64_t request = 0;
  ArbiterOutcome outcome = ArbiterOutcome::Unknown;
  VersionedRecord current;  // of Done and Conflict

  friend bool operator==(const ArbiterAnswer&, const ArbiterAnswer&) = default;
};

struct RecordChanged {
  std::string gateway;
  VersionedRecord current;

  friend bool operator==(const RecordChanged&, const RecordChanged&) = default;
};

}  // namespace cw::ha
