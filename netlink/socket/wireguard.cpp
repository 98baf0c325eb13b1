// SPDX-License-Identifier: Apache-2.0
#include "netlink/socket/wireguard.h"

#include <cerrno>

#include <linux/genetlink.h>

#include <fmt/format.h>

#include "netlink/codec/wireguard_codec.h"
#include "netlink/codec/wireguard_dump.h"

namespace cw::netlink {

Result<WireGuardSocket> WireGuardSocket::create() {
  return WireGuardSocket(CW_TRY_IN(Channel::open(NETLINK_GENERIC), "opening generic netlink"));
}

Result<WgDevice> WireGuardSocket::device(const std::string& name) {
  const auto what = fmt::format("cannot read WireGuard device {}", name);
  const auto number = CW_TRY_IN(family(), what);
  return retry_interrupted([&]() -> Result<WgDevice> {
    WgDeviceDump dump;
    auto request = encode_dump(name, number);
    auto done =
        channel_.exchange(request, what, [&dump](const Message& message) { dump.take(message); });
    channel_.wipe();
    if (!done) {
      if (done.error().os == EOPNOTSUPP) {  // a device of another kind
        done.error().kind = ErrorKind::NotFound;
      }
      return done.error();
    }
    return CW_TRY_IN(std::move(dump).finish(), what);
  });
}

// Asked each time: the number is another one after the module was loaded anew, and asking loads it.
Result<std::uint16_t> WireGuardSocket::family() {
  genlmsghdr header{};
  header.cmd = CTRL_CMD_GETFAMILY;
  header.version = 1;
  MessageWriter request(GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_ACK);
  request.header(header);
  request.text(CTRL_ATTR_FAMILY_NAME, "wireguard");
  auto bytes = request.take();
  std::uint16_t number = 0;
  const auto asked = channel_.exchange(
      bytes, "cannot ask for WireGuard's number", [&number](const Message& message) {
        if (const auto id =
                Attributes(message.payload, sizeof(genlmsghdr)).find(CTRL_ATTR_FAMILY_ID)) {
          number = id->as<std::uint16_t>().value_or(0);
        }
      });
  if (!asked) {
    return asked.error().os == ENOENT
               ? Error::from_errno(EPROTONOSUPPORT, "this kernel has no WireGuard")
               : asked.error();
  }
  if (number == 0) {
    return Error::make(ErrorKind::Bug, "the kernel does not tell the number of its WireGuard");
  }
  return number;
}

Result<> WireGuardSocket::change(const WgDeviceChange& change) {
  const auto what = fmt::format("cannot change WireGuard device {}", change.device);
  auto messages = encode(change, CW_TRY_IN(family(), what));
  Result<> result;
  for (auto& message : messages) {
    if (result) {
      result = channel_.exchange(message, what);
    }
    net::wipe(message);
  }
  return result;
}

}  // namespace cw::netlink
