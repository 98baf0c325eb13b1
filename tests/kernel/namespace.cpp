// SPDX-License-Identifier: Apache-2.0
#include "tests/kernel/namespace.h"

#include <array>
#include <cstdio>
#include <cstring>

#include <sched.h>

namespace cw::kernel {

void NamespaceTest::SetUp() {
  if (::unshare(CLONE_NEWNET) != 0) {
    FAIL() << "cannot make a network namespace (root is needed): " << std::strerror(errno);
  }
  run("ip link set lo up");
}

std::string run(const std::string& command) {
  std::string output;
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) {
    ADD_FAILURE() << "cannot run " << command;
    return output;
  }
  std::array<char, 4096> chunk{};
  while (const auto got = std::fread(chunk.data(), 1, chunk.size(), pipe)) {
    output.append(chunk.data(), got);
  }
  EXPECT_EQ(::pclose(pipe), 0) << command << "\n" << output;
  return output;
}

nlohmann::json run_json(const std::string& command) {
  const auto output = run(command);
  if (output.find_first_not_of(" \n") == std::string::npos) {
    return nlohmann::json::array();
  }
  auto value = nlohmann::json::parse(output, nullptr, false);
  EXPECT_FALSE(value.is_discarded()) << command << "\n" << output;
  return value;
}

net::Prefix prefix(const char* text) {
  return *net::Prefix::parse(text);
}

}  // namespace cw::kernel
