// SPDX-License-Identifier: Apache-2.0
// Of SignedSource: what the router's siblings bring, by causeway-failover.
#include <algorithm>
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
  } else if (name == api::kOfferedRevocations) {
    take_list_from_sibling();
  }
}

// As one that was fetched. Without a netmap nobody vouches for it: it is looked at again.
void SignedSource::take_list_from_sibling() {
  const auto bundle =
      read_file(siblings_->file(api::kOfferedRevocations), network::kLargestRevocations);
  if (!now_ || (!bundle && bundle.error().kind == ErrorKind::NotFound)) {
    return;
  }
  const auto taken = bundle ? take_revocations(*bundle, *now_) : Result<>(bundle.error());
  // What is older came late.
  const bool refused = !taken && taken.error().kind != ErrorKind::Exists;
  note(refused_sibling_list_, refused ? std::optional(taken.error().to_text()) : std::nullopt,
       refused ? "revocations that a sibling handed over are not taken"
               : "revocations that siblings hand over count again");
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

// Any answer is one, also that it does not answer. Siblings go by what it has: told at once, lest
// this router takes over with an older one meanwhile, or waits for one that is not to be had.
void SignedSource::note_looked() {
  const bool looked = looked_ < wanted_ && netmap_->asked() >= wanted_by_;
  if (looked) {
    looked_ = wanted_;
  }
  const auto offered = offered_by_source();
  const bool news = std::exchange(told_offered_, offered) != offered;
  if ((looked || news) && listener_.looked) {
    listener_.looked();
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
  auto considered = consider(bundle, clock_.wall());
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
  return ForSiblings{.bundle = kept_.path_in_force(),
                     .offered = offered_by_source(),
                     .looked = looked_,
                     .revoked = kept_.path_revocations(),
                     .revocations = held_ && list_kept_ ? held_->statement.serial : 0};
}

// What is refused for its content alone, as for a feature that this version lacks, can be had all
// the same, though not here.
std::uint64_t SignedSource::offered_by_source() const {
  if (fetches_ == 0 || trouble_) {
    return 0;
  }
  const auto& newest = pending_ ? std::optional(pending_->becomes) : now_;
  return std::max(newest && newest->statement ? newest->statement->serial : 0, refused_);
}

}  // namespace cw::agent
