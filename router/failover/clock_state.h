// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether something keeps this machine's clock right, as the kernel says (adjtimex(2)).
namespace cw::failover {

// The kernel's own word: chrony, systemd-timesyncd and ntpd clear STA_UNSYNC while they keep time,
// and it is set by itself when they have not for a while. Where the kernel cannot be asked: false.
[[nodiscard]] bool clock_is_synchronised();

}  // namespace cw::failover
