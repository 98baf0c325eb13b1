// SPDX-License-Identifier: Apache-2.0
#include "router/failover/books.h"

namespace cw::failover {

void Books::configure(const ha::Config& config) {
  std::map<std::string, Book> books;
  for (const auto& gateway : config.gateways) {
    auto& book = books[gateway.name];
    if (const auto old = books_.find(gateway.name); old != books_.end()) {
      book = std::move(old->second);
    }
    for (const auto& router : gateway.routers) {
      if (router != config.router) {
        book.tellings.try_emplace(router, boot_);
      }
    }
  }
  books_ = std::move(books);
}

void Books::note(const std::string& gateway, std::span<const netlink::WgPeer> dump,
                 ha::peers::Wall now, bool owning) {
  if (const auto book = books_.find(gateway); book != books_.end()) {
    book->second.peers.note(dump, now, owning);
  }
}

void Books::note_initiation(const std::string& gateway, ha::peers::Wall at) {
  if (const auto book = books_.find(gateway); book != books_.end()) {
    book->second.peers.note_initiation(at);
  }
}

Result<> Books::merge(const std::string& gateway, std::span<const std::uint8_t> payload,
                      ha::peers::Wall now, SteadyTime at) {
  const auto book = books_.find(gateway);
  if (book == books_.end()) {
    return {};  // the network has changed meanwhile
  }
  book->second.peers.merge(CW_TRY(ha::peers::read(payload)), now);
  book->second.told = at;
  return {};
}

std::vector<ha::gate::Kick> Books::kicks(const std::string& gateway, ha::peers::Wall now) const {
  std::vector<ha::gate::Kick> kicks;
  if (const auto book = books_.find(gateway); book != books_.end()) {
    for (const auto& kick : book->second.peers.kicks(now)) {
      kicks.push_back({.key = kick.key, .endpoint = kick.endpoint});
    }
  }
  return kicks;
}

ha::peers::Telling::Told Books::next(const std::string& gateway, const std::string& sibling,
                                     std::uint64_t believed, SteadyTime now) {
  const auto book = books_.find(gateway);
  if (book == books_.end()) {
    return {};
  }
  const auto telling = book->second.tellings.find(sibling);
  return telling == book->second.tellings.end()
             ? ha::peers::Telling::Told{}
             : telling->second.next(book->second.peers, believed, now);
}

std::optional<SteadyTime> Books::told(const std::string& gateway) const {
  const auto book = books_.find(gateway);
  return book == books_.end() ? std::nullopt : book->second.told;
}

}  // namespace cw::failover
