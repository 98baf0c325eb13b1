// SPDX-License-Identifier: Apache-2.0
#include "ha/etcd/codec/lines.h"

#include <fmt/format.h>

namespace cw::ha::etcd {

Result<> Lines::add(std::string_view piece) {
  rest_.erase(0, begin_);
  begin_ = 0;
  rest_.append(piece);
  const auto last = rest_.rfind('\n');
  const auto unfinished = rest_.size() - (last == std::string::npos ? 0 : last + 1);
  if (unfinished > longest_ || rest_.size() > longest_ + piece.size()) {
    return Error::make(ErrorKind::Exhausted,
                       fmt::format("a line over the limit of {} KiB", longest_ >> 10U));
  }
  return {};
}

std::optional<std::string> Lines::next() {
  for (;;) {
    const auto end = rest_.find('\n', begin_);
    if (end == std::string::npos) {
      return std::nullopt;
    }
    auto line = rest_.substr(begin_, end - begin_);
    begin_ = end + 1;
    if (!line.empty()) {
      return line;
    }
  }
}

}  // namespace cw::ha::etcd
