# SPDX-License-Identifier: Apache-2.0
"""How soon drift is repaired, in virtual time: a nanosecond for each instruction the machine executes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import pytest
from damage import ANNOUNCED, everything

from lab import shell
from lab.router import DEVICE
from lab.topology import DATABASE
from lab.world import World

REPAIR_SECONDS = 1.0  # what the kernel announces
TRAFFIC_SECONDS = 2.0  # a connected peer's, after its device was deleted
PATIENCE = 20.0  # shows by how much a limit was missed


@pytest.fixture(scope="module")
def connected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    assert os.environ.get("CW_VIRTUAL_TIME"), "a busy machine's seconds prove nothing: ./dev vm --icount"
    with World(None, tmp_path_factory.mktemp("world")) as world:
        world.connect("laptop")
        yield world


@pytest.mark.parametrize("damage", ANNOUNCED, ids=lambda f: f.__name__)
def test_what_the_kernel_announces_is_repaired_within_a_second(
    connected: World, damage: Callable[[World], None]
) -> None:
    before = everything(connected)
    damage(connected)
    started = time.monotonic()
    shell.until(f"repair after {damage.__name__}", lambda: everything(connected) == before, PATIENCE)
    assert time.monotonic() - started <= REPAIR_SECONDS


def test_after_a_deleted_link_traffic_flows_within_two_seconds(connected: World) -> None:
    shell.until("status to see the peer", lambda: "laptop" in connected.active_peers())
    connected.router.ip(f"link delete {DEVICE}")
    started = time.monotonic()
    ping = ("ping", "-c1", "-W0.2", DATABASE)
    shell.until("traffic again", lambda: connected.client.succeeds(*ping), PATIENCE)
    assert time.monotonic() - started <= TRAFFIC_SECONDS
