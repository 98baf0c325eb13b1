// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "netlink/codec/connection.h"

// Any bytes as messages of ctnetlink. What is a connection is written, and read again as the same
// tuple.
// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cw::netlink;
  Messages messages({data, size});
  while (const auto message = messages.next()) {
    const auto told = decode_connection(*message);
    if (!told) {
      continue;
    }
    const auto bytes = create_connection(told->connection);
    Messages again(bytes);
    const auto made = decode_connection(*again.next());
    if (!made || made->connection.id != told->connection.id ||
        made->connection.mark != told->connection.mark) {
      std::abort();
    }
  }
  return 0;
}
