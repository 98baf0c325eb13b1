// SPDX-License-Identifier: Apache-2.0
#include "router/agent/service.h"

#include <chrono>

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

namespace cw::agent {

namespace {

// A service manager that does not listen cannot be told so either.
void notify(const std::string& state) {
  (void)sd_notify(/*unset_environment=*/0, state.c_str());
}

// STATUS= ends at the line's end.
std::string one_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

void notify_ready(const std::string& status) {
  notify(fmt::format("READY=1\nSTATUS={}", one_line(status)));
}

void notify_status(const std::string& status) {
  notify(fmt::format("STATUS={}", one_line(status)));
}

void notify_reloading() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                     std::chrono::duration_cast<std::chrono::microseconds>(now).count()));
}

void notify_stopping(const std::string& status) {
  notify(fmt::format("STOPPING=1\nSTATUS={}", one_line(status)));
}

}  // namespace cw::agent
