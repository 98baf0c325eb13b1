// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "netlink/socket/channel.h"
#include "via6/sink.h"

// Translators on devices of this host: tc's clsact hooks by rtnetlink, the programs by libbpf.
// Which parameters a translator has is its filter's name in the kernel (TCA_BPF_NAME), since asking
// for a program by its id would take CAP_SYS_ADMIN. Blocking and short, but for attach() (a tenth
// of a second); one thread. Needs CAP_BPF and CAP_NET_ADMIN.
namespace cw::via6 {

class Tc final : public TranslatorSink {
 public:
  // `folder` is one of a bpf file system and keeps the counters, a file for each device; empty:
  // they are not kept, and counters() finds none.
  static Result<Tc> open(std::string folder);

  // By which notifications name the author of a change (nlmsg_pid).
  [[nodiscard]] std::uint32_t port() const { return channel_.port(); }

  [[nodiscard]] Result<Attached> attached(const std::string& device) override;
  Result<> attach(const std::string& device, const Parameters& parameters) override;
  Result<> detach(const std::string& device) override;
  [[nodiscard]] std::vector<std::string> counted() override;
  [[nodiscard]] Result<Counters> counters(const std::string& device) override;

 private:
  Tc(netlink::Channel channel, std::string folder)
      : channel_(std::move(channel)), folder_(std::move(folder)) {}

  [[nodiscard]] std::string counters_file(const std::string& device) const;
  Result<> make_place(int index, const std::string& device);
  void note(const std::string& device, Result<> done);

  netlink::Channel channel_;
  std::string folder_;
  // Whose file could not be made or removed, and why. It is not tried again before the next
  // attach() or detach(): counters are worth no failed round.
  std::map<std::string, Error> uncounted_;
};

}  // namespace cw::via6
