// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/ha/etcd/etcd_server.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <iterator>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <unistd.h>

namespace cw::test {

namespace {

constexpr int kStartMilliseconds = 20'000;  // usual are 100

// Free at this moment; the kernel gives the same one again only after it went through the others.
std::string free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(fd);
  return std::to_string(::ntohs(address.sin_port));
}

// With its output in a file, and these variables alone.
pid_t spawn(std::vector<std::string> words, std::vector<std::string> environment,
            const std::string& output) {
  const auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> list;
    std::ranges::transform(texts, std::back_inserter(list),
                           [](std::string& text) { return text.data(); });
    list.push_back(nullptr);
    return list;
  };
  auto arguments = pointers(words);
  auto variables = pointers(environment);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t process = -1;
  EXPECT_EQ(
      ::posix_spawn(&process, arguments[0], &actions, nullptr, arguments.data(), variables.data()),
      0)
      << words[0];
  ::posix_spawn_file_actions_destroy(&actions);
  return process;
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void run(std::vector<std::string> words, std::vector<std::string> environment,
         const std::string& output) {
  const auto name = words[0];
  int status = -1;
  ::waitpid(spawn(std::move(words), std::move(environment), output), &status, 0);
  EXPECT_EQ(status, 0) << name << ":\n" << text_of(output);
}

}  // namespace

EtcdServer::EtcdServer(Tls tls) : port_(free_port()), peer_port_(free_port()) {
  if (tls == Tls::On) {
    scheme_ = "https";
    run({"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/O=test", "-addext",
         "subjectAltName=IP:127.0.0.1", "-keyout", key(), "-out", certificate()},
        {}, folder_ / "openssl.log");
  }
  start();
}

EtcdServer::~EtcdServer() {
  kill();
}

// It says that it serves as it would to systemd (sd_notify(3)).
void EtcdServer::start() {
  const auto path = folder_ / "notify";
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ::unlink(path.c_str());
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const auto peer = "http://127.0.0.1:" + peer_port_;
  // A test that dies takes it along.
  std::vector<std::string> words{"/usr/bin/setpriv",
                                 "--pdeathsig=KILL",
                                 "/usr/bin/etcd",
                                 "--data-dir=" + (folder_ / "data"),
                                 "--listen-client-urls=" + endpoint(),
                                 "--advertise-client-urls=" + endpoint(),
                                 "--listen-peer-urls=" + peer,
                                 "--initial-advertise-peer-urls=" + peer,
                                 "--initial-cluster=default=" + peer,
                                 "--heartbeat-interval=10",
                                 "--election-timeout=100",
                                 "--bcrypt-cost=4"};
  if (scheme_ == "https") {
    words.insert(words.end(), {"--cert-file=" + certificate(), "--key-file=" + key(),
                               "--client-cert-auth", "--trusted-ca-file=" + certificate()});
  }
  process_ = spawn(std::move(words), {"NOTIFY_SOCKET=" + path}, folder_ / "etcd.log");
  pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&ready, 1, kStartMilliseconds), 1) << text_of(folder_ / "etcd.log");
  ::close(fd);
}

void EtcdServer::kill() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
  }
}

void EtcdServer::signal(int number) const {
  ASSERT_GT(process_, 0);
  ASSERT_EQ(::kill(process_, number), 0);
}

std::string EtcdServer::control(std::vector<std::string> words) {
  folder_.write("etcdctl.log", "");
  std::vector<std::string> all{"/usr/bin/etcdctl", "--endpoints=" + endpoint()};
  if (scheme_ == "https") {
    all.insert(all.end(),
               {"--cacert=" + certificate(), "--cert=" + certificate(), "--key=" + key()});
  }
  if (users_) {
    all.emplace_back("--user=root:root");
  }
  all.insert(all.end(), std::make_move_iterator(words.begin()),
             std::make_move_iterator(words.end()));
  run(std::move(all), {"ETCDCTL_API=3"}, folder_ / "etcdctl.log");
  return text_of(folder_ / "etcdctl.log");
}

void EtcdServer::demand_users() {
  control({"user", "add", "root:root"});
  control({"user", "grant-role", "root", "root"});
  control({"role", "add", "causeway"});
  control({"role", "grant-permission", "causeway", "--prefix=true", "readwrite", "/causeway/"});
  control({"user", "add", "router:secret"});
  control({"user", "grant-role", "router", "causeway"});
  control({"auth", "enable"});
  users_ = true;
}

void EtcdServer::forget_tokens() {
  control({"auth", "disable"});
  users_ = false;
  control({"auth", "enable"});
  users_ = true;
}

}  // namespace cw::test
