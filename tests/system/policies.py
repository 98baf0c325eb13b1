# SPDX-License-Identifier: Apache-2.0
"""Random policies, and random connections at their edges."""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random

SITE = "prod"
PEERS = {"ada": "ada@example.com", "bob": "bob@example.com", "cleo": None}  # by name, with their users
GROUPS = ("dba", "ops", "web")
NOBODY = ("gone", "gone@example.com")  # who was removed still stands in rules

# The site's machine has all of these. No route of the site holds the last one, but a rule may.
ADDRESSES = ("10.0.1.5", "10.0.1.6", "10.0.2.7", "10.0.255.9", "10.99.0.9")
ADDRESSES_6 = ("2001:db8:10::1:5", "2001:db8:10::1:6", "2001:db8:10::2:7")
ROUTED = ADDRESSES[:-1] + ADDRESSES_6

# Nested, touching, wider than the site's routes, and outside of them.
PREFIXES = (
    *("10.0.1.5", "10.0.1.6", "10.0.1.4/31", "10.0.1.0/24", "10.0.2.0/24", "10.0.0.0/22", "10.0.0.0/16"),
    *("10.0.128.0/17", "10.0.0.0/8", "172.16.0.0/12", "2001:db8:10::1:5", "2001:db8:10::1:0/112"),
    *("2001:db8:10::2:0/111", "2001:db8:10::/64", "2001:db8::/32"),
)
SERVICES = (
    *("any", "icmp", "tcp", "udp", "tcp/22", "tcp/80", "udp/53", "tcp/5432", "tcp/8000-8100", "tcp/8050"),
    *("udp/8050-8101", "tcp/1-1023", "tcp/81-65535", "udp/1024-65535", "tcp/8101-9000", "udp/54-79"),
)
PORTS = (1, 21, 22, 23, 53, 54, 79, 80, 81, 1023, 1024, 5432, 8000, 8049, 8050, 8051, 8100, 8101, 9000, 65535)
EXPIRIES = ("2001-01-01T00:00:00Z", "2999-01-01T00:00:00Z")


@dataclass(frozen=True)
class Connection:
    """Each end is a peer's name or an address of the site."""

    source: str
    destination: str
    protocol: str
    port: int

    def question(self) -> str:
        service = self.protocol if self.protocol == "icmp" else f"{self.protocol}/{self.port}"
        return f"{self.source} {self.destination} {service}"


def policy(random: Random) -> str | None:
    """policy.toml; now and then none at all."""
    if random.random() < 0.05:
        return None
    hosts = {f"h{n}": prefix for n, prefix in enumerate(random.sample(PREFIXES, random.randint(1, 5)))}
    members = [*PEERS, *(user for user in PEERS.values() if user), *NOBODY]
    lines = ["[groups]"]
    lines += [f"{group} = {_list(_some(random, members))}" for group in GROUPS]
    lines += ["", "[hosts]", *(_host(random, name, prefix) for name, prefix in hosts.items())]
    for number in range(random.randint(0, 10)):
        lines += ["", "[[rule]]", f'name = "r{number}"', *_rule(random, tuple(hosts))]
    return "\n".join(lines) + "\n"


def groups(random: Random) -> list[str]:
    """What a peer's own file says."""
    return random.sample(GROUPS, random.choice((0, 0, 1, 2)))


def connection(random: Random) -> Connection:
    protocol = random.choice(("tcp", "tcp", "udp", "udp", "icmp"))
    port = 0 if protocol == "icmp" else random.choice(PORTS)
    source, destination = random.sample(sorted(PEERS), 2)
    way = random.random()
    if way < 0.25:
        source = random.choice(ADDRESSES + ADDRESSES_6)
    elif way < 0.75:
        destination = random.choice(ADDRESSES + ADDRESSES_6)
    return Connection(source, destination, protocol, port)


def _host(random: Random, name: str, prefix: str) -> str:
    if prefix.startswith("172.") or random.random() < 0.5:
        return f'{name} = "{prefix}"'
    return f'{name} = {{ address = "{prefix}", site = "{SITE}" }}'


def _rule(random: Random, hosts: tuple[str, ...]) -> list[str]:
    people = [*(f"peer:{peer}" for peer in (*PEERS, NOBODY[0])), *(f"group:{group}" for group in GROUPS)]
    people += [f"user:{user}" for user in (*PEERS.values(), NOBODY[1]) if user]
    sources = [*people, "ada", "dba", "any", f"site:{SITE}", f"site:{SITE}"]
    places = [*people, *hosts, *hosts, *random.sample(PREFIXES, 4), f"site:{SITE}"]
    lines = [
        f"from = {_list(_some(random, sources))}",
        f"to = {_list(_some(random, places))}",
        f"ports = {_list(_some(random, SERVICES))}",
    ]
    if random.random() < 0.2:
        lines.append(f"expires = {random.choice(EXPIRIES)}")
    return lines


def _some(random: Random, items: list[str] | tuple[str, ...]) -> list[str]:
    return random.sample(sorted(set(items)), random.randint(1, 3))


def _list(items: list[str]) -> str:
    return json.dumps(items)
