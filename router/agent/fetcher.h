// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "fetch/http/client.h"
#include "fetch/request.h"
#include "router/agent/loop.h"

// Asks for one file again and again, at an interval with jitter, and at once when told to; one
// request at a time. Knows nothing of what is in the file.
namespace cw::agent {

class Fetcher {
 public:
  using Callback = std::function<void(Result<fetch::Answer>)>;

  // `client` is for addresses and outlives this; a path is read from the disk.
  static Result<std::unique_ptr<Fetcher>> create(const Loop& loop, fetch::HttpClient* client,
                                                 fetch::Request request,
                                                 std::chrono::milliseconds interval,
                                                 Callback answered);

  // Asks now. One that is under way may be too old: its answer is given, and then it is asked anew.
  void ask();
  // The same from the loop: the answer does not come within this call, also not from a disk.
  void ask_soon();

  // How many were asked. While an answer is given, this is its number; the one that ask() leads to
  // is the next.
  [[nodiscard]] std::uint64_t asked() const { return asked_; }

  // The next answer is the whole content, also where one is under way.
  void forget();

 private:
  Fetcher(fetch::HttpClient* client, fetch::Request request, std::chrono::milliseconds interval,
          Callback answered)
      : client_(client),
        request_(std::move(request)),
        interval_(interval),
        answered_(std::move(answered)) {}

  void finish(Result<fetch::Answer> answer);

  fetch::HttpClient* client_;
  fetch::Request request_;
  std::chrono::milliseconds interval_;
  Callback answered_;
  Timer timer_;
  std::uint64_t asked_ = 0;
  bool busy_ = false;  // also while an answer is given
  bool again_ = false;
  bool forgotten_ = false;  // while one was under way
};

}  // namespace cw::agent
