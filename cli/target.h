// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "fetch/request.h"

// Where a network is published: one signed file, what it replaced (`.previous`) and the list of
// revocations (`.revoked`) beside it. Blocking.
namespace cw::cli {

inline constexpr std::string_view kPrevious = ".previous";
inline constexpr std::string_view kRevoked = ".revoked";

// What a put may replace; by default whatever is there.
struct Replaces {
  bool nothing = false;         // there may be no such file yet
  fetch::Version version = {};  // the file that was got with it
};

class Target {
 public:
  // A path or an https:// address. `ca_file`: authorities instead of the system's, or empty.
  static Result<Target> open(std::string_view text, std::string ca_file);

  // Nothing where there is no such file.
  Result<std::optional<fetch::Answer>> get(std::string_view suffix = {}) const;

  // Exists: there is another file than `replaces` says. What a server has taken is asked for again
  // and compared; Invalid: it gives something else.
  Result<> put(std::string_view suffix, const std::string& content,
               const Replaces& replaces = {}) const;

  // Whether a put that replaces this version is refused where somebody else was faster.
  [[nodiscard]] bool tells_apart(const fetch::Version& version) const;

  [[nodiscard]] const std::string& text() const { return location_.text; }

 private:
  Target(fetch::Location location, fetch::Trust trust)
      : location_(std::move(location)), trust_(std::move(trust)) {}

  [[nodiscard]] fetch::Location at(std::string_view suffix) const;

  fetch::Location location_;
  fetch::Trust trust_;
};

}  // namespace cw::cli
