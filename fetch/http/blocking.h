// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "fetch/request.h"

// Over HTTPS, waiting for the end: at most the limits' total time. See transfer.h.
namespace cw::fetch {

Result<Answer> get_over_http(const Request& request, const Trust& trust);
Result<Version> put_over_http(const Upload& upload, const Trust& trust);

}  // namespace cw::fetch
