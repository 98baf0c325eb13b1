// SPDX-License-Identifier: Apache-2.0
#include "router/agent/fetcher.h"

#include <utility>

#include <sys/random.h>

#include "fetch/disk/disk.h"
#include "fetch/schedule.h"

namespace cw::agent {

namespace {

// Only spreads requests: what the kernel cannot give is as good as 0.
std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  return ::getrandom(&bits, sizeof bits, GRND_NONBLOCK) == sizeof bits ? bits : 0;
}

}  // namespace

Result<std::unique_ptr<Fetcher>> Fetcher::create(const Loop& loop, fetch::HttpClient* client,
                                                 fetch::Request request,
                                                 std::chrono::milliseconds interval,
                                                 Callback answered) {
  std::unique_ptr<Fetcher> made(
      new Fetcher(client, std::move(request), interval, std::move(answered)));
  made->timer_ = CW_TRY(
      Timer::create(loop, "fetch " + made->request_.from.text, [raw = made.get()] { raw->ask(); }));
  return made;
}

void Fetcher::ask() {
  if (busy_) {
    again_ = true;
    return;
  }
  busy_ = true;
  ++asked_;
  forgotten_ = false;
  if (client_ == nullptr) {
    finish(fetch::get_from_disk(request_));
    return;
  }
  auto begun =
      client_->get(request_, [this](Result<fetch::Answer> answer) { finish(std::move(answer)); });
  if (!begun) {
    finish(std::move(begun).error());
  }
}

void Fetcher::ask_soon() {
  if (busy_) {
    again_ = true;
  } else {
    timer_.arm_in(std::chrono::milliseconds(0));
  }
}

void Fetcher::forget() {
  request_.known.clear();
  forgotten_ = busy_;
}

void Fetcher::finish(Result<fetch::Answer> answer) {
  // "Unchanged" from what was forgotten meanwhile says nothing.
  const bool says_nothing = answer && !answer->content && forgotten_;
  if (answer) {
    request_.known = forgotten_ ? fetch::Version() : answer->version;
  }
  if (!says_nothing) {
    answered_(std::move(answer));
  }
  busy_ = false;
  if (std::exchange(again_, false) || says_nothing) {
    ask();
  } else {
    timer_.arm_in(fetch::jittered(interval_, random_bits()));
  }
}

}  // namespace cw::agent
