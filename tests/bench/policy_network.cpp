// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/policy_network.h"

#include <fstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/support/networks.h"

namespace cw::bench {

namespace {

constexpr unsigned kPeersOfUser = 2;
constexpr unsigned kHosts = 400;
constexpr unsigned kTests = 50;

std::string user_name(unsigned user) {
  return fmt::format("user-{:05}@example.com", user);
}

std::string host_name(unsigned host) {
  return fmt::format("host-{:03}", host % kHosts);
}

std::string list_of(const std::vector<std::string>& texts) {
  return fmt::format("[\"{}\"]", fmt::join(texts, "\", \""));
}

// Groups with an even number are written in policy.toml, by users; the others in the peers' files.
bool is_written_in_policy(unsigned group) {
  return group % 2 == 0;
}

std::vector<std::string> own_groups(const Shape& shape, unsigned peer) {
  const unsigned user = peer / kPeersOfUser;
  std::vector<std::string> groups;
  if (!is_written_in_policy(user % shape.groups)) {
    groups.push_back(group_name(user % shape.groups));
  }
  // One peer of fifty is in a second group.
  if (peer % 50 == 25 && shape.groups_of_a_peer == 1) {
    groups.push_back(group_name((user + 1 + user / shape.groups) % shape.groups));
  }
  for (unsigned more = 1; more < shape.groups_of_a_peer; ++more) {
    // Spread by a number of its own (Knuth's), so that few combinations are alike.
    groups.push_back(group_name((peer * more * 2654435761U >> 8U) % shape.groups));
  }
  return groups;
}

File site_file(const std::string& name, unsigned id, const std::string& routes, unsigned key) {
  return {.path = fmt::format("sites/{}.toml", name),
          .text = fmt::format("id = {0}\nroutes = [{1}]\n[[router]]\nname = \"r{0}\"\n"
                              "[[gateway]]\nname = \"{2}\"\npublic_key = \"{3}\"\n"
                              "endpoint = \"{2}.example.com:51820\"\naddress = \"100.83.0.{0}\"\n",
                              id, routes, name, test::public_key(key).to_text())};
}

std::string host_line(unsigned host) {
  const auto name = host_name(host);
  switch (host % 8) {
    case 5:
      return fmt::format("{} = \"10.2.{}.0/24\"\n", name, host / 8);
    case 6:
      return fmt::format("{} = \"2001:db8:1::{:x}\"\n", name, host + 1);
    case 7:
      return fmt::format("{} = {{ address = \"10.9.0.{}\", site = \"lab\" }}\n", name, host / 8);
    default:
      return fmt::format("{} = \"10.0.{}.{}\"\n", name, host / 200, host % 200 + 5);
  }
}

struct Words {
  std::vector<std::string> from;
  std::vector<std::string> to;
  std::vector<std::string> ports;
};

// The `kind`th rule of a group.
Words rule_of(unsigned group, unsigned kind) {
  const auto own = group_name(group);
  const auto host = [&](unsigned number) { return host_name(group * 7 + number); };
  const auto peer = [&](unsigned number) { return "peer:" + peer_name(group * 40 + number); };
  const bool seldom = group % 4 == 0;
  switch (kind) {
    case 0:
      return {{own}, {host(0)}, {"tcp/5432"}};
    case 1:
      return {{own}, {host(1), host(2)}, {"tcp/80", "tcp/443"}};
    case 2:
      return {{own},
              {fmt::format("10.1.{}.0/24", group)},
              {fmt::format("tcp/{}-{}", kOpenPort, kOpenPort + 100),
               fmt::format("udp/{}", kOpenPort), "icmp"}};
    case 3:
      return {{own}, {fmt::format("10.0.200.{}", group)}, {"tcp/22"}};
    case 4:
      return {{own}, {fmt::format("2001:db8:1::{:x}:0/112", group + 1)}, {"tcp/443", "udp/443"}};
    case 5:
      return {{own, group_name(group + 1)}, {host(3)}, {"udp/53", "icmp"}};
    case 6:
      return group % 2 == 0 ? Words{{"user:" + user_name(group * 20 + 4)}, {host(4)}, {"tcp/3306"}}
                            : Words{{peer(5)}, {peer(7)}, {"tcp/22"}};
    case 7:
      return {{"site:prod"}, {seldom ? "group:" + own : peer(9)}, {"udp/161", "tcp/10050"}};
    case 8:
      return seldom ? Words{{own}, {"group:" + group_name(group + 2)}, {"tcp/3389"}}
                    : Words{{own}, {"site:lab"}, {fmt::format("tcp/{}", 9'000 + group)}};
    default:
      return {{own}, {fmt::format("10.3.{}.0/25", group)}, {"any"}};
  }
}

constexpr unsigned kKinds = 10;

std::string groups_text(const Shape& shape) {
  std::string text = "[groups]\n";
  for (unsigned group = 0; group < shape.groups; ++group) {
    if (!is_written_in_policy(group)) {
      continue;
    }
    text += fmt::format("{} = [\n", group_name(group));
    for (unsigned user = group; user * kPeersOfUser < shape.peers; user += shape.groups) {
      text += fmt::format("  \"{}\",\n", user_name(user));
    }
    text += "]\n";
  }
  return text;
}

std::string policy_text(const Shape& shape) {
  auto text = groups_text(shape);
  text += "\n[hosts]\n";
  for (unsigned host = 0; host < kHosts; ++host) {
    text += host_line(host);
  }
  for (unsigned rule = 0; rule < shape.rules; ++rule) {
    const auto words = rule_of(rule % shape.groups, rule / shape.groups % kKinds);
    text += fmt::format("\n[[rule]]\nname = \"rule-{:04}\"\nfrom = {}\nto = {}\nports = {}\n", rule,
                        list_of(words.from), list_of(words.to), list_of(words.ports));
    // Some are for a time, and a few of those are over.
    if (rule % 100 == 7) {
      text += fmt::format("expires = 20{}-01-01T00:00:00Z\n", 26 + rule / 100);
    }
  }
  for (unsigned test = 0; test < kTests; ++test) {
    const auto group = test * shape.groups / kTests;
    text += fmt::format(
        "\n[[test]]\nfrom = \"{}\"\naccept = \"10.1.{}.9:tcp/8080\"\ndeny = \"10.1.{}.9:tcp/22\"\n",
        group_name(group), group, group);
  }
  text += "\n[[test]]\nfrom = \"any\"\ndeny = [\"10.0.250.1:tcp/22\", \"10.0.250.1:icmp\"]\n";
  return text;
}

}  // namespace

std::string peer_name(unsigned peer) {
  return fmt::format("peer-{:05}", peer);
}

std::string peer_address(unsigned peer) {
  return fmt::format("100.83.{}.{}", 1 + peer / 250, 2 + peer % 250);
}

std::string group_name(unsigned group) {
  return fmt::format("group-{:03}", group % Shape().groups);
}

File peer_file(unsigned peer, const std::vector<std::string>& groups) {
  return {.path = fmt::format("peers/{}.toml", peer_name(peer)),
          .text = fmt::format("public_key = \"{}\"\naddress = \"{}\"\nuser = \"{}\"\n{}",
                              test::public_key(kFirstPeerKey + peer).to_text(), peer_address(peer),
                              user_name(peer / kPeersOfUser),
                              groups.empty() ? "" : fmt::format("groups = {}\n", list_of(groups)))};
}

std::vector<File> policy_network(const Shape& shape) {
  std::vector<File> files = {
      {.path = "network.toml",
       .text = "name = \"bench\"\npool = \"100.83.0.0/16\"\nula = \"fd5e:3a1c:9b04::/48\"\n"},
      site_file("prod", 1,
                R"("10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16", "2001:db8:1::/64")",
                kGatewayKey),
      site_file("lab", 2, "\"10.9.0.0/16\"", kGatewayKey + 1),
      {.path = "policy.toml", .text = policy_text(shape)}};
  for (unsigned peer = 0; peer < shape.peers; ++peer) {
    files.push_back(peer_file(peer, own_groups(shape, peer)));
  }
  return files;
}

void write(const std::filesystem::path& folder, const std::vector<File>& files) {
  for (const auto& file : files) {
    const auto path = folder / file.path;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << file.text;
  }
}

}  // namespace cw::bench
