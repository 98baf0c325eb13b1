// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ha/arbiter.h"
#include "net/secret.h"

// etcd's v3 API through its HTTP gateway (3.4 to 3.6: /v3/...), as values: what is sent, what comes
// back. Keys and values are base64 there, 64-bit numbers strings, and what is zero, empty or false
// is left out. A record's version is its `mod_revision`: the number of the write in the whole
// store, so it grows also over a deletion.
//
// Keys: /causeway/NETWORK-ID/SITE/GATEWAY. One range holds all gateways of a site, and one role of
// etcd's can be given it. Answers are refused that hold other keys than were asked for, or a record
// that is none (record.h); the text says which key, and what to do. Pure; linear in the text.
namespace cw::ha::etcd {

inline constexpr auto kRangePath = "/v3/kv/range";
inline constexpr auto kTxnPath = "/v3/kv/txn";
inline constexpr auto kWatchPath = "/v3/watch";
inline constexpr auto kAuthenticatePath = "/v3/auth/authenticate";

// Of a site there are at most 64 (network/limits.h); older ones may have been left behind.
inline constexpr std::size_t kMostRecords = 256;
// All of them in base64, with what etcd adds: some 900 bytes each.
inline constexpr std::size_t kMostAnswer = std::size_t{256} << 10U;
// etcd sends no more than 1.5 MiB at once. Who lags behind by that much reads anew instead.
inline constexpr std::size_t kMostLine = std::size_t{1} << 20U;

struct Site {
  std::string network;  // its id
  std::uint16_t number = 0;

  friend bool operator==(const Site&, const Site&) = default;
};

// Invalid: the network's id has other characters than letters, digits and '-', or too many.
Result<> check(const Site& site);

[[nodiscard]] std::string key_of(const Site& site, std::string_view gateway);

// --- requests: the bodies of POST ---

[[nodiscard]] std::string read_request(const Site& site, std::string_view gateway);
[[nodiscard]] std::string read_all_request(const Site& site);
// Compare-and-set; where the comparison fails the answer has the record that is there.
Result<std::string> write_request(const Site& site, const WriteRecord& write);
// All changes from that revision on.
[[nodiscard]] std::string watch_request(const Site& site, std::uint64_t from_revision);
[[nodiscard]] net::Secret login_request(std::string_view user, const net::Secret& password);

// --- answers ---

struct Header {
  std::uint64_t cluster = 0;   // of etcd; revisions of two have nothing to do with each other
  std::uint64_t revision = 0;  // of the store

  friend bool operator==(const Header&, const Header&) = default;
};

struct ReadAnswer {
  Header header;
  VersionedRecord current;

  friend bool operator==(const ReadAnswer&, const ReadAnswer&) = default;
};

Result<ReadAnswer> read_answer(const Site& site, std::string_view gateway, std::string_view json);

struct WriteAnswer {
  Header header;
  bool written = false;
  Result<VersionedRecord> current;  // what was written, or what was there
};

Result<WriteAnswer> write_answer(const Site& site, const WriteRecord& write, std::string_view json);

// A key and what became of it; a record that is none is told beside those that are.
struct Change {
  std::string gateway;
  std::uint64_t revision = 0;       // of the change
  Result<VersionedRecord> current;  // of a deletion version 0
};

struct ReadAllAnswer {
  Header header;
  std::vector<Change> found;
};

Result<ReadAllAnswer> read_all_answer(const Site& site, std::string_view json);

struct WatchMessage {
  Header header;
  bool created = false;
  bool cancelled = false;
  bool compacted = false;     // what was asked for exists no more
  std::string reason;         // of a cancellation, or of the stream's end
  std::uint64_t brought = 0;  // the last revision that it has changes of; 0: it has none
  std::vector<Change> changes;
};

Result<WatchMessage> watch_message(const Site& site, std::string_view line);

Result<net::Secret> login_answer(std::string_view json);

// What an answer that is not 200 says.
struct Failure {
  bool executed_perhaps = true;  // false: certainly not
  bool token_is_bad = false;     // get another one
  Error error;
};

[[nodiscard]] Failure failure_of(long status, std::string_view json);

}  // namespace cw::ha::etcd
