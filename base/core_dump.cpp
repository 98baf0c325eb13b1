// SPDX-License-Identifier: Apache-2.0
#include "base/core_dump.h"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace cw {

void forbid_core_dumps() {
  // Neither can fail for a process that asks for less. The kernel does not look at the limit where
  // core_pattern is a pipe (fs/coredump.c), so it is not enough by itself.
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  (void)::setrlimit(RLIMIT_CORE, &none);
  (void)::prctl(PR_SET_DUMPABLE, 0);
}

}  // namespace cw
