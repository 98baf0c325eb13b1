// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "network/directory.h"
#include "network/edit/change.h"
#include "network/netmap.h"

// What `causeway gateway add`, `rotate` and `retire` do to the directory. Pure.
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

// The site that a gateway is at; null where there is no such gateway.
[[nodiscard]] const Site* site_of_gateway(const Netmap& netmap, std::string_view gateway);

// A gateway with a new key beside the one of this name, which it replaces.
struct Rotation {
  std::string gateway;
  net::PublicKey public_key;
  std::optional<std::string> name = {};        // nothing: the old one's with the next free number
  std::optional<net::Endpoint> endpoint = {};  // nothing: the old one's host, the next free port
  // Nothing: the endpoint's; where the old one says another than its endpoint, the next free one.
  std::optional<std::uint16_t> listen_port = {};
};

struct RotatedGateway {
  std::string name;
  net::Endpoint endpoint;
  std::uint16_t listen_port = 0;
  Changes changes;

  friend bool operator==(const RotatedGateway&, const RotatedGateway&) = default;
};

// `site_text` is the file of its site. What the old one's table says of block, routers and egress,
// the new one's says; what it leaves to the defaults, so does the new one.
// NotFound: no such gateway. Exists: it is being replaced already, or the name is taken.
Result<RotatedGateway> rotate_gateway(std::string_view site_text, const Directory& directory,
                                      const Netmap& netmap, const Rotation& wanted);

// What it means to retire a gateway that is being replaced.
struct Retirement {
  std::string gateway;
  std::string site;
  std::string successor;
  std::vector<std::string> homes;    // peers whose file names it as `home`
  std::vector<std::string> behind;   // peers that were given a configuration without the successor
  std::vector<std::string> unknown;  // peers whose file does not say what they were given

  friend bool operator==(const Retirement&, const Retirement&) = default;
};

// NotFound: no such gateway. Invalid: nothing replaces it.
Result<Retirement> retirement(const Directory& directory, const Netmap& netmap,
                              std::string_view gateway);

// `texts` has, by path, the files of the site and of `homes`. The gateway's table goes, and
// `replaces` from its successor's, which is the home of those peers from now on.
Result<Changes> retire_gateway(const std::map<std::string, std::string>& texts,
                               const Directory& directory, const Retirement& retirement);

}  // namespace cw::network
