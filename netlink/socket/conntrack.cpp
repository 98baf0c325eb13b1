// SPDX-License-Identifier: Apache-2.0
#include "netlink/socket/conntrack.h"

#include <cerrno>
#include <vector>

#include <linux/netlink.h>

#include "netlink/codec/conntrack_codec.h"

namespace cw::netlink {

namespace {

// Some hundred requests: the answers to all of them, should they all fail, fit the socket's
// receive buffer (net.core.rmem_default, 208 KiB).
constexpr std::size_t kMostBytesAtOnce = 32768;

}  // namespace

Result<ConntrackSocket> ConntrackSocket::create() {
  auto list = CW_TRY_IN(Channel::open(NETLINK_NETFILTER), "opening conntrack");
  auto change = CW_TRY_IN(Channel::open(NETLINK_NETFILTER), "opening conntrack");
  auto request = count_flows();
  CW_TRY(list.exchange(request, "cannot ask for tracked connections"));
  return ConntrackSocket(std::move(list), std::move(change));
}

Result<std::size_t> ConntrackSocket::forget(const FlowMatch& among,
                                            const std::function<bool(const Flow&)>& gone) {
  std::vector<std::uint8_t> batch;
  std::size_t forgotten = 0;
  Result<> sent;
  const auto send = [&] {
    if (sent && !batch.empty()) {
      // One that is gone already is as wanted.
      sent = change_.exchange_all(batch, "cannot forget tracked connections", ENOENT);
    }
    batch.clear();
  };
  auto request = list_flows(among);
  auto listed =
      list_.exchange(request, "cannot list tracked connections", [&](const Message& message) {
        const auto flow = decode_flow(message);
        if (!flow || !gone(*flow)) {
          return;
        }
        ++forgotten;
        const auto one = forget_flow(message);
        batch.insert(batch.end(), one.begin(), one.end());
        if (batch.size() > kMostBytesAtOnce) {
          send();
        }
      });
  send();
  CW_TRY(std::move(sent));
  CW_TRY(std::move(listed));
  return forgotten;
}

}  // namespace cw::netlink
