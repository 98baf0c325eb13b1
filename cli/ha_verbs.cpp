// SPDX-License-Identifier: Apache-2.0
#include "cli/ha_verbs.h"

#include <cstdio>

#include "cli/ha_view.h"

namespace cw::cli {

int ha_status(const FailoverClient& failover, Form form, const Terminal& terminal) {
  if (form == Form::Json) {
    const auto text = failover.status_json();
    if (!text) {
      return complain(text.error(), terminal);
    }
    print(stdout, *text);
    return kDone;
  }
  const auto status = failover.status();
  if (!status) {
    return complain(status.error(), terminal);
  }
  print(stdout, view(*status, terminal.out));
  return kDone;
}

int ha_move(const FailoverClient& failover, const api::Move& wish, const Terminal& terminal) {
  return finish(failover.move(wish), terminal);
}

int ha_drain(const FailoverClient& failover, const Terminal& terminal) {
  return finish(failover.drain(), terminal);
}

int ha_serve(const FailoverClient& failover, const Terminal& terminal) {
  return finish(failover.serve(), terminal);
}

}  // namespace cw::cli
