// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "netlink/codec/route_values.h"

// A test that enters an empty network namespace of its own and asks the system's own tools there.
namespace cw::kernel {

const netlink::Ownership kOurs{.device_prefix = "cw-",
                               .table = 7920,
                               .protocol = 204,
                               .first_priority = 4900,
                               .last_priority = 4999};

class NamespaceTest : public testing::Test {
 protected:
  void SetUp() override;
};

// Output of a shell command that must succeed.
std::string run(const std::string& command);

// The same, as JSON; no output at all is an empty array.
nlohmann::json run_json(const std::string& command);

// A value, or the error as the test's failure.
#define CW_ASSERT_OK(result) \
  if (auto& cw_ok_ = (result); !cw_ok_) FAIL() << cw_ok_.error().to_text()
#define CW_EXPECT_OK(expr)                 \
  if (const auto cw_ok_ = (expr); !cw_ok_) \
  ADD_FAILURE() << #expr << ": " << cw_ok_.error().to_text()

net::Prefix prefix(const char* text);

}  // namespace cw::kernel
