// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "network/load/directory_reader.h"
#include "router/agent/directory_watch.h"
#include "router/agent/kept_network.h"
#include "router/agent/loop.h"
#include "router/agent/network_source.h"
#include "router/agent/settle.h"

// A network directory: read, compiled and watched. Hands over what it has settled on (settle.h);
// reads it at once when asked. Blocking; reading again after a small change costs little.
namespace cw::agent {

class DirectorySource final : public NetworkSource {
 public:
  // All but the path and the callback outlive this.
  static Result<std::unique_ptr<NetworkSource>> create(std::string path, const Loop& loop,
                                                       const Clock& clock, const KeptNetwork& kept,
                                                       Listener listener);

  [[nodiscard]] std::string where() const override { return reader_.path(); }

  [[nodiscard]] Result<std::optional<KeptNetmap>> resume() override { return kept_.read(); }

  [[nodiscard]] std::optional<NetworkReading> first() override { return read_at_once(); }

  [[nodiscard]] bool is_kept(const network::Netmap& netmap) const override {
    return kept_.is(netmap);
  }

  void read_now(Callback done) override { done(read_at_once()); }

  // From the files that were announced and not read yet, without looking at the thousands of
  // others; nothing where they say nothing new. Where the kernel does not announce all (a network
  // file system), it is not all: read_now() afterwards.
  [[nodiscard]] std::optional<NetworkReading> read_announced() override;

  // Watches folders that have come since, and reads what it cannot watch.
  void look_again() override;

  Result<> keep(const network::Netmap& netmap) override { return kept_.write(netmap); }

  [[nodiscard]] std::vector<api::Problem> problems() const override;

 private:
  DirectorySource(std::string path, const Loop& loop, const Clock& clock, const KeptNetwork& kept,
                  Listener listener);

  [[nodiscard]] std::vector<std::string> folders() const;
  [[nodiscard]] NetworkReading compile() const;
  NetworkReading read_at_once();
  bool refresh();
  bool read_all();
  void changed(std::optional<std::string> path);
  void due();
  void arm();

  network::DirectoryReader reader_;
  std::optional<Error> unreadable_;
  const Clock& clock_;
  const KeptNetwork& kept_;
  Listener listener_;
  Settle settle_;
  std::set<std::string> announced_;  // and not read since
  Timer timer_;
  DirectoryWatch watch_;
};

}  // namespace cw::agent
