# SPDX-License-Identifier: Apache-2.0
"""How soon drift is repaired, in virtual time: a nanosecond for each instruction the machine executes.

The kernel's own announcements are timed, of the damage first and of the repair last; how long the tests take to look
does not count.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from damage import ANNOUNCED, OF_A_TRANSLATOR, everything
from stamped import Stamped

from lab import shell
from lab.router import DEVICE
from lab.topology import DATABASE
from lab.world import World

REPAIR_SECONDS = 1.0  # what the kernel announces
# More than a thousand million instructions of it are the kernel's, which verifies two programs.
TRANSLATOR_SECONDS = 2.0
TRAFFIC_SECONDS = 2.0  # a connected peer's, after its device was deleted
PATIENCE = 20.0  # shows by how much a limit was missed
PING_SECONDS = 0.05


@pytest.fixture(scope="module")
def connected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    assert os.environ.get("CW_VIRTUAL_TIME"), "a busy machine's seconds prove nothing: ./dev vm --icount"
    with World(None, tmp_path_factory.mktemp("world")) as world:
        world.connect("laptop")
        yield world


@pytest.fixture(scope="module")
def monitors(connected: World) -> Iterator[list[Stamped]]:
    router = connected.router
    made = [
        Stamped(router, "ip", "-o", "monitor", "link", "address", "route", "rule", "netconf"),
        Stamped(router, "nft", "monitor"),
        Stamped(router, "tc", "monitor"),
    ]

    def heard() -> bool:
        router.ip("address add 192.0.2.1/32 dev lo", "address delete 192.0.2.1/32 dev lo")
        router.nft("add table ip marker; delete table ip marker")
        router.run("tc", "-batch", "-", stdin="qdisc add dev lo clsact\nqdisc delete dev lo clsact\n")
        return all(monitor.times for monitor in made)

    shell.until("monitors of the kernel's announcements", heard)
    yield made
    for monitor in made:
        monitor.close()


def repaired_after(connected: World, monitors: list[Stamped], damage: Callable[[World], None]) -> float:
    before = everything(connected)
    for monitor in monitors:
        monitor.times.clear()
    damage(connected)
    shell.until(f"repair after {damage.__name__}", lambda: everything(connected) == before, PATIENCE)
    times = sorted(time for monitor in monitors for time in monitor.times)
    assert len(times) > 1
    print(f"{damage.__name__}: {times[-1] - times[0]:.3f} s")
    return times[-1] - times[0]


@pytest.mark.parametrize("damage", ANNOUNCED, ids=lambda f: f.__name__)
def test_what_the_kernel_announces_is_repaired_within_a_second(
    connected: World, monitors: list[Stamped], damage: Callable[[World], None]
) -> None:
    assert repaired_after(connected, monitors, damage) <= REPAIR_SECONDS


@pytest.mark.parametrize("damage", OF_A_TRANSLATOR, ids=lambda f: f.__name__)
def test_a_translator_is_repaired_within_two_seconds(
    connected: World, monitors: list[Stamped], damage: Callable[[World], None]
) -> None:
    assert repaired_after(connected, monitors, damage) <= TRANSLATOR_SECONDS


def test_after_a_deleted_link_traffic_flows_within_two_seconds(connected: World) -> None:
    shell.until("status to see the peer", lambda: "laptop" in connected.active_peers())
    ping = Stamped(connected.client, "ping", "-i", str(PING_SECONDS), DATABASE)
    shell.until("answers", lambda: len(ping.times) > 10)
    connected.router.ip(f"link delete {DEVICE}")
    answered = len(ping.times) + 10
    shell.until("traffic again", lambda: len(ping.times) > answered, PATIENCE)
    ping.close()
    silence = max(later - earlier for earlier, later in zip(ping.times, ping.times[1:]))
    print(f"silence: {silence:.3f} s")
    assert PING_SECONDS < silence <= TRAFFIC_SECONDS
