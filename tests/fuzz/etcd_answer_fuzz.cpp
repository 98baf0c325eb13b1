// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ha/etcd/codec/lines.h"
#include "ha/etcd/codec/messages.h"
#include "ha/etcd/codec/record.h"

// Any bytes as each of etcd's answers, and as a record, which says the same when it is written
// again. NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cw::ha::etcd;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Site site{.network = "net-1", .number = 7};
  if (const auto record = record_from_json(text)) {
    const auto again = to_json(*record);
    if (!again || record_from_json(*again) != *record) {
      std::abort();
    }
  }
  (void)read_answer(site, "gw-a", text);
  (void)write_answer(site, {.gateway = "gw-a", .request = 1, .expected = 0, .record = {}}, text);
  (void)read_all_answer(site, text);
  (void)login_answer(text);
  (void)failure_of(400, text);
  Lines lines(kMostLine);
  if (lines.add(text)) {
    while (const auto line = lines.next()) {
      (void)watch_message(site, *line);
    }
  }
  return 0;
}
