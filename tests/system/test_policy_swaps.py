# SPDX-License-Identifier: Apache-2.0
"""Changes of the policy under fire: nothing forbidden passes at any moment, and whom a change is not about loses nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice

import pytest

from lab import shell
from lab.capture import PacketCounter
from lab.fire import Fire, Target
from lab.router import DEVICE, POOL
from lab.topology import DATABASE
from lab.world import World

PORT = 7000
NOT_THE_GUESTS = "10.0.1.6"  # the laptop may now and then
NOBODYS = "10.0.9.9"
MEASURE_SECONDS = 3.0
# Each exchange as often by `--stage swaps` of ./dev test --long: 5,000 in all, under the same fire of the guest's.
ROUNDS = 10 if os.environ.get("CW_SWAPS") == "1" else 1
BACKLOG = 200_000  # packets; the lab's own cables lose none where the processors are busy


def rule(name: str, sources: str, places: str, services: str) -> str:
    return f'[[rule]]\nname = "{name}"\nfrom = {sources}\nto = "{places}"\nports = {services}\n'


ONE_PORT = rule("fire", '"laptop"', DATABASE, f'["udp/{PORT}", "icmp"]')
PORTS = rule("fire", '"laptop"', "10.0.1.0/24", f'["udp/{PORT - 10}-{PORT + 10}", "icmp"]')
ALL_PORTS = rule("fire", '"laptop"', DATABASE, '"any"')
BOTH_TO = '["laptop", "guest"]'

# What each of them has in common: the laptop may send to the database, and the guest may not send at all.
BESIDE_IT = [ONE_PORT, *(ONE_PORT + rule("more", '"laptop"', "10.0.2.0/24", f'"tcp/{port}"') for port in (80, 443, 8080))]
OF_ITS_ELEMENT = [ONE_PORT, PORTS, ALL_PORTS]
OF_ITS_CLASS = [
    ONE_PORT + rule("both", BOTH_TO, "10.0.2.0/24", '"tcp/80"'),
    PORTS + '[groups]\nboth = ["laptop", "guest"]\n' + rule("group", '"group:both"', "10.0.2.7", '"icmp"'),
    ALL_PORTS,
]


@dataclass(frozen=True)
class Passage:
    """How many of the allowed packets came how far. Only what is lost between the first two could be a swap's doing."""

    entered: int  # the router, decrypted
    reached: int  # the database's host
    arrived: int  # the program there, each number once


@dataclass
class Swapping:
    """A router under fire from a guest who may nothing and a laptop; what it may is sent at half the capacity."""

    world: World
    per_second: float
    forbidden: PacketCounter

    def swap(self, policies: list[str], swaps: int) -> Passage:
        """Takes them in turn, and follows the allowed packets."""
        world = self.world
        self.take(policies[0])
        counting = f"iifname {DEVICE} udp dport {PORT} ip daddr {DATABASE}"
        entered = PacketCounter(world.router, counting, "entered")
        reached = PacketCounter(world.topology.db, f"udp dport {PORT} ip daddr {DATABASE}", "reached")
        target = Target(world.topology.db, world.folder, PORT)
        fires = [Fire(world.client, world.folder, at, PORT, self.per_second) for at in (DATABASE, NOBODYS)]
        for policy in islice(cycle(policies[1:] + policies[:1]), swaps):
            assert self.take(policy), "no swap"
        for fire in fires:
            fire.stop()
        return Passage(last(entered), last(reached), target.stop().received)

    def drops(self) -> str:
        """Whoever says that it dropped something: the answer to where a packet was lost."""
        router, database = self.world.router, self.world.topology.db
        asked = [
            (router, ("nft", "list", "table", "inet", "causeway")),
            (router, ("conntrack", "--stats")),
            (router, ("ip", "-statistics", "link")),
            (router, ("ip", "neighbour")),
            (database, ("nstat", "-a", "-s", "Udp*")),
            (database, ("cat", "/proc/net/softnet_stat")),
        ]
        said = [f"{space.name}: {' '.join(command)}\n{space.run(*command, check=False)}" for space, command in asked]
        return "\n".join(said)

    def take(self, policy: str) -> list[str]:
        self.world.network.set_policy(policy)
        return self.world.agent.reload()


@pytest.fixture(scope="module")
def swapping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swapping]:
    shell.run("sysctl", "-q", "-w", f"net.core.netdev_max_backlog={BACKLOG}")
    with World(None, tmp_path_factory.mktemp("swapping")) as world:
        db, router, guest = world.topology.db, world.router, world.topology.nat
        for address in (NOT_THE_GUESTS, NOBODYS):
            db.ip(f"address add {address}/32 dev lo")
            router.ip(f"route add {address} via {DATABASE}")
        world.connect("laptop")
        world.connect("guest", client=guest)
        world.network.set_policy(ONE_PORT)
        world.agent.reload()
        # Nor may anything reach the site with its overlay address.
        not_for = f"ip daddr {{ {NOT_THE_GUESTS}, {NOBODYS} }} udp dport {PORT}"
        forbidden = PacketCounter(db, not_for, "forbidden")
        bare = PacketCounter(db, f"ip saddr {POOL}", "bare")
        tried = PacketCounter(router, f"iifname {DEVICE} {not_for}", "tried")
        flood = Fire(guest, world.folder, NOT_THE_GUESTS, PORT)
        yield Swapping(world, capacity(world) / 2, forbidden)
        flood.stop()
        assert tried.packets() > 0
        assert bare.packets() == 0


def capacity(world: World) -> float:
    """Allowed datagrams a second that arrive, under the same fire, when more are sent."""
    target = Target(world.topology.db, world.folder, PORT)
    fire = Fire(world.client, world.folder, DATABASE, PORT)
    time.sleep(MEASURE_SECONDS)
    fire.stop()
    return target.stop().received / MEASURE_SECONDS


def last(counter: PacketCounter) -> int:
    """When no more come."""
    seen = [-1]

    def stands_still() -> bool:
        seen.append(counter.packets())
        return seen[-1] == seen[-2]

    shell.until("the last packets", stands_still)
    return seen[-1]


@pytest.mark.parametrize("_round", range(1, ROUNDS + 1), ids=lambda number: f"round {number}")
@pytest.mark.parametrize(
    ("policies", "swaps"),
    [(BESIDE_IT, 250), (OF_ITS_ELEMENT, 190), (OF_ITS_CLASS, 60)],
    ids=["beside it", "its element", "its class"],
)
def test_a_swap_costs_no_packet_and_lets_nothing_through(
    swapping: Swapping, policies: list[str], swaps: int, _round: int
) -> None:
    """Swaps of what a stream is allowed by, and of rules that come and go beside it."""
    passage = swapping.swap(policies, swaps)
    assert swapping.forbidden.packets() == 0
    assert passage.entered > 0
    assert passage.entered == passage.reached == passage.arrived, f"{passage}\n{swapping.drops()}"
