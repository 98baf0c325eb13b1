// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/ha/trace.h"

#include <fmt/format.h>

namespace cw::sim {

namespace {

std::string text(const ha::VersionedRecord& current) {
  if (!current.record) {
    return fmt::format("none (version {})", current.version);
  }
  const ha::Record& record = *current.record;
  return fmt::format("{}'s, term {}, renewal {}, successor {}, held {}, serial {} (version {})",
                     record.owner, record.term, record.renewal, record.successor, record.held,
                     record.serial, current.version);
}

std::string text(const ha::Beat& beat) {
  std::string line = fmt::format("beat of {} for {}: {} {} {}", beat.router, beat.gateway,
                                 to_text(beat.role), to_text(beat.epoch), to_text(beat.fitness));
  line += beat.goodbye ? ", goodbye" : "";
  if (beat.handover) {
    line += fmt::format(", handover {} to {}{}", beat.handover->id, beat.handover->to,
                        beat.handover->go ? ": go" : "");
  }
  line += beat.ready != 0 ? fmt::format(", ready for {}", beat.ready) : "";
  return line;
}

struct Describe {
  std::string operator()(const ha::Tick& /*tick*/) const { return "tick"; }

  std::string operator()(const ha::Heard& heard) const { return text(heard.beat); }

  std::string operator()(const ha::ArbiterAnswer& answer) const {
    constexpr const char* kOutcomes[] = {"done", "conflict", "refused", "unknown"};
    return fmt::format("arbiter on {} #{}: {}; {}", answer.gateway, answer.request,
                       kOutcomes[static_cast<std::size_t>(answer.outcome)], text(answer.current));
  }

  std::string operator()(const ha::RecordChanged& changed) const {
    return fmt::format("watch: {} is {}", changed.gateway, text(changed.current));
  }

  std::string operator()(const ha::FabricAnswer& answer) const {
    constexpr const char* kOutcomes[] = {"here", "elsewhere", "refused", "unknown"};
    return fmt::format("fabric on {} #{}: {}", answer.gateway, answer.request,
                       kOutcomes[static_cast<std::size_t>(answer.outcome)]);
  }

  std::string operator()(const ha::AddressArrived& arrived) const {
    return fmt::format("{}'s address arrived", arrived.gateway);
  }

  std::string operator()(const ha::Checked& checked) const {
    return fmt::format("checked {}: {}", checked.gateway.empty() ? "all" : checked.gateway,
                       to_text(checked.fitness));
  }

  std::string operator()(const ha::TargetsTried& tried) const {
    return fmt::format("out of reach: {:#x} as a standby, {:#x} as owner",
                       tried.out_of_reach.of_standby, tried.out_of_reach.of_owner);
  }

  std::string operator()(const ha::ClockChecked& checked) const {
    return fmt::format("clock {}synchronised", checked.synchronised ? "" : "not ");
  }

  std::string operator()(const ha::NetmapChanged& changed) const {
    return fmt::format("netmap {}, offered {}", changed.serial, changed.offered);
  }

  std::string operator()(const ha::Prepared& prepared) const {
    return fmt::format("prepared for handover {} of {}", prepared.handover, prepared.gateway);
  }

  std::string operator()(const ha::Configured& /*configured*/) const { return "configured"; }

  std::string operator()(const ha::MoveGateway& wish) const {
    return fmt::format("move {} to {}", wish.gateway, wish.to);
  }

  std::string operator()(const ha::DrainRouter& drain) const {
    return drain.on ? "drain" : "undrain";
  }

  std::string operator()(const ha::LeaveSite& /*leave*/) const { return "leave"; }

  std::string operator()(const ha::RestartSoon& restart) const {
    return fmt::format("restart within {} ms", restart.silence.count());
  }

  std::string operator()(const ha::SendBeat& send) const { return text(send.beat); }

  std::string operator()(const ha::ReadRecord& read) const {
    return fmt::format("read {} #{}", read.gateway, read.request);
  }

  std::string operator()(const ha::WriteRecord& write) const {
    return fmt::format("write {} #{}: {}", write.gateway, write.request,
                       text({.version = write.expected, .record = write.record}));
  }

  std::string operator()(const ha::MoveAddress& move) const {
    return fmt::format("move {}'s address #{}", move.gateway, move.request);
  }

  std::string operator()(const ha::CheckAddress& check) const {
    return fmt::format("check {}'s address #{}", check.gateway, check.request);
  }

  std::string operator()(const ha::WithdrawAddress& withdraw) const {
    return fmt::format("withdraw {}'s address", withdraw.gateway);
  }

  std::string operator()(const ha::OpenGate& open) const {
    return fmt::format("open {} under {}", open.gateway, to_text(open.epoch));
  }

  std::string operator()(const ha::StartHandshakes& kick) const {
    return fmt::format("start {}'s handshakes again", kick.gateway);
  }

  std::string operator()(const ha::StopInitiating& stop) const {
    return fmt::format("stop initiating for {}", stop.gateway);
  }

  std::string operator()(const ha::CloseGate& close) const {
    return fmt::format("close {}", close.gateway);
  }

  std::string operator()(const ha::Prepare& prepare) const {
    return fmt::format("prepare for handover {} of {} from {}", prepare.handover, prepare.gateway,
                       prepare.from);
  }

  std::string operator()(const ha::Changed& changed) const {
    return fmt::format("{}: {} -> {} ({}), epoch {}", changed.gateway, to_text(changed.from),
                       to_text(changed.to), to_text(changed.why), to_text(changed.epoch));
  }

  std::string operator()(const ha::MoveRefused& refused) const {
    return fmt::format("move of {} to {} refused ({})", refused.gateway, refused.to,
                       static_cast<int>(refused.because));
  }

  std::string operator()(const ha::Left& /*left*/) const { return "left"; }
};

}  // namespace

std::string describe(const ha::Event& event) {
  return std::visit(Describe{}, event);
}

std::string describe(const ha::Action& action) {
  return std::visit(Describe{}, action);
}

}  // namespace cw::sim
