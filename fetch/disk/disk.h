// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "fetch/request.h"

// A file on this machine's disks, as fetch/ sees it. Blocking; the limits of time are the disk's
// own. Of a request only the path, the known version and the limit of size count.
namespace cw::fetch {

Result<Answer> get_from_disk(const Request& request);

// Written beside and renamed, readable by everybody: what is published is no secret. What it
// replaces keeps its mode and, where we may, its owner; a link stays, and what it leads to is
// replaced. The folder is locked (flock(2)) from the look at what is there to the renaming, so of
// two that replace the same content one is refused.
Result<Version> put_on_disk(const Upload& upload);

}  // namespace cw::fetch
