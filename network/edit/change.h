// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

// What a verb does to a network directory: whole files, by path. Decided here as a value, checked
// by compiling what would come of it, and only then written (network/load/directory_writer.h).
namespace cw::network {

struct Change {
  std::string path;                    // relative to the directory
  std::optional<std::string> content;  // nothing: the file goes
  bool fresh = false;                  // there must be no such file yet

  friend bool operator==(const Change&, const Change&) = default;
};

using Changes = std::vector<Change>;

// Random numbers come from outside: uniform, from 0 to below `bound`.
using RandomBelow = std::function<std::uint32_t(std::uint32_t bound)>;

}  // namespace cw::network
