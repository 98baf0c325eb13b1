# SPDX-License-Identifier: Apache-2.0
"""A router that lives and reaches nothing gives its gateways to one that does; what is down for all moves nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_failover import MOVE_SECONDS, STALL_SECONDS, connected, gap_of

from lab import shell
from lab.database import Database
from lab.failover import EGRESS, ROUTER_B, Flows, Member, Site
from lab.takeover import SETTLED_SECONDS, gateway_at, owner_of, wait_until_ready
from lab.topology import DATABASE, ROUTER

TARGET = f"{DATABASE}:5432"
# Four tries two seconds apart and one more until the last has failed; ten seconds after it became owner at the soonest.
# Twice that, of real time, in a virtual machine that is emulated.
GIVEN_AWAY_SECONDS = 2 * (9.0 + 10.0)
# A standby believes in a target again after five tries.
BELIEVED_SECONDS = 40.0
# An owner of less than ten seconds gives nothing away for its health.
OLD_ENOUGH_SECONDS = 11.0


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Iterator[Site]:
    made = Site(database, tmp_path, EGRESS["floating"])
    file = made.network.folder / "sites/prod.toml"
    file.write_text(file.read_text().replace("routes = ", f'health = ["{TARGET}"]\nroutes = ', 1))
    with made:
        yield made


def cut(member: Member) -> None:
    """What it sends from its own address to the target is lost, as by a wrong rule of the VPC; what peers send is not."""
    own = {"r1": ROUTER, "r2": ROUTER_B}[member.name]
    rule = f"ip saddr {own} ip daddr {DATABASE} tcp dport 5432 drop"
    member.namespace.nft(f"table ip cut {{\n chain output {{\n type filter hook output priority 0\n {rule}\n }}\n}}\n")


def mend(member: Member) -> None:
    member.namespace.nft("delete table ip cut")


def reaches(member: Member) -> bool:
    targets: list[dict[str, Any]] = member.failover.status().get("targets", [])
    return bool(targets) and all(each["tried"] and each["reached"] for each in targets)


def test_the_owner_gives_its_gateway_to_whoever_reaches_the_targets(site: Site) -> None:
    visitor = connected(site)
    owner = owner_of(site)
    taker = site.other(owner)
    flows = Flows(visitor.client, site.topology.db, DATABASE)
    for member in (owner, taker):
        shell.until(f"{member.name} reaching the target", lambda member=member: reaches(member))
    wait_until_ready(taker, owner)

    probe = visitor.probe()
    cut(owner)
    began = time.monotonic()
    shell.until("the gateway at the sibling", lambda: taker.failover.role() == "active", GIVEN_AWAY_SECONDS)
    print(f"given away after {time.monotonic() - began:.1f} s")
    gap = gap_of(visitor, probe, taker)
    print(f"without an answer for {gap:.3f} s")
    assert gap < MOVE_SECONDS, site.story()
    shell.until("the reason", lambda: takeovers(owner)[0]["why"] == "unhealthy", SETTLED_SECONDS)
    assert "active -> drain, unhealthy" in owner.failover.log.read_text()
    told = taker.failover.cli("status")
    print(told, owner.failover.cli("status"), sep="\n")
    assert f"router {owner.name} does not reach {TARGET}" in told

    # Down for all: the new owner keeps it. The one before is back: nothing moves to it.
    epoch = gateway_at(taker)["epoch"]
    cut(taker)
    shell.until("the owner missing the target", lambda: gateway_at(taker)["fitness"] == "poor", BELIEVED_SECONDS)
    time.sleep(OLD_ENOUGH_SECONDS)
    assert taker.failover.role() == "active", site.story()
    mend(taker)
    shell.until("the owner reaching it", lambda: reaches(taker), BELIEVED_SECONDS)
    mend(owner)
    shell.until("the other one reaching it", lambda: reaches(owner), BELIEVED_SECONDS)
    assert taker.failover.role() == "active", site.story()
    assert gateway_at(taker)["epoch"] == epoch
    stalls = flows.end()
    print(stalls)
    assert all(isinstance(stall, float) and stall < STALL_SECONDS for stall in stalls.values()), f"{stalls}\n{site.story()}"


def takeovers(member: Member) -> list[dict[str, Any]]:
    return list(gateway_at(member)["takeovers"])
