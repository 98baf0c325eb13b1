// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "fetch/request.h"

// A file on this machine's disks, as fetch/ sees it. Blocking; the limits of time are the disk's
// own. Of a request only the path, the known version and the limit of size count.
namespace cw::fetch {

Result<Answer> get_from_disk(const Request& request);

// Written beside and renamed, readable by everybody: what is published is no secret. Between the
// look at what it replaces and the renaming somebody else may still come.
Result<Version> put_on_disk(const Upload& upload);

}  // namespace cw::fetch
