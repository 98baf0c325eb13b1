// SPDX-License-Identifier: Apache-2.0
#include "fetch/http/blocking.h"

#include "fetch/http/transfer.h"

namespace cw::fetch {

Result<Answer> get_over_http(const Request& request, const Trust& trust) {
  const auto transfer = CW_TRY(Transfer::get(request, trust));
  return transfer->finish(curl_easy_perform(transfer->handle()));
}

Result<Version> put_over_http(const Upload& upload, const Trust& trust) {
  const auto transfer = CW_TRY(Transfer::put(upload, trust));
  auto answer = CW_TRY(transfer->finish(curl_easy_perform(transfer->handle())));
  return std::move(answer.version);
}

}  // namespace cw::fetch
