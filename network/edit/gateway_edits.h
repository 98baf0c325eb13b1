// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "network/edit/change.h"
#include "network/netmap.h"

// What `causeway gateway add` does to a site's file. Pure.
namespace cw::network {

struct NewGateway {
  std::string name;
  std::string site;
  net::PublicKey public_key;
  net::Endpoint endpoint;
  std::optional<net::Block> block = {};  // nothing: the whole pool, where the site has no gateway
  std::optional<net::Ip> address = {};   // nothing: the lowest that is free in the block
  std::optional<std::uint16_t> listen_port = {};
  std::vector<std::string> routers = {};  // none: all of the site
};

// `site_text` is the site's file.
Result<Changes> add_gateway(std::string_view site_text, const Netmap& netmap,
                            const NewGateway& wanted);

}  // namespace cw::network
