// SPDX-License-Identifier: Apache-2.0
// Of SignedSource: what the router's siblings bring, by causeway-failover.
#include <cerrno>
#include <utility>

#include <sys/stat.h>

#include <fmt/format.h>

#include "base/file.h"
#include "router/agent/signed_source.h"
#include "router/api/sibling_files.h"

namespace cw::agent {

void SignedSource::look_again() {
  if (siblings_) {
    siblings_->look();
  }
}

void SignedSource::on_sibling_file(std::string_view name) {
  if (name == api::kWantedSerial) {
    look_for_wanted();
  } else if (name == api::kOfferedNetmap) {
    take_from_sibling();
  }
}

// The source may have it already: it is asked before its time.
void SignedSource::look_for_wanted() {
  const auto text =
      read_file(siblings_->file(api::kWantedSerial), api::kLargestWantedSerial).value_or("");
  const auto serial = api::wanted_serial(text).value_or(0);
  if (serial <= wanted_) {
    return;
  }
  wanted_ = serial;
  wanted_by_ = netmap_->asked() + 1;
  if (now_ && now_->statement && now_->statement->serial >= serial) {
    looked_ = serial;  // it has it
    return;
  }
  netmap_->ask();
}

// Any answer is one, also that it does not answer.
void SignedSource::note_looked() {
  if (looked_ < wanted_ && netmap_->asked() >= wanted_by_) {
    looked_ = wanted_;
    if (listener_.looked) {
      listener_.looked();
    }
  }
}

Result<std::optional<std::string>> SignedSource::read_from_sibling() {
  const auto path = siblings_->file(api::kOfferedNetmap);
  const auto fd = open_regular(path);
  if (!fd) {
    if (fd.error().kind == ErrorKind::NotFound) {
      return std::optional<std::string>();
    }
    return fd.error();
  }
  struct stat status{};
  if (::fstat(fd->get(), &status) != 0) {
    return Error::from_errno(errno, "cannot look at " + path);
  }
  const SeenFile now{.inode = status.st_ino,
                     .seconds = status.st_mtim.tv_sec,
                     .nanoseconds = status.st_mtim.tv_nsec};
  if (seen_ == now) {
    return std::optional<std::string>();
  }
  seen_ = now;
  return std::optional(CW_TRY(read_all(fd->get(), network::kLargestSignedNetmap, path)));
}

// As one that was fetched, but that the source was not heard.
void SignedSource::take_from_sibling() {
  auto read = read_from_sibling();
  if (!read) {
    note_refused_sibling(&read.error());
    return;
  }
  if (auto& bundle = *read) {
    judge_from_sibling(std::move(*bundle));
  }
}

void SignedSource::judge_from_sibling(std::string bundle) {
  const auto before = std::exchange(pending_, std::nullopt);
  auto considered = consider(std::move(bundle), clock_.wall());
  // What is older came late.
  const bool refused = !considered && considered.error().kind != ErrorKind::Exists;
  note_refused_sibling(refused ? &considered.error() : nullptr);
  if (considered && pending_) {
    const auto& statement = pending_->becomes.statement;
    journal_.write(Level::Notice, Event::SourceHeard,
                   fmt::format("a sibling handed over the netmap of serial {}",
                               statement ? statement->serial : 0));
    listener_.found({.kind = NetworkReading::Kind::Offer,
                     .netmap = std::move(*considered),
                     .text = {},
                     .decided = true});
    if (!pending_) {
      return;  // it is in force
    }
  }
  pending_ = before;  // what the source has is as it was
}

void SignedSource::note_refused_sibling(const Error* error) {
  note(refused_sibling_, error == nullptr ? std::nullopt : std::optional(error->to_text()),
       error == nullptr ? "netmaps that siblings hand over count again"
                        : "a netmap that a sibling handed over is not taken");
}

std::optional<NetworkSource::ForSiblings> SignedSource::for_siblings() const {
  ForSiblings told{.bundle = kept_.path_in_force(), .offered = 0, .looked = looked_};
  if (fetches_ == 0 || trouble_) {
    return told;
  }
  const auto& newest = pending_ ? std::optional(pending_->becomes) : now_;
  told.offered = newest && newest->statement ? newest->statement->serial : 0;
  return told;
}

}  // namespace cw::agent
