// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "fetch/request.h"

// Gets or puts one file wherever it is, and waits for it: for the command line. A build without
// libcurl knows paths only and says so (ErrorKind::Unsupported).
namespace cw::fetch {

Result<Answer> get(const Request& request, const Trust& trust);

// Atomically: who reads it sees the old content or the new one. Version: of what is there now,
// where the place tells.
Result<Version> put(const Upload& upload, const Trust& trust);

}  // namespace cw::fetch
