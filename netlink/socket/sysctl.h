// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "netlink/codec/sinks.h"

// SysctlSink on /proc/sys: of the network namespace in which the process runs. Refuses keys that
// lead out of /proc/sys. Writes only where the value differs from what is there, so that a value
// set again makes no notification. Needs the right to write below /proc/sys (CAP_NET_ADMIN for
// net/).
namespace cw::netlink {

class ProcSysctls final : public SysctlSink {
 public:
  Result<std::string> read(const std::string& key) override;
  Result<> write(const Sysctl& sysctl) override;
  bool writable(const std::string& key) override;
};

}  // namespace cw::netlink
