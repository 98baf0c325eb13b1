# SPDX-License-Identifier: Apache-2.0
"""4via6 is kept, judged and changed by the agent like what is native."""

from __future__ import annotations

import pytest
from test_policy_revocation import LISTEN, STREAM

from lab import shell
from lab.capture import PacketCounter
from lab.client import psql
from lab.database import Database
from lab.router import DEVICE, VIA, image, via
from lab.topology import DATABASE, ROUTER, VPC_PREFIX, VPC_PREFIX_6
from lab.via6 import counted
from lab.world import World

STREAM_PORT = 9000


def connect(world: World) -> None:
    world.connect("laptop", extra=(VIA,))


def policy(*services: str) -> str:
    return f'[[rule]]\nname = "some"\nfrom = "laptop"\nto = "{DATABASE}"\nports = {list(services)}\n'.replace("'", '"')


def test_a_rule_is_a_rule_for_both_forms(world: World, database: Database) -> None:
    connect(world)
    world.network.set_policy(policy("tcp/5432"))
    world.agent.reload()
    for address in (DATABASE, via(DATABASE)):
        assert psql(world.client, database, "SELECT 1", host=address) == "1", address
        assert not world.client.succeeds("ping", "-c1", "-W1", address), address
        assert world.try_tcp(world.client, address, 22) == "refused", address
    world.network.set_policy(policy("icmp"))
    world.agent.reload()
    for address in (DATABASE, via(DATABASE)):
        assert world.client.succeeds("ping", "-c1", "-W5", address), address
        assert world.try_tcp(world.client, address, 5432) == "refused", address


def test_a_permission_that_goes_ends_what_it_had_opened_by_4via6(world: World) -> None:
    connect(world)
    world.network.set_policy(policy(f"udp/{STREAM_PORT}", "icmp"))
    world.agent.reload()
    world.topology.db.start("python3", "-c", STREAM, str(STREAM_PORT))
    shell.until("the stream's port", lambda: f":{STREAM_PORT} " in world.topology.db.run("ss", "-Hlun"))
    heard = world.folder / "stream.txt"
    listen = LISTEN.replace("AF_INET", "AF_INET6")
    with heard.open("w") as file:
        world.client.start("python3", "-c", listen, via(DATABASE), str(STREAM_PORT), output=file)
    shell.until("a stream", lambda: len(heard.read_text()) > 50)
    peer = image(world.devices["laptop"].address)
    assert peer in world.router.run("conntrack", "-L")
    world.network.set_policy(policy("icmp"))
    world.agent.reload()
    assert f"src={peer} dst={DATABASE} sport" not in world.router.run("conntrack", "-L")
    before = len(heard.read_text())
    for _ in range(3):  # so much time that the stream would have gone on
        assert world.client.succeeds("ping", "-c2", "-W5", via(DATABASE))
    assert len(heard.read_text()) <= before + len("more\n")  # what was in the client's socket


@pytest.mark.parametrize("agent_runs", [False, True], ids=["agent stopped", "agent running"])
def test_a_flushed_ruleset_stops_4via6_and_never_opens_it(world: World, agent_runs: bool) -> None:
    connect(world)
    came = PacketCounter(world.topology.db, "icmp type echo-request", "came")
    assert world.client.succeeds("ping", "-c1", "-W5", via(DATABASE))
    assert came.packets() == 1
    translated = counted(world.agent, "from_peers", "translated")
    if agent_runs:
        # What comes before the repair comes unmasked, if at all: from no address of the router.
        unmasked = PacketCounter(world.topology.db, f"icmp type echo-request ip saddr != {ROUTER}", "unmasked")
        for _ in range(5):
            world.router.run("nft", "flush", "ruleset")
            world.client.run("ping", "-c5", "-i0.1", "-W1", via(DATABASE), check=False)
        assert unmasked.packets() == 0
        shell.until("the repair", lambda: world.client.succeeds("ping", "-c1", "-W1", via(DATABASE)))
        return
    world.agent.stop()
    world.router.run("nft", "flush", "ruleset")
    assert not world.client.succeeds("ping", "-c5", "-i0.2", "-W1", via(DATABASE))
    assert came.packets() == 1
    world.agent.start()
    assert counted(world.agent, "from_peers", "translated") >= translated + 5
    assert world.client.succeeds("ping", "-c1", "-W5", via(DATABASE))


def test_a_translator_that_is_taken_away_opens_nothing_and_comes_back(world: World) -> None:
    connect(world)
    world.agent.stop()
    world.router.run("tc", "qdisc", "delete", "dev", DEVICE, "clsact")
    assert not world.client.succeeds("ping", "-c2", "-W1", via(DATABASE))
    assert world.client.succeeds("ping", "-c1", "-W5", DATABASE)
    world.agent.start()
    assert world.client.succeeds("ping", "-c1", "-W5", via(DATABASE))


def test_routes_of_the_site_that_change_lose_nothing(world: World) -> None:
    connect(world)
    ping = world.ping(via(DATABASE))
    for n in range(5):
        world.network.set_routes(VPC_PREFIX, VPC_PREFIX_6, f"192.168.{n}.0/24")
        assert any("4via6" in step for step in world.agent.reload())
    sent, lost = world.lost(ping)
    assert sent > 50 and lost == 0, (sent, lost)
    world.network.set_routes("10.0.2.0/24")
    world.agent.reload()
    assert not world.client.succeeds("ping", "-c1", "-W1", via(DATABASE))
    assert counted(world.agent, "from_peers", "no_route") > 0


def test_another_agent_on_the_same_network_loads_nothing_and_counts_on(world: World) -> None:
    connect(world)
    assert world.client.succeeds("ping", "-c2", "-W5", via(DATABASE))
    show = ("tc", "filter", "show", "dev", DEVICE, "ingress")
    before = world.router.run(*show)
    packets = counted(world.agent, "from_peers", "translated")
    world.agent.stop()
    world.agent.start()
    assert world.router.run(*show) == before
    assert counted(world.agent, "from_peers", "translated") >= packets > 0


def test_down_takes_the_counters_along(world: World) -> None:
    assert [file.name for file in world.agent.counters.iterdir()] == [DEVICE]
    world.agent.cli("down")
    assert not list(world.agent.counters.iterdir())
