# SPDX-License-Identifier: Apache-2.0
"""The machine that owns a gateway dies, three times: a stock client's packets and TCP connections go on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from lab import shell
from lab.failover import EGRESS, Flows
from lab.machines import FOLDER, FarSite
from lab.takeover import SETTLED_SECONDS, UdpProbe, Visitor, owner_of, wait_until_ready
from lab.topology import DATABASE

DEATHS = 3
# Of real time, on processors that are emulated beside other work: the product's own numbers are measured in virtual time.
GAP_SECONDS = 5.0
# For how long a router that took from a silent one is left alone (`hold` in ha/timers.h), twice as long each time. Its sibling
# counts from when it first reads the record.
HOLD_SECONDS = 30.0
READ_SECONDS = 5.0
STALL_SECONDS = 2 * GAP_SECONDS + 0.3  # a sender waits twice as long each time


@dataclass
class Watched:
    site: FarSite
    probe: UdpProbe
    flows: Flows


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    """One client, with connections that are to outlive all that follows."""
    FOLDER.mkdir()
    site = FarSite(None, FOLDER, EGRESS["floating"])
    visitor = Visitor(site)
    with site:
        visitor.connect()
        flows = Flows(visitor.client, site.topology.db, DATABASE)
        probe = UdpProbe(visitor.client, site.topology.db)
        yield Watched(site, probe, flows)
        probe.close()
        assert visitor.is_as_it_was()


@pytest.mark.parametrize("death", range(1, DEATHS + 1))
def test_a_client_hardly_notices_that_its_routers_machine_died(watched: Watched, death: int) -> None:
    site = watched.site
    for router in site.routers.values():
        if not router.failover.status():
            site.power_on(router)
            time.sleep(HOLD_SECONDS * 2 ** (death - 2) + READ_SECONDS)
    owner = owner_of(site)
    taker = site.other(owner)
    wait_until_ready(taker, owner)
    before = watched.probe.wait().gap
    watched.probe.look()  # what was before does not count
    owner.die()
    shell.until(f"router {taker.name} serving", lambda: taker.failover.role() == "active", SETTLED_SECONDS)
    gap = watched.probe.wait().gap
    print(f"  {death}: the machine of {owner.name} was killed: {gap:.3f} s without an answer (at most {before:.3f} s before)")
    assert gap <= GAP_SECONDS, site.story()


def test_connections_have_outlived_all_of_it(watched: Watched) -> None:
    stalls = watched.flows.end()
    print(f"  TCP, seconds without a byte at most: {stalls}")
    assert all(isinstance(stall, float) and stall <= STALL_SECONDS for stall in stalls.values()), f"{stalls}\n{watched.site.story()}"
