# SPDX-License-Identifier: Apache-2.0
"""Somebody takes the policy's ruleset apart, piece by piece: each is put right, and nothing is open in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from damage import delete_rule, ruleset
from length import LONG

from lab import shell
from lab.capture import PacketCounter
from lab.fire import Fire
from lab.router import DEVICE
from lab.topology import DATABASE
from lab.world import World

PATIENCE = 20.0  # until a repair is seen; see test_repair.py
PORT = 7000
PING = ("ping", "-c1", "-W1", DATABASE)
NOBODYS = "10.0.1.6"
ON_THE_WAY = ("mark_prerouting", "from_tunnel", "refuse", "refuse_forwarded", "forward")  # of what is forbidden

POLICY = f"""
[[rule]]
name = "one-port"
from = "laptop"
to = "{DATABASE}"
ports = ["udp/{PORT}", "icmp"]
"""


@dataclass
class Burning:
    """A router on which the guest and the laptop send at full speed what the policy forbids."""

    world: World
    forbidden: PacketCounter
    whole: str

    def chains(self, kind: str) -> list[str]:
        """Their names."""
        listing = json.loads(self.world.router.run("nft", "-j", "-t", "list", "table", "inet", "causeway"))
        chains = [item["chain"] for item in listing["nftables"] if "chain" in item]
        return [chain["name"] for chain in chains if kind == "all" or "hook" in chain]

    def suffers(self, command: str) -> None:
        # Something else with it: the same repair again soon after would be a fight, which the agent slows down.
        delete_rule(self.world)
        self.world.router.run("nft", command)
        shell.until(f"repair after {command}", lambda: ruleset(self.world) == self.whole, PATIENCE)
        shell.until(f"traffic after {command}", lambda: self.world.client.succeeds(*PING), PATIENCE)
        leaked = self.forbidden.packets()
        assert leaked == 0, f"{leaked} packets by the time of the repair after {command}"


@pytest.fixture(scope="module")
def burning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Burning]:
    with World(None, tmp_path_factory.mktemp("burning")) as world:
        db, guest = world.topology.db, world.topology.nat
        db.ip(f"address add {NOBODYS}/32 dev lo")
        world.router.ip(f"route add {NOBODYS} via {DATABASE}")
        world.connect("laptop")
        world.connect("guest", client=guest)
        world.network.set_policy(POLICY)
        world.agent.reload()
        forbidden = PacketCounter(db, f"udp dport {PORT}", "forbidden")
        tried = PacketCounter(world.router, f"iifname {DEVICE} udp dport {PORT}", "tried")
        fires = [Fire(guest, world.folder, DATABASE, PORT), Fire(world.client, world.folder, NOBODYS, PORT)]
        shell.until("packets that are refused", lambda: tried.packets() > 100)
        world.router.run("nft", "delete", "table", "inet", "tried")
        yield Burning(world, forbidden, ruleset(world))
        for fire in fires:
            assert fire.stop() > 0


def test_a_deleted_element(burning: Burning) -> None:
    """What it allowed is closed until it is back, and nothing else is open."""
    for name, element in (("peer4", "100.83.0.10"), ("peer4", "100.83.0.11"), ("route4", "10.0.0.0/16")):
        burning.suffers(f"delete element inet causeway {name} {{ {element} }}")


def test_an_emptied_chain(burning: Burning) -> None:
    for name in burning.chains("all"):
        if not LONG and not name.startswith(("g_", "v_")) and name not in ON_THE_WAY:
            continue
        burning.suffers(f"flush chain inet causeway {name}")


def test_a_deleted_chain(burning: Burning) -> None:
    """Only base chains can be: the others are gone to from somewhere."""
    for name in burning.chains("base"):
        if not LONG and name not in ON_THE_WAY:
            continue
        burning.suffers(f"delete chain inet causeway {name}")


def test_the_deleted_table(burning: Burning) -> None:
    burning.suffers("delete table inet causeway")


def test_the_flushed_ruleset(burning: Burning) -> None:
    burning.suffers("flush ruleset")
