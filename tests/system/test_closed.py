# SPDX-License-Identifier: Apache-2.0
"""Closed, never open: without our firewall nothing of a tunnel crosses the router."""

from __future__ import annotations

import pytest

from lab import shell
from lab.capture import PacketCounter
from lab.router import DEVICE
from lab.topology import DATABASE
from lab.world import World

# Whatever leaves the router for the VPC or the internet on behalf of a tunnel, translated or not.
CROSSED = "ip saddr { 10.0.0.10, 100.83.0.0/16 } icmp type echo-request"


def flush(world: World) -> None:
    world.router.run("nft", "flush", "ruleset")


@pytest.mark.parametrize("agent_runs", [False, True], ids=["agent stopped", "agent running"])
def test_a_flushed_ruleset_stops_traffic_and_never_opens_it(world: World, agent_runs: bool) -> None:
    """What the agent refuses (172.16/12) must not pass either, translated or not, at any moment of many flushes."""
    world.connect("laptop", extra=("172.16.0.0/12",))
    forbidden = PacketCounter(world.topology.vpc, "ip daddr 172.16.0.0/12", "forbidden")
    unfiltered = PacketCounter(world.topology.vpc, "ip saddr 100.83.0.0/16", "unfiltered")
    world.client.start("ping", "-f", "172.16.0.1")
    if not agent_runs:
        world.agent.stop()
        arrived = PacketCounter(world.topology.db, CROSSED, "arrived")
        ping = world.ping()
        shell.until("pings arriving", lambda: arrived.packets() > 0)
        flush(world)
        # The flush took the counter on the router along; a new one counts from now on.
        entered = PacketCounter(world.router, f"iifname {DEVICE} ip daddr {DATABASE}", "entered")
        before = arrived.packets()
        shell.until("pings that enter the router", lambda: entered.packets() > 40)
        assert arrived.packets() == before
        ping.kill()
        world.agent.start()
    else:
        for _ in range(5):
            flush(world)
            shell.until("the table back", lambda: "causeway" in world.router.run("nft", "list", "tables"))
    shell.until("traffic again", lambda: world.client.succeeds("ping", "-c1", "-W1", "10.0.1.5"))
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
