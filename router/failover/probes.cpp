// SPDX-License-Identifier: Apache-2.0
#include "router/failover/probes.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "router/failover/socket_address.h"

namespace cw::failover {

namespace {

std::string words_of(int error) {
  return error == 0 ? std::string() : std::generic_category().message(error);
}

Result<UniqueFd> make_socket(net::Family family) {
  UniqueFd fd(::socket(family == net::Family::V4 ? AF_INET : AF_INET6,
                       SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) {
    return Error::from_errno(errno, "cannot make a socket to try a target");
  }
  // The ACK of the SYN-ACK waits (for 200 ms at most), as for data to go with it, and close()
  // resets the connection instead. Where that is refused the target hears of a connection.
  const int off = 0;
  (void)::setsockopt(fd.get(), IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off);
  const linger reset{.l_onoff = 1, .l_linger = 0};
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  return fd;
}

}  // namespace

Result<std::unique_ptr<Probes>> Probes::create(const agent::Loop& loop, Told told) {
  std::unique_ptr<Probes> made(new Probes(loop, std::move(told)));
  made->again_ =
      CW_TRY(agent::Timer::create(loop, "targets", [raw = made.get()] { raw->begin(); }));
  made->late_ = CW_TRY(
      agent::Timer::create(loop, "targets are late", [raw = made.get()] { raw->give_up(); }));
  return made;
}

void Probes::configure(std::vector<net::SocketAddress> targets) {
  tries_.clear();
  targets_ = std::move(targets);
  tries_.resize(targets_.size());
  if (targets_.empty()) {
    again_.disarm();
    late_.disarm();
    return;
  }
  begin();
}

void Probes::begin() {
  again_.arm_in(ha::health::kTryEvery);
  late_.arm_in(ha::health::kTryFor);
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    begin(i);
  }
}

// What this host lacks (descriptors, memory) is no word about the target.
void Probes::begin(std::size_t target) {
  const auto& address = targets_[target];
  auto fd = make_socket(address.ip.family());
  if (!fd) {
    if (fd.error().os == EAFNOSUPPORT) {  // a kernel without IPv6 reaches none of it
      told_(target, words_of(EAFNOSUPPORT));
    }
    return;
  }
  auto name = name_of(address);
  if (::connect(fd->get(), name.generic(), name.size) == 0) {
    told_(target, {});
    return;
  }
  if (errno != EINPROGRESS) {
    told_(target, words_of(errno));
    return;
  }
  auto ready =
      agent::ReadySource::create(loop_, fd->get(), agent::ReadySource::Wanted::Write, "target",
                                 [this, target](bool, bool) { answered(target); });
  if (ready) {
    tries_[target] = Try{.fd = std::move(*fd), .ready = std::move(*ready)};
  }
}

void Probes::answered(std::size_t target) {
  const auto done = std::exchange(tries_[target], std::nullopt);
  int error = 0;
  socklen_t size = sizeof error;
  if (!done || ::getsockopt(done->fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
    return;
  }
  told_(target, words_of(error));
}

void Probes::give_up() {
  for (std::size_t i = 0; i < tries_.size(); ++i) {
    if (std::exchange(tries_[i], std::nullopt)) {
      told_(i, fmt::format("no answer within {} ms", ha::health::kTryFor.count()));
    }
  }
}

}  // namespace cw::failover
