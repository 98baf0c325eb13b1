// SPDX-License-Identifier: Apache-2.0
#include "network/edit/gateway_edits.h"

#include <algorithm>

#include <fmt/format.h>

#include "network/directory.h"
#include "network/edit/allocation.h"
#include "network/edit/toml_edit.h"
#include "network/name.h"

namespace cw::network {

namespace {

Result<net::Block> block_of(const Netmap& netmap, const Site& site, const NewGateway& wanted) {
  if (wanted.block) {
    return *wanted.block;
  }
  if (!site.gateways.empty()) {
    return Error::invalid(fmt::format(
        "site `{}` has gateways already: say with --block which part of the pool {} the new one "
        "serves, apart from theirs ({} has {})",
        site.name, netmap.pool.to_text(), site.gateways.front().name,
        site.gateways.front().block.ipv4().to_text()));
  }
  return net::Block::from(netmap.pool);
}

}  // namespace

Result<Changes> add_gateway(std::string_view site_text, const Netmap& netmap,
                            const NewGateway& wanted) {
  const auto name = CW_TRY(parse_gateway_name(wanted.name));
  const auto site = std::ranges::find(netmap.sites, wanted.site, &Site::name);
  if (site == netmap.sites.end()) {
    return Error::invalid(fmt::format("there is no site `{}`; a site is a file: {}", wanted.site,
                                      site_path(wanted.site)));
  }
  for (const Site& each : netmap.sites) {
    if (std::ranges::find(each.gateways, name, &Gateway::name) != each.gateways.end()) {
      return Error::make(
          ErrorKind::Exists,
          fmt::format("there is a gateway `{}` already, at site `{}`", name, each.name));
    }
  }
  const auto block = CW_TRY(block_of(netmap, *site, wanted));
  const auto address = wanted.address ? *wanted.address : CW_TRY(lowest_free(netmap, block));
  std::string members;
  const auto add = [&](std::string_view key, const std::string& value) {
    members += fmt::format("{} = {}\n", key, value);
  };
  add("name", toml_string(name));
  add("public_key", toml_string(wanted.public_key.to_text()));
  add("endpoint", toml_string(wanted.endpoint.to_text()));
  if (wanted.listen_port) {
    add("listen_port", fmt::format("{}", *wanted.listen_port));
  }
  if (wanted.block) {
    add("block", toml_string(block.ipv4().to_text()));
  }
  add("address", toml_string(address.to_text()));
  if (!wanted.routers.empty()) {
    add("routers", toml_list(wanted.routers));
  }
  auto edited = CW_TRY(append_table(site_text, "gateway", members));
  Changes changes;
  changes.push_back({.path = site_path(site->name), .content = std::move(edited)});
  return changes;
}

}  // namespace cw::network
