// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "router/plan/acceptance.h"

// What a router keeps of a signed network, on disk, as it came: each file is verified again when it
// is read. In the folder of KeptNetwork:
//
//   netmap.signed    in force
//   netmap.before    what was in force before it, as long as it is on trial
//   revoked.signed   the revocations that are held
//   source.json      when the source was heard last, and the floor: the network, and the highest
//                    serials that were taken and given up
//
// Only its owner may read them, since they name people. One agent a folder. Blocking.
namespace cw::agent {

struct SourceMemory {
  router::Floor floor;
  std::optional<WallTime> heard;

  friend bool operator==(const SourceMemory&, const SourceMemory&) = default;
};

[[nodiscard]] std::string to_text(const SourceMemory& memory);
[[nodiscard]] Result<SourceMemory> parse_source_memory(std::string_view text);

class KeptBundles {
 public:
  explicit KeptBundles(std::string folder) : folder_(std::move(folder)) {}

  struct Copy {
    std::string bundle;
    WallTime written{};
  };

  enum class Before : std::uint8_t { Forget, Stays, IsWhatWasInForce };

  // Where in_force() and revocations() are.
  [[nodiscard]] std::string path_in_force() const;
  [[nodiscard]] std::string path_revocations() const;

  // None where there is none.
  [[nodiscard]] Result<std::optional<Copy>> in_force() const;
  [[nodiscard]] Result<std::optional<Copy>> before() const;
  [[nodiscard]] Result<std::optional<Copy>> revocations() const;
  // Nothing at all where there is none.
  [[nodiscard]] Result<SourceMemory> memory() const;

  // Makes the folder if its parent is there.
  [[nodiscard]] Result<> write(std::string_view bundle, Before before) const;
  [[nodiscard]] Result<> write_revocations(std::string_view bundle) const;
  [[nodiscard]] Result<> write(const SourceMemory& memory) const;

 private:
  [[nodiscard]] std::string file(std::string_view name) const;
  [[nodiscard]] Result<std::optional<Copy>> read(std::string_view name) const;
  [[nodiscard]] Result<> write_file(std::string_view name, std::string_view text) const;

  std::string folder_;
};

}  // namespace cw::agent
