// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ha/step.h"

// Events and actions in one line, for a person who reads a failing seed's trace.
namespace cw::sim {

[[nodiscard]] std::string describe(const ha::Event& event);
[[nodiscard]] std::string describe(const ha::Action& action);

}  // namespace cw::sim
