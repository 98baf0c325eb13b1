// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/table.h"
#include "router/api/status.h"

// A status, and the answers to the other verbs, as text for people: what is wrong first. Pure.
namespace cw::cli {

enum class Peers : std::uint8_t {
  Seen,  // those that have connected; the others are counted
  All,
};

[[nodiscard]] std::string view(const api::Status& status, Peers peers, Colour colour);

// A line each, and what to do about it.
[[nodiscard]] std::string view(const std::vector<api::Problem>& problems, Colour colour);

// Steps, problems and diagnostics; without the line of text.
[[nodiscard]] std::string view(const api::Answer& answer, Colour colour);

}  // namespace cw::cli
