// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "firewall/ruleset/ruleset.h"

// nftables as the rest of the product sees it. Same contract as netlink/codec/sinks.h.
namespace cw::firewall {

enum class Depth : std::uint8_t {
  Digest,  // presence and digest only: cheap, whatever the size of the sets
  Full,    // also compares the table with its seal and lists its contents, of sets `sets`
};

// Another program's base chain that may drop our traffic.
struct ForeignChain {
  std::string family;  // "ip", "inet"
  std::string table;
  std::string name;
  std::string hook;  // "forward", "input"
  bool policy_drop = false;
  bool last_rule_drops = false;  // or rejects, whatever comes to it; looked at without policy_drop

  friend bool operator==(const ForeignChain&, const ForeignChain&) = default;
};

// What a named counter of our table has counted.
struct Counter {
  std::string name;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;

  friend bool operator==(const Counter&, const Counter&) = default;
};

class FirewallSink {
 public:
  virtual ~FirewallSink() = default;

  // `sets` names the sets to list at Depth::Full; those that are not there are not in the answer.
  [[nodiscard]] virtual Result<TableState> read(Depth depth,
                                                const std::vector<std::string>& sets) = 0;
  // One transaction; on failure nothing has changed, and the message names the line.
  virtual Result<> commit(const std::string& text) = 0;
  // Commits them in turn, for a table that is not there yet; seal() comes next. Where one fails,
  // those before it are in force.
  virtual Result<> start(const std::vector<std::string>& texts) = 0;
  // Whether the kernel would take it as one transaction. Changes nothing, and nobody notices.
  virtual Result<> check(const std::string& text) = 0;
  // Records how the table lists now, as it was just written. Called once after each replace.
  // ErrorKind::Interrupted: somebody else had a transaction since, perhaps in our table; it stays
  // unsealed, and so is written again.
  virtual Result<> seal() = 0;
  // Commits them in turn; finish() comes next, for chains are others after it.
  // ErrorKind::Interrupted: the table is not as it was sealed, and nothing was done.
  virtual Result<> exchange(const std::vector<std::string>& texts) = 0;
  // Commits what may be nothing, and seals. ErrorKind::Interrupted: somebody else had a transaction
  // since exchange() began; it stays unsealed.
  virtual Result<> finish(const std::string& text) = 0;
  // That our table's flowtable spans, in no order.
  [[nodiscard]] virtual Result<std::vector<std::string>> flowtable_devices() = 0;
  [[nodiscard]] virtual Result<std::vector<ForeignChain>> foreign_chains() = 0;
  // All of them, in no order; none without the table.
  [[nodiscard]] virtual Result<std::vector<Counter>> counters() = 0;
};

}  // namespace cw::firewall
