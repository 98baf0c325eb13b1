// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "network/client_config.h"

namespace cw::network {

namespace {

// A NAT forgets a silent UDP flow after 30 s or more (RFC 4787 section 4.3 asks for 120). And that
// a gateway moved is learned only by a client that speaks.
constexpr int kKeepalive = 25;

// What the apps on phones choose by themselves; some mobile networks carry no more. On desktops the
// apps find it out, and only where no line says it.
constexpr std::uint16_t kPhoneMtu = 1280;

constexpr std::string_view kNoKey = "# PrivateKey = (the device's own)\n";
constexpr std::string_view kKeyLine = "PrivateKey = ";

template <class Prefixes>
std::string listed(const Prefixes& prefixes, bool ipv4_only) {
  std::string list;
  for (const net::Prefix& prefix : prefixes) {
    if (!ipv4_only || prefix.is_v4()) {
      list += (list.empty() ? "" : ", ") + prefix.to_text();
    }
  }
  return list;
}

// All but the private key, which belongs behind the first line.
std::string interface_text(const ClientConfig& config, const ClientOptions& options) {
  const std::vector addresses = {net::Prefix::host(config.address), net::Prefix::host(config.ipv6)};
  std::string text = fmt::format("Address = {}\n", listed(addresses, options.ipv4_only));
  if (!options.dns.empty()) {
    text += "DNS = ";
    for (const auto& server : options.dns) {
      text += (&server == &options.dns.front() ? "" : ", ") + server;
    }
    text += "\n";
  }
  const auto mtu = options.platform == Platform::Phone ? options.mtu.value_or(kPhoneMtu)
                                                       : options.mtu.value_or(0);
  return mtu == 0 ? text : text + fmt::format("MTU = {}\n", mtu);
}

}  // namespace

net::Secret to_text(const ClientConfig& config, const ClientOptions& options,
                    const net::PrivateKey* key) {
  constexpr std::string_view kHead = "[Interface]\n";
  std::string rest = interface_text(config, options);
  for (const ClientPeer& peer : config.peers) {
    rest += fmt::format(
        "\n[Peer]\nPublicKey = {}\nEndpoint = {}\nAllowedIPs = {}\nPersistentKeepalive = {}\n",
        peer.public_key.to_text(), peer.endpoint.to_text(),
        listed(peer.allowed_ips, options.ipv4_only), kKeepalive);
  }
  if (key == nullptr) {
    return net::Secret(fmt::format("{}{}{}", kHead, kNoKey, rest));
  }
  // The key is written once, to where it stays.
  net::Secret text(kHead.size() + kKeyLine.size() + net::kKeyTextSize + 1 + rest.size());
  auto out = std::ranges::copy(kHead, text.memory().begin()).out;
  out = std::ranges::copy(kKeyLine, out).out;
  key->expose_text(std::span<char, net::kKeyTextSize>(out, net::kKeyTextSize));
  out += net::kKeyTextSize;
  *out++ = '\n';
  std::ranges::copy(rest, out);
  return text;
}

}  // namespace cw::network
