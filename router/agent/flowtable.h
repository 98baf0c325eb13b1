// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "router/api/status.h"
#include "router/apply/apply.h"

// Which devices towards the site the firewall's flowtable spans, and which the kernel will not have
// there: it was built without flowtables, or the device cannot. Those are left out and told, and
// nothing else suffers. The kernel is asked once for each device that is not in its flowtable yet,
// by a transaction that it looks at and does not make.
namespace cw::agent {

class Flowtable {
 public:
  // `site_device`: the one towards the site; none: those of the default routes.
  Flowtable(bool wanted, std::optional<std::string> site_device)
      : wanted_(wanted), site_device_(std::move(site_device)) {}

  [[nodiscard]] bool wanted() const { return wanted_; }

  // Looks at what devices there are, and returns those that the kernel has refused since it last
  // looked. A device stays as long as it is there, also while it has no default route: to leave it
  // out and take it in again would load the firewall anew, twice.
  std::vector<api::Problem> look(router::Sinks& sinks, const std::vector<std::string>& uplinks);

  // The kernel is asked again for what it refused: it may have been given a module.
  void forget_refusals() { refused_.clear(); }

  // For router::Host: sorted, all there when it last looked.
  [[nodiscard]] const std::vector<std::string>& devices() const { return devices_; }

  [[nodiscard]] std::vector<api::Problem> problems() const;

 private:
  bool wanted_;
  std::optional<std::string> site_device_;
  std::vector<std::string> devices_;
  std::map<std::string, Error> refused_;  // by device
};

}  // namespace cw::agent
