// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "fetch/request.h"
#include "tests/unit/router/agent/temp_folder.h"

// lab/https_server.py on a loopback address, for as long as this lives.
namespace cw::test {

class WebServer {
 public:
  explicit WebServer(const agent::TempFolder& folder, const std::vector<std::string>& options = {});
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;
  WebServer(WebServer&&) = delete;
  WebServer& operator=(WebServer&&) = delete;

  [[nodiscard]] fetch::Location at(const std::string& name) const;
  [[nodiscard]] fetch::Trust trust() const;

 private:
  const agent::TempFolder& folder_;
  bool plain_ = false;
  pid_t process_ = -1;
  std::string port_;
};

}  // namespace cw::test
