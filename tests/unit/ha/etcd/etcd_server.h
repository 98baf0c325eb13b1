// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

#include "tests/unit/router/agent/temp_folder.h"

// A real etcd on a loopback address, for as long as this lives. What it keeps outlives its
// restarts.
namespace cw::test {

class EtcdServer {
 public:
  enum class Tls : std::uint8_t { Off, On };  // On: clients show a certificate, too

  explicit EtcdServer(Tls tls = Tls::Off);
  ~EtcdServer();
  EtcdServer(const EtcdServer&) = delete;
  EtcdServer& operator=(const EtcdServer&) = delete;
  EtcdServer(EtcdServer&&) = delete;
  EtcdServer& operator=(EtcdServer&&) = delete;

  void start();  // until it serves
  void kill();
  void signal(int number) const;

  [[nodiscard]] std::string endpoint() const { return scheme_ + "://127.0.0.1:" + port_; }

  // The server's, its authority's and the client's are one.
  [[nodiscard]] std::string certificate() const { return folder_ / "tls.pem"; }

  [[nodiscard]] std::string key() const { return folder_ / "tls.key"; }

  // What etcdctl says to these words.
  std::string control(std::vector<std::string> words);

  // A user `router` with the password `secret`, which may use /causeway/ alone; and nobody without.
  void demand_users();
  void forget_tokens();  // a restart does not: it reads its log

 private:
  agent::TempFolder folder_;
  std::string scheme_ = "http";
  std::string port_;
  std::string peer_port_;
  pid_t process_ = -1;
  bool users_ = false;
};

}  // namespace cw::test
