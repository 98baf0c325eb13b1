// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "network/checks.h"
#include "network/limits.h"

namespace cw::network {

Place Origin::place(std::string note) const {
  return {.file = fmt::format("{}{}{}{}", folder, folder.empty() ? "" : "/", name, kTomlSuffix),
          .span = span,
          .text = {},
          .note = std::move(note)};
}

void Checks::report(const Origin& at, std::string message, std::string hint) {
  diagnostics.push_back(
      {.message = std::move(message), .place = at.place(), .hint = std::move(hint)});
}

void Checks::report(const Origin& at, std::string message, const Origin& other, std::string note,
                    std::string hint) {
  diagnostics.push_back({.message = std::move(message),
                         .place = at.place(),
                         .other = other.place(std::move(note)),
                         .hint = std::move(hint)});
}

void Checks::warn(const Origin& at, std::string message, std::string hint) {
  report(at, std::move(message), std::move(hint));
  diagnostics.back().severity = Severity::Warning;
}

void Checks::warn(const Origin& at, std::string message, const Origin& other, std::string note,
                  std::string hint) {
  report(at, std::move(message), other, std::move(note), std::move(hint));
  diagnostics.back().severity = Severity::Warning;
}

const net::Prefix* Checks::pool() const {
  return directory.network && directory.network->pool ? &*directory.network->pool : nullptr;
}

Origin Checks::pool_at() const {
  return Origin::in_network(directory.network ? directory.network->pool.span : Span{});
}

bool Checks::site_known(std::string_view name) const {
  return directory.sites.contains(name) || directory.mistakes.contains(site_path(name));
}

bool Checks::any_site_broken() const {
  const auto first = directory.mistakes.lower_bound(kSitesFolder);
  return first != directory.mistakes.end() && first->first.starts_with(kSitesFolder);
}

void Checks::check_overlay_address(const net::Ip& address, const Origin& at) {
  if (const auto* in = pool()) {
    if (!in->contains(address)) {
      report(at, fmt::format("{} is outside the pool", address.to_text()), pool_at(),
             fmt::format("the pool is {}", in->to_text()));
    } else if (address == in->address() || address == in->last()) {
      report(at,
             fmt::format("{} is the {} address of the pool, which nobody may have",
                         address.to_text(), address == in->last() ? "last" : "first"),
             pool_at(), "the pool");
    }
  }
  if (const Origin* first = addresses.claim(address, at)) {
    report(at, fmt::format("the address {} is given twice", address.to_text()), *first,
           "here first", "give one of them a free address");
  }
}

void Checks::check_key(const net::PublicKey& key, const Origin& at) {
  if (const Origin* first = keys.claim(key, at)) {
    report(at, "this public key is used twice", *first, "here first",
           "each device and each gateway needs a key of its own (wg genkey)");
  }
}

namespace {

void check_signers(Checks& checks, const NetworkFile& network) {
  const auto at = [](Span span) { return Origin::in_network(span); };
  const auto& signers = network.signers;
  const auto same = [](const auto& one, const auto& other) { return one.value == other.value; };
  if (!signers.empty() && std::ranges::all_of(signers, [&](const auto& signer) {
        return same(signer, signers.front());
      })) {
    checks.warn(at(signers.front().span), "one key alone may sign this network's netmaps",
                "without it nobody could change the network: make a second one with `causeway "
                "netmap keygen`, add it here, and put its secret key away");
  }
  for (const auto& revoker : network.revokers) {
    const auto twin =
        std::ranges::find_if(signers, [&](const auto& signer) { return same(signer, revoker); });
    if (twin != signers.end()) {
      checks.warn(at(revoker.span), "this key may sign netmaps, so it may revoke anyway",
                  at(twin->span), "here it is a signer", "remove it from `revokers`");
    }
  }
}

}  // namespace

void check_network(Checks& checks) {
  const auto& network = checks.directory.network;
  if (!network) {
    if (!checks.directory.mistakes.contains(kNetworkFile)) {
      checks.report(Origin::in_network({}), "the directory has no network.toml",
                    "is it a network directory? network.toml needs `name`, `pool` and `ula`");
    }
    return;
  }
  const auto at = &Origin::in_network;
  if (network->ula && network->via_prefix) {
    // The first /64 of the ULA holds the peers' addresses.
    const auto twins = net::Prefix::of(network->ula->address(), net::kViaPrefixLength);
    if (*network->via_prefix == twins) {
      checks.report(at(network->via_prefix.span),
                    fmt::format("the via prefix {} is where the peers' own IPv6 addresses are",
                                twins.to_text()),
                    at(network->ula.span), "they are the first /64 of this",
                    "remove it, or choose another /64");
    }
  }
  LocatedList<net::Prefix> routes = network->client_routes;
  std::ranges::stable_sort(routes, {}, &Located<net::Prefix>::value);
  for (std::size_t i = 1, wider = 0; i < routes.size(); ++i) {
    if (routes[wider].value.contains(routes[i].value)) {
      checks.report(at(routes[i].span),
                    fmt::format("{} is already part of {}", routes[i].value.to_text(),
                                routes[wider].value.to_text()),
                    at(routes[wider].span), "this one", "remove one of them");
    } else {
      wider = i;
    }
  }
  check_signers(checks, *network);
}

}  // namespace cw::network
