# SPDX-License-Identifier: Apache-2.0
"""Two routers share a gateway: one dies, is drained, or gives it away, and a stock client behind a NAT goes on."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from length import LONG

from lab import shell
from lab.database import Database
from lab.failover import EGRESS, OUTER, Flows, Member, Opening, Probe, Site
from lab.router import VIA, via
from lab.takeover import SETTLED_SECONDS, Visitor, knows_the_client, owner_of, wait_until_ready
from lab.topology import DATABASE

MOVES = 10 if LONG else 1
# Of real time, in a virtual machine that is emulated: the product's numbers are measured in virtual time.
CRASH_SECONDS = 5.0
MOVE_SECONDS = 2.0
STALL_SECONDS = 2 * CRASH_SECONDS + 0.3
RESET_SECONDS = 1.0


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Iterator[Site]:
    with Site(database, tmp_path) as made:
        yield made


@pytest.fixture
def visitor(site: Site) -> Visitor:
    return connected(site)


def connected(site: Site) -> Visitor:
    visitor = Visitor(site, VIA)
    visitor.connect()
    return visitor


@pytest.mark.parametrize("egress", ["floating", "routed"])
def test_a_stock_client_and_its_connections_go_on_through_moves_and_a_crash(database: Database, tmp_path: Path, egress: str) -> None:
    with Site(database, tmp_path, EGRESS[egress]) as site:
        visitor = connected(site)
        flows = Flows(visitor.client, site.topology.db, DATABASE)
        owner = owner_of(site)
        taker = site.other(owner)
        for crash in (*[False] * MOVES, True):
            wait_until_ready(taker, owner)
            probe = visitor.probe()
            if crash:
                owner.die()
            else:
                print(move(owner, taker))
            gap = gap_of(visitor, probe, taker)
            print(f"{'crash' if crash else 'move'}: without an answer for {gap:.3f} s")
            assert gap < (CRASH_SECONDS if crash else MOVE_SECONDS), site.story()
            owner, taker = taker, owner
        print(owner.failover.cli("status"))
        assert visitor.is_as_it_was()
        stalls = flows.end()
        print(stalls)
        assert all(isinstance(stall, float) and stall < STALL_SECONDS for stall in stalls.values()), f"{stalls}\n{site.story()}"


# As a desktop has it: of what comes in, no more than what belongs to a connection.
STATEFUL = """
table inet fire_wall {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    ct state invalid drop
    iifname "lo" accept
  }
}
"""


@pytest.mark.parametrize("how", ["crash", "move"] if LONG else ["crash"])
def test_connections_by_masquerade_are_reset(site: Site, visitor: Visitor, how: str) -> None:
    visitor.client.nft(STATEFUL)
    owner = owner_of(site)
    taker = site.other(owner)
    flows = Flows(visitor.client, site.topology.db, DATABASE, via(DATABASE), verb="watch")
    wait_until_ready(taker, owner)
    assert "are told" not in taker.failover.log.read_text()
    opening = Opening(taker)
    if how == "crash":
        owner.die()
    else:
        print(move(owner, taker))
    opened = opening.when()
    with contextlib.suppress(TimeoutError):  # what has not ended is told below
        shell.until("the ends of all connections", flows.has_ended, 2 * RESET_SECONDS)
    ends = flows.ends()
    after = {what: round(end[1] - opened, 3) for what, end in ends.items() if end}
    assert "are told" not in owner.failover.log.read_text()
    print(f"{how}: {ends}; after the takeover by {after}\n{site.story()}")
    assert all(end and "reset by peer" in end[0] for end in ends.values()), f"{ends}\n{site.story()}"
    assert max(after.values()) < RESET_SECONDS, f"{after}\n{site.story()}"
    # What is new works at once, and stays.
    stalls = Flows(visitor.client, site.topology.db, DATABASE).end()
    assert all(isinstance(stall, float) for stall in stalls.values()), f"{stalls}\n{site.story()}"


def move(owner: Member, taker: Member) -> str:
    """Asked for until it is done: on a machine that is starved, etcd may answer later than anybody waits."""

    told = ""

    def ask() -> str:
        nonlocal told
        told = owner.failover.cli("move", "prod", taker.name, check=False)
        return told.strip() if f"is router {taker.name}'s now" in told else ""

    try:
        return shell.until(f"the gateway at {taker.name}", ask, SETTLED_SECONDS)
    except TimeoutError as late:
        journals = "\n".join(each.failover.log.read_text()[-3000:] for each in (owner, taker))
        raise AssertionError(f"{late}: {told}\n{journals}") from late


def test_a_router_that_stops_alone_serves_on_and_gives_way_when_it_starts_again(site: Site, visitor: Visitor) -> None:
    owner = owner_of(site)
    taker = site.other(owner)

    def said() -> str:
        texts = [problem["text"] for problem in owner.agent.status().get("problems", [])]
        return next((text for text in texts if "causeway-failover does not run" in text), "")

    def answers_for_it() -> bool:
        return OUTER in owner.namespace.run("ip", "-4", "address", "show", "dev", "eth0")

    taker.failover.stop()
    assert said() == ""
    owner.failover.stop()
    assert f"goes on serving it, and answering for {OUTER}" in owner.failover.log.read_text()
    assert "goes on serving" in said()
    assert visitor.reaches()
    taker.failover.start()
    shell.until("the sibling serving", lambda: taker.failover.role() == "active", SETTLED_SECONDS)
    assert answers_for_it()
    owner.failover.start()
    shell.until("the address given up", lambda: not answers_for_it(), SETTLED_SECONDS)
    shell.until("a standby", lambda: owner.failover.role() == "standby", SETTLED_SECONDS)
    assert said() == ""
    shell.until("the client reaching the VPC", visitor.reaches)


def gap_of(visitor: Visitor, probe: Probe, taker: Member) -> float:
    shell.until("the sibling serving", lambda: taker.failover.role() == "active", SETTLED_SECONDS)
    shell.until("the client reaching the VPC", visitor.reaches)
    return probe.gap()


def test_sigterm_hands_over_and_a_drained_router_takes_nothing(site: Site, visitor: Visitor) -> None:
    owner = owner_of(site)
    taker = site.other(owner)
    shell.until("the sibling knowing the client", lambda: knows_the_client(taker), SETTLED_SECONDS)
    probe = visitor.probe()
    owner.failover.stop()
    gap = gap_of(visitor, probe, taker)
    assert gap < MOVE_SECONDS, site.story()
    owner.failover.start()
    print(owner.failover.cli("drain"))
    taker.die()
    status = owner.failover.status()
    assert status["draining"]
    assert owner.failover.role() in ("standby", "fenced")
    print(owner.failover.cli("serve"))
    shell.until("the router that serves again", lambda: owner.failover.role() == "active", SETTLED_SECONDS)


CORE_PATTERN = Path("/proc/sys/kernel/core_pattern")


def leaves_its_memory(process: subprocess.Popen[str], folder: Path) -> bool:
    """In a core file, where a bug ends it and it may leave one of any size."""
    resource.prlimit(process.pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    os.kill(process.pid, signal.SIGABRT)
    assert process.wait(timeout=30) == -signal.SIGABRT
    return (folder / f"core.{process.pid}").exists()


def test_a_crash_leaves_no_core_file_with_keys_in_it(site: Site, tmp_path: Path) -> None:
    before = CORE_PATTERN.read_text()
    CORE_PATTERN.write_text(f"{tmp_path}/core.%p")
    try:
        assert leaves_its_memory(subprocess.Popen(["sleep", "60"], text=True), tmp_path)
        router = next(iter(site.routers.values()))
        for process in (router.agent.process, router.failover.process):
            assert process is not None
            assert not leaves_its_memory(process, tmp_path), process.args
    finally:
        CORE_PATTERN.write_text(before)
