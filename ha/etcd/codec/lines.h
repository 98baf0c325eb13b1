// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

// A stream of lines that arrives in pieces. Holds at most one line and a piece. Pure.
namespace cw::ha::etcd {

class Lines {
 public:
  explicit Lines(std::size_t longest) : longest_(longest) {}

  // Exhausted: a line is longer; nothing more can be read then.
  Result<> add(std::string_view piece);

  // The next whole line without its end; empty ones are left out.
  std::optional<std::string> next();

 private:
  std::size_t longest_;
  std::string rest_;
  std::size_t begin_ = 0;  // of what was not given yet
};

}  // namespace cw::ha::etcd
