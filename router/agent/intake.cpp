// SPDX-License-Identifier: Apache-2.0
#include "router/agent/intake.h"

namespace cw::agent {

Intake::Intake(const Loop& loop, const Clock& clock, NetworkSource& source, Callback settled)
    : clock_(clock),
      source_(source),
      settled_(std::move(settled)),
      watch_(loop, source.path(), source.folders(), [this] { changed(); }) {}

Result<std::unique_ptr<Intake>> Intake::create(const Loop& loop, const Clock& clock,
                                               NetworkSource& source, Callback settled) {
  std::unique_ptr<Intake> intake(new Intake(loop, clock, source, std::move(settled)));
  intake->timer_ =
      CW_TRY(Timer::create(loop, "network settles", [raw = intake.get()] { raw->due(); }));
  intake->watch_.renew();
  return intake;
}

NetworkReading Intake::read_now() {
  settle_.forget();
  arm();
  source_.refresh();
  return source_.compile();
}

void Intake::look_again() {
  if (watch_.renew_if_incomplete() && source_.refresh()) {
    changed();
  }
}

void Intake::changed() {
  settle_.changed(clock_.steady());
  arm();
}

void Intake::due() {
  const bool differs = source_.refresh();
  const auto verdict = settle_.read(differs, clock_.steady());
  arm();
  if (verdict == Settle::Verdict::Take) {
    settled_(source_.compile());
  }
}

void Intake::arm() {
  if (const auto due = settle_.due()) {
    timer_.arm(*due);
  } else {
    timer_.disarm();
  }
}

}  // namespace cw::agent
