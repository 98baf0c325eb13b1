// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/agent_client.h"
#include "network/netmap.h"

// The forms of an address at a site: what it is there, and how peers write it where two sites have
// the same addresses. Found from any of them, and told as text and as JSON. Pure.
namespace cw::cli {

struct AddressForms {
  std::string site;
  net::Ip address;                 // at the site: IPv4
  net::Ip via6;                    // its 4via6 form
  std::optional<net::Ip> alias;    // its IPv4 alias, where its route has one
  std::vector<std::string> hosts;  // of policy.toml that are this address, sorted

  friend bool operator==(const AddressForms&, const AddressForms&) = default;
};

// `text` is a host of policy.toml, an IPv4 address, a 4via6 address or an alias. `site`: the one
// that is meant, needed where two have a route to the address.
[[nodiscard]] Asked<AddressForms> find_address(const network::Netmap& netmap,
                                               const std::string& text,
                                               const std::optional<std::string>& site);

[[nodiscard]] std::string forms_text(const AddressForms& forms);
[[nodiscard]] std::string forms_json(const AddressForms& forms);

// A host of policy.toml, and the address by which every peer of its site reaches it.
struct HostAddress {
  std::string name;
  std::optional<AddressForms> forms;  // IPv4: by 4via6
  std::optional<net::Ip> ipv6;        // as it is
  std::string left_out;               // why it has neither

  friend bool operator==(const HostAddress&, const HostAddress&) = default;
};

// By name; of a netmap without a policy, none.
[[nodiscard]] std::vector<HostAddress> host_addresses(const network::Netmap& netmap);

// How an IPv4 host is written: aliases are for programs that do not speak IPv6, and a host without
// one is left out.
enum class HostForm : std::uint8_t { Via6, Alias };

// Lines of hosts(5); what is left out is a comment.
[[nodiscard]] std::string hosts_text(const std::vector<HostAddress>& hosts, HostForm form);
[[nodiscard]] std::string hosts_json(const std::vector<HostAddress>& hosts);

}  // namespace cw::cli
