// SPDX-License-Identifier: Apache-2.0
#include "router/agent/intake.h"

#include <utility>

namespace cw::agent {

namespace {

// More than these are no quicker to read one by one than with all the others.
constexpr std::size_t kMostAnnounced = 256;

}  // namespace

Intake::Intake(const Loop& loop, const Clock& clock, NetworkSource& source, Callback settled)
    : clock_(clock),
      source_(source),
      settled_(std::move(settled)),
      watch_(loop, source.path(), source.folders(),
             [this](std::optional<std::string> path) { changed(std::move(path)); }) {}

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
  watch_.renew_if_incomplete();  // who asks may just have mended why
  read_all();
  return source_.compile();
}

std::optional<NetworkReading> Intake::read_announced() {
  const auto paths = std::exchange(announced_, {});
  if (paths.empty() || paths.size() > kMostAnnounced || !source_.refresh(paths)) {
    return std::nullopt;
  }
  return source_.compile();
}

bool Intake::read_all() {
  announced_.clear();
  return source_.refresh();
}

void Intake::look_again() {
  if (watch_.renew_if_incomplete() && read_all()) {
    changed(std::nullopt);
  }
}

void Intake::changed(std::optional<std::string> path) {
  if (path && announced_.size() <= kMostAnnounced) {
    announced_.insert(std::move(*path));
  }
  settle_.changed(clock_.steady());
  arm();
}

void Intake::due() {
  const bool differs = read_all();
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
