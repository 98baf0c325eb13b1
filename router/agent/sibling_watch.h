// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "router/agent/loop.h"

// Says when causeway-failover wrote a file (router/api/sibling_files.h). Its folder comes and goes
// with that program, so the one above is watched as well. What cannot be watched is found by
// look(), now and then. One thread; wakes up for these two folders alone.
namespace cw::agent {

class SiblingWatch {
 public:
  // Of a file that may have changed.
  using Callback = std::function<void(std::string_view name)>;

  SiblingWatch(const Loop& loop, std::string folder, Callback changed);
  // What is watched calls back here.
  SiblingWatch(const SiblingWatch&) = delete;
  SiblingWatch(SiblingWatch&&) = delete;
  SiblingWatch& operator=(const SiblingWatch&) = delete;
  SiblingWatch& operator=(SiblingWatch&&) = delete;
  ~SiblingWatch() = default;

  // Watches what is there by now, and says of each file that it may have changed.
  void look();

  [[nodiscard]] std::string file(std::string_view name) const;

 private:
  void watch_above();
  void watch();
  void say_all() const;

  const Loop& loop_;
  std::string folder_;
  Callback changed_;
  std::optional<PathSource> above_;
  std::optional<PathSource> here_;
};

}  // namespace cw::agent
