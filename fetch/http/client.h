// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/result.h"
#include "fetch/request.h"

// Fetches over HTTPS without waiting: libcurl's multi interface on somebody's event loop, which is
// known through two calls only. Keeps a connection for the next request to the same server. One
// thread; libcurl resolves names in a thread of its own.
namespace cw::fetch {

// What the client asks of the loop that it works on.
class EventLoop {
 public:
  enum class Interest : std::uint8_t { None, Read, Write, Both };

  virtual ~EventLoop() = default;
  // Until the next call for this descriptor, LoopClient::on_ready() is to be called while it is
  // ready. None: the descriptor is about to be closed, forget it.
  virtual void watch(int fd, Interest interest) = 0;
  // LoopClient::on_time() is to be called once after this long, and not at the time asked for
  // before. Nothing: not at all.
  virtual void wake_in(std::optional<std::chrono::milliseconds> delay) = 0;
};

// Whom the loop calls.
class LoopClient {
 public:
  virtual ~LoopClient() = default;
  LoopClient(const LoopClient&) = delete;
  LoopClient& operator=(const LoopClient&) = delete;
  LoopClient(LoopClient&&) = delete;
  LoopClient& operator=(LoopClient&&) = delete;

  virtual void on_ready(int fd, bool readable, bool writable) = 0;
  virtual void on_time() = 0;

 protected:
  LoopClient() = default;
};

class HttpClient : public LoopClient {
 public:
  // Called from on_ready() or on_time(), never from get() itself.
  using Done = std::function<void(Result<Answer>)>;

  // The loop outlives the client.
  static Result<std::unique_ptr<HttpClient>> create(EventLoop& loop, Trust trust);

  // Begins. An error: not even that was possible, and `done` is not called. Those still under way
  // when the client goes are not called either.
  virtual Result<> get(Request request, Done done) = 0;
};

}  // namespace cw::fetch
