// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "netlink/codec/message.h"

struct mnl_socket;

// A netlink socket that asks and waits for the answer. Every request is acknowledged, with the
// kernel's extended text (NETLINK_EXT_ACK) in the error; dumps are strict (NETLINK_GET_STRICT_CHK:
// the kernel filters, or says that it cannot). Refuses nothing by itself. Blocking, but the kernel
// answers at once; one thread. Costs a descriptor and 32 KiB.
namespace cw::netlink {

class Channel {
 public:
  using OnReply = std::function<void(const Message& message)>;

  // `bus`: NETLINK_ROUTE, NETLINK_GENERIC, NETLINK_NETFILTER.
  static Result<Channel> open(int bus);

  // Sends a whole message (its sequence number is set here) and hands over each message of the
  // answer. `what` begins the error's message: "cannot add route 10.0.0.0/8". A dump that changed
  // under way or lost messages fails with ErrorKind::Interrupted, after all that came.
  Result<> exchange(std::span<std::uint8_t> request, const std::string& what,
                    const OnReply& on_reply = {});

  // The same in parts, for a dump that takes longer than the caller may stay away from its loop:
  // after begin(), read_part() takes one datagram of the answer, up to 32 KiB, and says whether it
  // was the last. An error ends it too. Meanwhile this channel can be asked nothing else, and where
  // the answer is given up before its end, nothing any more: open another.
  Result<> begin(std::span<std::uint8_t> request, const std::string& what);
  Result<bool> read_part(const std::string& what, const OnReply& on_reply);

  // Whole messages back to back, sent as one; their sequence numbers and NLM_F_ACK are set here.
  // An error is the first, but for `expected` (an errno), which is none. All of them are carried
  // out, whatever becomes of one.
  Result<> exchange_all(std::span<std::uint8_t> requests, const std::string& what, int expected);

  using OnRefusal = std::function<void(std::size_t index, const Error& error)>;

  // The same, where each refusal is somebody's: which of the requests, counted from 0, and why. An
  // error is the socket's own.
  Result<> exchange_each(std::span<std::uint8_t> requests, const std::string& what,
                         const OnRefusal& on_refusal);

  // What was received last, where there is a key in it.
  void wipe();

  // By which notifications name the author of a change (nlmsg_pid).
  [[nodiscard]] std::uint32_t port() const;

 private:
  struct Close {
    void operator()(mnl_socket* socket) const;
  };

  explicit Channel(mnl_socket* socket);

  Result<Bytes> receive_bytes(const std::string& what);

  // One datagram of the answer. True: the answer is complete.
  Result<bool> receive(const std::string& what, const OnReply& on_reply);

  std::unique_ptr<mnl_socket, Close> socket_;
  std::vector<std::uint8_t> buffer_;
  std::uint32_t sequence_ = 0;
  bool interrupted_ = false;  // the answer that is being read
};

// A dump is read again when the kernel changed under it. On a host whose links or routes change
// all the time each attempt may be interrupted; then the caller concludes nothing and comes back.
inline constexpr int kDumpAttempts = 5;

template <class Dump>
auto retry_interrupted(const Dump& dump) {
  auto result = dump();
  for (int attempt = 1;
       attempt < kDumpAttempts && !result && result.error().kind == ErrorKind::Interrupted;
       ++attempt) {
    result = dump();
  }
  return result;
}

}  // namespace cw::netlink
