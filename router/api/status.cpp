// SPDX-License-Identifier: Apache-2.0
#include "router/api/status.h"

namespace cw::api {

std::string_view to_text(Phase phase) {
  switch (phase) {
    case Phase::Running:
      return "running";
    case Phase::Retrying:
      return "retrying";
    case Phase::Waiting:
      return "waiting";
    case Phase::Down:
      return "down";
  }
  return "waiting";
}

std::string_view to_text(Severity severity) {
  switch (severity) {
    case Severity::Note:
      return "note";
    case Severity::Warning:
      return "warning";
    case Severity::Error:
      return "error";
  }
  return "error";
}

}  // namespace cw::api
