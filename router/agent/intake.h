// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "router/agent/directory_watch.h"
#include "router/agent/loop.h"
#include "router/agent/network_source.h"
#include "router/agent/settle.h"

// Watches the network directory and hands over what it has settled on (settle.h); reads it at once
// when asked. Decides nothing about what it read.
namespace cw::agent {

class Intake {
 public:
  using Callback = std::function<void(NetworkReading)>;

  // All but the callback outlive this.
  static Result<std::unique_ptr<Intake>> create(const Loop& loop, const Clock& clock,
                                                NetworkSource& source, Callback settled);

  [[nodiscard]] NetworkReading read_now();

  // From the files that were announced and not read yet, without looking at the thousands of
  // others; nothing where they say nothing new. Where the kernel does not announce all (a network
  // file system), it is not all: read_now() afterwards.
  [[nodiscard]] std::optional<NetworkReading> read_announced();

  // To be called now and then: watches folders that have come since, and reads what it cannot
  // watch.
  void look_again();

  // Why something of the directory cannot be watched; it is read by look_again() meanwhile.
  [[nodiscard]] const std::optional<Error>& blind() const { return watch_.blind(); }

 private:
  Intake(const Loop& loop, const Clock& clock, NetworkSource& source, Callback settled);

  void changed(std::optional<std::string> path);
  bool read_all();
  void due();
  void arm();

  const Clock& clock_;
  NetworkSource& source_;
  Callback settled_;
  Settle settle_;
  std::set<std::string> announced_;  // and not read since
  Timer timer_;
  DirectoryWatch watch_;
};

}  // namespace cw::agent
