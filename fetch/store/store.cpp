// SPDX-License-Identifier: Apache-2.0
#include "fetch/store/store.h"

#include "fetch/disk/disk.h"
#if CW_HTTP
#include "fetch/http/blocking.h"
#endif

namespace cw::fetch {

#if !CW_HTTP
namespace {

Error without_http() {
  return Error::make(ErrorKind::Unsupported,
                     "this build of causeway knows files only, not https://; use the one of the "
                     "Debian package, or curl and a file");
}

Result<Answer> get_over_http(const Request& /*request*/, const Trust& /*trust*/) {
  return without_http();
}

Result<Version> put_over_http(const Upload& /*upload*/, const Trust& /*trust*/) {
  return without_http();
}

}  // namespace
#endif

Result<Answer> get(const Request& request, const Trust& trust) {
  return is_remote(request.from) ? get_over_http(request, trust) : get_from_disk(request);
}

Result<Version> put(const Upload& upload, const Trust& trust) {
  return is_remote(upload.to) ? put_over_http(upload, trust) : put_on_disk(upload);
}

}  // namespace cw::fetch
