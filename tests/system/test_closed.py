# SPDX-License-Identifier: Apache-2.0
"""Closed, never open: without our firewall nothing of a tunnel crosses the router."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from lab import shell
from lab.capture import PacketCounter
from lab.router import DEVICE, ULA
from lab.topology import DATABASE, DATABASE_6, ROUTER, ROUTER_6
from lab.world import World


@dataclass(frozen=True)
class Family:
    """Of IPv4 or IPv6: nft's words for it, whose addresses leave the router for a tunnel, the database, and a network that no
    router advertises, with an address of it."""

    ip: str
    icmp: str
    router: str
    peers: str
    database: str
    forbidden_network: str
    forbidden: str


FAMILIES = (
    Family("ip", "icmp", ROUTER, "100.83.0.0/16", DATABASE, "172.16.0.0/12", "172.16.0.1"),
    Family("ip6", "icmpv6", ROUTER_6, f"{ULA}::/64", DATABASE_6, "2001:db8:99::/48", "2001:db8:99::1"),
)


def flush(world: World) -> None:
    world.router.run("nft", "flush", "ruleset")


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.ip)
@pytest.mark.parametrize("agent_runs", [False, True], ids=["agent stopped", "agent running"])
def test_a_flushed_ruleset_stops_traffic_and_never_opens_it(world: World, agent_runs: bool, family: Family) -> None:
    """What the agent refuses must not pass either, translated or not, at any moment of many flushes."""
    ip = family.ip
    crossed = f"{ip} saddr {{ {family.router}, {family.peers} }} {family.icmp} type echo-request"
    world.connect("laptop", extra=(family.forbidden_network,))
    forbidden = PacketCounter(world.topology.vpc, f"{ip} daddr {family.forbidden_network}", "forbidden")
    unfiltered = PacketCounter(world.topology.vpc, f"{ip} saddr {family.peers}", "unfiltered")
    tried = PacketCounter(world.router, f"iifname {DEVICE} {ip} daddr {family.forbidden_network}", "tried")
    world.client.start("ping", "-f", family.forbidden)
    shell.until("forbidden pings that enter the router", lambda: tried.packets() > 0)
    if not agent_runs:
        world.agent.stop()
        arrived = PacketCounter(world.topology.db, crossed, "arrived")
        ping = world.ping(family.database)
        shell.until("pings arriving", lambda: arrived.packets() > 0)
        flush(world)
        # The flush took the counter on the router along; a new one counts from now on.
        entered = PacketCounter(world.router, f"iifname {DEVICE} {ip} daddr {family.database}", "entered")
        before = arrived.packets()
        shell.until("pings that enter the router", lambda: entered.packets() > 40)
        assert arrived.packets() == before
        ping.kill()
        world.agent.start()
    else:
        for _ in range(5):
            flush(world)
            shell.until("the table back", lambda: "causeway" in world.router.run("nft", "list", "tables"))
    shell.until("traffic again", lambda: world.client.succeeds("ping", "-c1", "-W1", family.database))
    assert forbidden.packets() == 0
    assert unfiltered.packets() == 0


def test_a_device_without_its_rules_is_never_forwarded_by_other_means(world: World) -> None:
    """Somebody deletes the marks' chain only: packets carry no mark and are prohibited until it is repaired."""
    world.connect("laptop")
    world.agent.stop()
    world.router.run("nft", "flush", "chain", "inet", "causeway", "mark_prerouting")
    assert not world.client.succeeds("ping", "-c3", "-W1", "-i", "0.2", "10.0.1.5")
    world.agent.start()
    assert world.client.succeeds("ping", "-c1", "-W5", "10.0.1.5")
