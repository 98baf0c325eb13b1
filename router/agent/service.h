// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

// What the service manager is told (sd_notify(3), Type=notify). Does nothing when run by hand.
namespace cw::agent {

void notify_ready(const std::string& status);
void notify_status(const std::string& status);
void notify_reloading();  // notify_ready() ends it
void notify_stopping(const std::string& status);

}  // namespace cw::agent
