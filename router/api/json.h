// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/rfc3339.h"
#include "network/limits.h"
#include "router/api/status.h"

// The control socket's values as JSON. Times are RFC 3339 in UTC. Reading refuses a wrong type and
// a missing field; it ignores an unknown field and takes an unknown word for the most careful one,
// so that an older CLI understands a newer agent. nlohmann's exceptions end in this file. Linear;
// nothing is kept.
namespace cw::api {

// The largest body of a request or of its answer. The largest of requests is a candidate netmap;
// the status of as many peers is smaller.
inline constexpr std::size_t kLargestBody = network::kLargestNetmap;

// An error the agent answers instead: what happened and what to do.
struct Refused {
  std::string message;
  std::string hint;

  friend bool operator==(const Refused&, const Refused&) = default;
};

// Whom to revoke on this router.
struct Revoke {
  std::string peer;

  friend bool operator==(const Revoke&, const Revoke&) = default;
};

[[nodiscard]] std::string to_json(const Status& status);
[[nodiscard]] std::string to_json(const Answer& answer);
[[nodiscard]] std::string to_json(const Refused& refused);
[[nodiscard]] std::string to_json(const Revoke& wish);

[[nodiscard]] Result<Status> status_from_json(std::string_view text);
[[nodiscard]] Result<Answer> answer_from_json(std::string_view text);
[[nodiscard]] Result<Revoke> revoke_from_json(std::string_view text);
[[nodiscard]] Result<Refused> refused_from_json(std::string_view text);

}  // namespace cw::api
