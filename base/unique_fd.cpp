// SPDX-License-Identifier: Apache-2.0
#include "base/unique_fd.h"

#include <unistd.h>

namespace cw {

void UniqueFd::reset(int fd) {
  if (fd_ >= 0) {
    ::close(fd_);  // close(2): the descriptor is gone whatever it answers
  }
  fd_ = fd;
}

}  // namespace cw
