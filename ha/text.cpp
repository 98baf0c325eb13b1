// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "ha/values.h"

namespace cw::ha {

std::string_view to_text(Role role) {
  switch (role) {
    case Role::Standby:
      return "standby";
    case Role::Claim:
      return "claim";
    case Role::Move:
      return "move";
    case Role::Active:
      return "active";
    case Role::Drain:
      return "drain";
    case Role::Relay:
      return "relay";
    case Role::Fenced:
      return "fenced";
  }
  return "?";
}

std::string_view to_text(Fitness fitness) {
  switch (fitness) {
    case Fitness::Fit:
      return "fit";
    case Fitness::Poor:
      return "poor";
    case Fitness::Unfit:
      return "unfit";
  }
  return "?";
}

std::string_view to_text(Why why) {
  switch (why) {
    case Why::Started:
      return "started";
    case Why::Configured:
      return "configured";
    case Why::NoOwner:
      return "no owner";
    case Why::OwnerSilent:
      return "owner silent";
    case Why::OwnerLeft:
      return "owner left";
    case Why::OwnerUnfit:
      return "owner unfit";
    case Why::HandedOver:
      return "handed over";
    case Why::ArbiterDown:
      return "arbiter down";
    case Why::Recorded:
      return "recorded";
    case Why::Won:
      return "won";
    case Why::Lost:
      return "lost";
    case Why::Arrived:
      return "address arrived";
    case Why::Superseded:
      return "superseded";
    case Why::FabricMoved:
      return "address moved";
    case Why::TakenOver:
      return "taken over";
    case Why::RelayTimedOut:
      return "relayed for long";
    case Why::Drained:
      return "drained";
    case Why::Unhealthy:
      return "unhealthy";
    case Why::HandoverFailed:
      return "handover failed";
    case Why::BecameUnfit:
      return "became unfit";
    case Why::BecameFit:
      return "became fit";
  }
  return "?";
}

std::string to_text(Epoch epoch) {
  return fmt::format("{}{}", epoch.term, epoch.provisional ? "+" : "");
}

}  // namespace cw::ha
