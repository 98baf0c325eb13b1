// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

// Every key of every file, once: the decoder checks files against this table, and the key lists of
// causeway-network(5) and causeway-router(5) are written from it. Constant data.
namespace cw::network {

enum class FileKind : std::uint8_t { Network, Site, Peer, Removed, Policy, Router };

enum class KeyType : std::uint8_t {
  Text,
  Name,
  Names,
  Address,
  Prefix,
  Prefixes,
  Routes,  // a list of prefixes, or of tables
  SiteRoutes,
  PublicKey,
  SigningKeys,
  HostPort,
  AddressPort,
  AddressPorts,
  Number,
  Numbers,
  Flag,
  Time,
  Texts,  // a string or a list of strings
  Table,
  NamedTable,  // its keys are names that people choose
  Tables,
};

struct Key {
  FileKind file;
  std::string_view table;  // "" for the file itself, "gateway.egress" for a table in a table
  std::string_view name;
  KeyType type;
  bool required;
  std::string_view default_text;  // what stands where it is left out, in words or as TOML
  std::string_view example;       // a value, as TOML
  std::string_view doc;           // sentences for the manual; scdoc marks: *key*, _value_
};

namespace schema {

inline constexpr bool kRequired = true;
inline constexpr bool kOptional = false;
using enum KeyType;

// NOLINTBEGIN(modernize-use-designated-initializers): a table, its columns are the fields of Key
inline constexpr auto kKeys = std::to_array<Key>({
    // network.toml
    {FileKind::Network, "", "format", Number, kOptional, "1", "1",
     "The format of the whole directory. This version reads format 1."},
    {FileKind::Network, "", "name", Name, kRequired, "", "\"example\"",
     "The network's name. It is shown, and it names the tunnel in client configurations."},
    {FileKind::Network, "", "pool", Prefix, kRequired, "", "\"100.x.0.0/16\"",
     "The overlay's IPv4 addresses: /10 to /30, best a /16 of 100.64.0.0/10, that is, an _x_ from "
     "64 to 127 chosen at random. Peers and "
     "gateways have theirs from it for ever, so choose it with room."},
    {FileKind::Network, "", "ula", Prefix, kRequired, "", "\"fdxx:xxxx:xxxx::/48\"",
     "The overlay's IPv6 addresses: a /48 of fd00::/8 whose 40 bits behind _fd_ are random "
     "(RFC 4193). A peer's IPv6 address is this prefix with its IPv4 address as the last 32 "
     "bits and is never written."},
    {FileKind::Network, "", "via_prefix", Prefix, kOptional, "ULA:b1a::/64",
     "\"fd7a:115c:a1e0:b1a::/64\"",
     "The /64 under which each site's IPv4 addresses are reached as IPv6, so that sites with "
     "equal addresses stay distinct."},
    {FileKind::Network, "", "client_routes", Prefixes, kOptional, "[]",
     "[\"10.0.0.0/8\", \"172.16.0.0/12\"]",
     "Prefixes that client configurations send to the home gateway beyond the sites' own, so "
     "that a configuration need not change when a site is added."},
    {FileKind::Network, "", "signers", SigningKeys, kOptional, "[]",
     "[\"(the second line of a minisign public key file)\"]",
     "Who may sign the next netmap, as *minisign*(1) public keys: a router takes a signed netmap "
     "only by a key that it trusts itself and, where this is not empty, that stands here. Have "
     "two, one of them put away: whoever loses the only one has to visit every router."},
    {FileKind::Network, "", "revokers", SigningKeys, kOptional, "[]",
     "[\"(the second line of a minisign public key file)\"]",
     "Who may revoke peers in an emergency beside the signers, and nothing else."},

    // sites/NAME.toml
    {FileKind::Site, "", "id", Number, kRequired, "", "1",
     "The site's number, 1 to 65535, part of its 4via6 addresses. Never give one to another "
     "site, not even a removed site's."},
    {FileKind::Site, "", "routes", Routes, kOptional, "[]", "[\"10.0.0.0/16\"]",
     "The prefixes reached through this site. None may be wider than /8 (IPv6 /16), overlap "
     "another of the same site, or the network's own addresses. Two sites may have the same. "
     "Instead of a prefix there may be a table with the keys below."},
    {FileKind::Site, "", "health", AddressPorts, kOptional, "[]", "[\"10.0.1.5:5432\"]",
     "What the site's routers must reach to be of use, by TCP, within its routes; at most 16. Each "
     "router that shares a gateway tries each of them every two seconds, and one that cannot reach "
     "them hands its gateways over to a router that can (*causeway-failover*(8)). It may be what "
     "nobody reaches: then nothing moves."},
    {FileKind::Site, "", "router", Tables, kOptional, "", "",
     "A machine that runs *causewayd*(8) at this site, one table each."},
    {FileKind::Site, "", "gateway", Tables, kOptional, "", "",
     "What a client's configuration names, one table each."},

    {FileKind::Site, "routes", "prefix", Prefix, kRequired, "", "\"10.0.0.0/16\"", "The prefix."},
    {FileKind::Site, "routes", "alias", Prefix, kOptional, "none", "\"100.80.0.0/16\"",
     "An IPv4 prefix of the same length, under which the route is reached as well, address by "
     "address, for programs that speak no IPv6: where two sites have 10.0.0.0/16, each of them is "
     "reached by an alias of its own. It overlaps nothing else of the network: no route of any "
     "site, no other alias, not the pool. A rule for the real address governs its alias."},

    {FileKind::Site, "router", "name", Name, kRequired, "", "\"router-a\"",
     "The router's name, the *name* of its router.toml. Unique in the network."},
    {FileKind::Site, "router", "address", Address, kOptional, "none", "\"10.0.0.10\"",
     "Where the other routers of its gateways send heartbeats."},

    {FileKind::Site, "gateway", "name", Name, kRequired, "", "\"prod-a\"",
     "1 to 12 of a-z 0-9 -, unique in the network. Its network device is cw-_name_."},
    {FileKind::Site, "gateway", "public_key", PublicKey, kRequired, "",
     "\"(what wg pubkey prints)\"",
     "The gateway's WireGuard public key, as *wg pubkey* prints it."},
    {FileKind::Site, "gateway", "endpoint", HostPort, kRequired, "", "\"vpn.example.com:51820\"",
     "The name or address, and the UDP port, that client configurations name."},
    {FileKind::Site, "gateway", "listen_port", Number, kOptional, "the endpoint's port", "51820",
     "The UDP port on the router, where a load balancer or NAT changes it. Gateways of one "
     "router need different ones."},
    {FileKind::Site, "gateway", "block", Prefix, kOptional, "the whole pool", "\"100.83.0.0/17\"",
     "The part of the pool whose peers use this gateway at this site. Blocks of one site do not "
     "overlap."},
    {FileKind::Site, "gateway", "address", Address, kRequired, "", "\"100.83.0.1\"",
     "The gateway's overlay IPv4 address, within its block: the source of its ICMP messages."},
    {FileKind::Site, "gateway", "routers", Names, kOptional, "all routers of the site",
     "[\"router-a\"]",
     "The routers of this site that may serve the gateway. With *failover* in their router.toml "
     "one of them does at a time; a router without it serves it all the time, so name only one."},
    {FileKind::Site, "gateway", "replaces", Name, kOptional, "none", "\"prod-a\"",
     "A gateway of this site, with the same block, address and routers, whose peers move to this "
     "one, for a new key. Both serve until the other is removed; a peer uses the one that it last "
     "shook hands with, and has its packets back within a second of moving."},
    {FileKind::Site, "gateway", "egress", Table, kOptional, "{ mode = \"masquerade\" }",
     "{ mode = \"masquerade\" }", "How packets leave towards the site."},

    {FileKind::Site, "gateway.egress", "mode", Text, kOptional, "\"masquerade\"", "\"masquerade\"",
     "_masquerade_: with the router's own address. _floating_: with an address of the gateway's "
     "own, which moves with it. _routed_: unchanged, as the peer's own address; the site must "
     "route the block, and its IPv6 twin, to the router."},
    {FileKind::Site, "gateway.egress", "address", Address, kOptional, "none", "\"10.0.0.20\"",
     "The IPv4 address of mode _floating_, which needs it; the others refuse it. It is this "
     "gateway's alone: no router's own address, and none of the pool."},
    {FileKind::Site, "gateway.egress", "address_ipv6", Address, kOptional,
     "IPv6 leaves with the router's own address", "\"2001:db8:10::20\"",
     "The same for IPv6, beside *address*."},

    // peers/NAME.toml
    {FileKind::Peer, "", "public_key", PublicKey, kRequired, "", "\"(what wg pubkey prints)\"",
     "The device's WireGuard public key, as *wg pubkey* prints it."},
    {FileKind::Peer, "", "address", Address, kRequired, "", "\"100.83.0.5\"",
     "The device's overlay IPv4 address, from the pool, for ever. It decides which gateway the "
     "device uses at each site: the one whose block holds it."},
    {FileKind::Peer, "", "user", Text, kOptional, "none", "\"alice@example.com\"",
     "Whose device it is."},
    {FileKind::Peer, "", "groups", Names, kOptional, "[]", "[\"engineering\"]",
     "The groups it belongs to, for the policy."},
    {FileKind::Peer, "", "sites", Names, kOptional, "all sites", "[\"production\"]",
     "The sites it may use."},
    {FileKind::Peer, "", "home", Name, kOptional, "its gateway at the site with the lowest id",
     "\"prod-a\"",
     "The gateway that takes what no site claims: the catch-all routes of its configuration."},
    {FileKind::Peer, "", "enabled", Flag, kOptional, "true", "false",
     "_false_ locks the device out and keeps its address and key reserved."},
    {FileKind::Peer, "", "expires", Time, kOptional, "never", "2027-01-31T18:00:00Z",
     "When the device is locked out. With an offset: _Z_ for UTC, or _+02:00_."},
    {FileKind::Peer, "", "issued", Text, kOptional, "nothing is known of its configuration",
     "\"b5cdbfd6e1698fa9ed5842f7787a6466\"",
     "The fingerprint of the configuration that the device has, written by *causeway peer*. Where "
     "it is no longer that of the network, the device must import a new one: *causeway peer "
     "stale*."},
    {FileKind::Peer, "", "routes", SiteRoutes, kOptional, "nothing is known of its configuration",
     "[\"production:10.0.0.0/16\"]",
     "The sites' own routes in the configuration that the device has, written by *causeway peer*. "
     "It allows and directs nothing: *causeway peer stale* compares it with the routes there are."},

    // removed/ADDRESS.toml
    {FileKind::Removed, "", "name", Name, kRequired, "", "\"alice-laptop\"",
     "The name of the peer that had the address."},
    {FileKind::Removed, "", "public_key", PublicKey, kRequired, "", "\"(what wg pubkey prints)\"",
     "Its public key."},
    {FileKind::Removed, "", "removed", Time, kRequired, "", "2027-01-31T18:00:00Z",
     "When it was removed."},

    // policy.toml
    {FileKind::Policy, "", "groups", NamedTable, kOptional, "", "",
     "Groups of users or peers: _NAME_ = [\"alice@example.com\", \"printer-laptop\"]. A peer whose "
     "own file names the group is in it, too."},
    {FileKind::Policy, "", "hosts", NamedTable, kOptional, "", "",
     "Names for addresses and prefixes: _NAME_ = \"10.0.1.5\", or with the keys below."},
    {FileKind::Policy, "", "rule", Tables, kOptional, "", "",
     "What is allowed, one table each. What no rule allows is refused; the order of the rules "
     "means nothing."},
    {FileKind::Policy, "", "test", Tables, kOptional, "", "",
     "What must hold: a network in which it does not is refused, wherever it is read."},

    {FileKind::Policy, "hosts", "address", Text, kRequired, "", "\"10.0.1.5\"",
     "An address or a prefix."},
    {FileKind::Policy, "hosts", "site", Name, kOptional, "the one site that has a route to it",
     "\"production\"", "The site it is at. Needed where two sites have routes to the address."},

    {FileKind::Policy, "rule", "name", Name, kRequired, "", "\"dba-postgres\"",
     "The rule's name, unique, shown wherever the rule is the reason."},
    {FileKind::Policy, "rule", "from", Texts, kRequired, "", "[\"group:dba\", \"alice-laptop\"]",
     "Who opens connections: a peer, a user, a group, _any_ (every peer), or site:_NAME_ (what is "
     "at the site; without it only peers open connections). Where a name is both, say "
     "peer:_NAME_, user:_NAME_ or group:_NAME_."},
    {FileKind::Policy, "rule", "to", Texts, kRequired, "", "[\"db\", \"10.0.2.0/24\"]",
     "What they reach: a host of *hosts*, an address, a prefix, site:_NAME_ (all its routes), "
     "peer:_NAME_, user:_NAME_ or group:_NAME_."},
    {FileKind::Policy, "rule", "ports", Texts, kRequired, "", "[\"tcp/5432\", \"icmp\"]",
     "tcp/_PORT_, tcp/_FIRST_-_LAST_, udp in the same way, _tcp_ or _udp_ for all ports, _icmp_ "
     "(of "
     "both families), or _any_."},
    {FileKind::Policy, "rule", "expires", Time, kOptional, "never", "2027-01-31T18:00:00Z",
     "When the rule ends."},

    {FileKind::Policy, "test", "from", Texts, kRequired, "", "\"alice-laptop\"",
     "As in a rule; for a user or a group it must hold for each of their peers."},
    {FileKind::Policy, "test", "accept", Texts, kOptional, "[]", "[\"db:5432/tcp\"]",
     "What each of them must reach: a host or an address, and one port."},
    {FileKind::Policy, "test", "deny", Texts, kOptional, "[]", "[\"10.0.9.9:22/tcp\"]",
     "What none of them may reach."},

    // router.toml
    {FileKind::Router, "", "name", Name, kRequired, "", "\"router-a\"",
     "This router's name, one of its site's *[[router]]* tables."},
    {FileKind::Router, "", "site", Name, kRequired, "", "\"production\"", "The site it stands at."},
    {FileKind::Router, "", "network", Text, kOptional, "\"/etc/causeway/network\"",
     "\"/etc/causeway/network\"",
     "Where the network comes from: a network directory, see *causeway-network*(5), or with "
     "*trusted_keys* a signed netmap, as a file or an https:// address (http:// to loopback "
     "addresses alone). A relative path begins where this file is."},
    {FileKind::Router, "", "trusted_keys", Texts, kOptional, "none: *network* is a directory",
     "[\"RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\"]",
     "The minisign public keys of which one has to sign the netmap. Several, so that trust can "
     "roll: "
     "add the new key everywhere, sign with it, take the old one out. Where the netmap in force "
     "names *signers*, the key has to be one of those, too."},
    {FileKind::Router, "", "network_id", Prefix, kOptional, "that of the first netmap taken",
     "\"fdxx:xxxx:xxxx::/48\"",
     "The *ula* of the network that this router belongs to; a netmap of another one is refused "
     "from "
     "the first on."},
    {FileKind::Router, "", "fetch_interval", Text, kOptional, "\"30s\"", "\"5m\"",
     "How long after one look at the signed netmap the next one comes, at most; up to a fifth "
     "sooner. 5s to 1h. Revocations are looked at every 5 seconds whatever this says."},
    {FileKind::Router, "", "max_age", Text, kOptional, "never", "\"7d\"",
     "Once the source of the signed netmap has not been heard for this long, peers with an "
     "*expires* are locked out until it is; the others stay. At least 5m."},
    {FileKind::Router, "", "ca_file", Text, kOptional, "the system's authorities",
     "\"/etc/causeway/ca.pem\"",
     "A file with the certificates of the authorities (PEM) that may vouch for the https server, "
     "instead of the system's. What it serves is believed for its signature alone."},
    {FileKind::Router, "", "lan_interface", Name, kOptional, "no such check", "\"ens5\"",
     "The network interface towards the site. While there is none of that name, *causeway status* "
     "says so, and what happens to it is looked at. It directs no packet: they leave by the "
     "interface that the host's routes say, with that one's address."},
    {FileKind::Router, "", "key", Tables, kRequired, "", "",
     "Where the private key of a gateway is, one table for each gateway it serves."},
    {FileKind::Router, "", "metrics_listen", AddressPort, kOptional, "off", "\"127.0.0.1:9586\"",
     "Serve Prometheus metrics on this address and TCP port. They name peers: do not open it to "
     "everybody."},
    {FileKind::Router, "", "flowtable", Flag, kOptional, "true", "false",
     "Forward TCP and UDP connections that were answered by a flowtable, past the rules that let "
     "them begin: less work for each packet. A permission that goes still ends them at once. It "
     "spans the tunnels and *lan_interface*, or where that is not given the interfaces of the "
     "default routes; other interfaces towards the site are not faster, and not harmed. Other "
     "programs' rules do not see the packets of such a connection: say _false_ where they are to "
     "judge or count them. Where the kernel has no flowtable, *causeway status* says so and every "
     "packet passes by the rules."},
    {FileKind::Router, "", "alternate_ports", Numbers, kOptional, "[443, 4500]", "[443]",
     "Further UDP ports on which the router answers, because many networks let nothing else out. "
     "They lead to the first by name of its gateways. [] turns it off."},
    {FileKind::Router, "", "failover", Table, kOptional, "none", "",
     "Share the gateways with the other routers that serve them: *causeway-failover*(8). Without "
     "it this router serves its gateways all the time, and so no other router may."},

    {FileKind::Router, "key", "gateway", Name, kRequired, "", "\"prod-a\"", "The gateway's name."},
    {FileKind::Router, "key", "source", Text, kRequired, "", "\"/etc/causeway/keys/prod-a\"",
     "A file with the key as *wg genkey* prints it, owned by root or the agent's user and of "
     "mode 0640 or stricter; or _credential:NAME_, a systemd credential of the unit "
     "(LoadCredential=)."},
    {FileKind::Router, "key", "outer", Texts, kOptional, "none", "\"10.0.0.20\"",
     "With *failover*: the addresses on *failover.interface* at which clients reach the gateway, "
     "or to which the site's NAT sends what comes to its endpoint. They move with it, so they are "
     "no router's own: at most one IPv4 and one IPv6 address, the same on all its routers."},

    {FileKind::Router, "failover", "interface", Name, kRequired, "", "\"ens5\"",
     "The Ethernet interface on which the gateways' addresses move. All routers of the site are "
     "on its LAN."},
    {FileKind::Router, "failover", "port", Number, kOptional, "7920", "7920",
     "The UDP port of heartbeats, the same on all routers of the site. They go to each router's "
     "*address* in the network."},
    {FileKind::Router, "failover", "etcd", Texts, kRequired, "",
     "[\"https://etcd-1.example:2379\", \"https://etcd-2.example:2379\"]",
     "The endpoints of the etcd cluster that decides who serves. http only on a loopback address."},
    {FileKind::Router, "failover", "etcd_user", Text, kOptional, "none", "\"router-a\"",
     "The user, where etcd has authentication turned on."},
    {FileKind::Router, "failover", "etcd_password", Text, kOptional, "none",
     "\"/etc/causeway/etcd-password\"",
     "A file with the user's password, or _credential:NAME_; kept as strictly as a key."},
    {FileKind::Router, "failover", "etcd_ca_file", Text, kOptional, "the system's authorities",
     "\"/etc/causeway/etcd-ca.pem\"", "Who may vouch for etcd's certificates (PEM)."},
    {FileKind::Router, "failover", "etcd_certificate", Text, kOptional, "none",
     "\"/etc/causeway/etcd.pem\"", "This router's own certificate, where etcd asks for one."},
    {FileKind::Router, "failover", "etcd_key", Text, kOptional, "none",
     "\"/etc/causeway/etcd.key\"", "The certificate's key."},
    {FileKind::Router, "failover", "metrics_listen", AddressPort, kOptional, "off",
     "\"127.0.0.1:9587\"",
     "Serve the metrics of *causeway-failover*(8) on this address and TCP port, which is another "
     "one than *causewayd*'s."},
});
// NOLINTEND(modernize-use-designated-initializers)

}  // namespace schema

constexpr bool is_schema_key(std::string_view name) {
  for (const Key& key : schema::kKeys) {
    if (key.name == name) {
      return true;
    }
  }
  return false;
}

}  // namespace cw::network
