// SPDX-License-Identifier: Apache-2.0
#include "router/failover/clock_state.h"

#include <sys/timex.h>

namespace cw::failover {

bool clock_is_synchronised() {
  timex asked{};  // modes 0: changes nothing, needs no right
  const int state = ::adjtimex(&asked);
  return state >= 0 && state != TIME_ERROR && (asked.status & STA_UNSYNC) == 0;
}

}  // namespace cw::failover
