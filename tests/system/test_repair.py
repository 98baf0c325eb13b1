# SPDX-License-Identifier: Apache-2.0
"""Drift is repaired: within a second what the kernel announces, at the next audit what it does not."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from damage import ANNOUNCED, OF_A_TRANSLATOR, everything

from lab import shell
from lab.client import make_keys
from lab.router import DEVICE
from lab.world import World

# Software emulation is up to twenty times slower than the machine; the limit itself is proved in virtual time (timed/).
PATIENCE = 10.0
AUDIT_SECONDS = 30.0


@pytest.fixture(scope="module")
def connected(shared_world: World) -> World:
    shared_world.connect("laptop")
    return shared_world


@pytest.mark.parametrize("damage", ANNOUNCED + OF_A_TRANSLATOR, ids=lambda f: f.__name__)
def test_what_the_kernel_announces_is_repaired_at_once(connected: World, damage: Callable[[World], None]) -> None:
    before = everything(connected)
    damage(connected)
    shell.until(f"repair after {damage.__name__}", lambda: everything(connected) == before, timeout=PATIENCE)
    assert connected.client.succeeds("ping", "-c1", "-W5", "10.0.1.5")


def remove_peer(world: World) -> None:
    key = world.devices["laptop"].keys.public
    world.router.run("wg", "set", DEVICE, "peer", key, "remove")


def add_peer(world: World) -> None:
    world.router.run("wg", "set", DEVICE, "peer", make_keys().public, "allowed-ips", "100.83.0.77/32")


def change_port(world: World) -> None:
    world.router.run("wg", "set", DEVICE, "listen-port", "40000")


def change_mark(world: World) -> None:
    world.router.run("wg", "set", DEVICE, "fwmark", "0x7")


def change_key(world: World) -> None:
    world.router.run("wg", "set", DEVICE, "private-key", "/dev/stdin", stdin=make_keys().private)


def remove_counters(world: World) -> None:
    (world.agent.counters / DEVICE).unlink()


def unannounced(world: World) -> tuple[str, bool]:
    shown = world.router.run("wg", "showconf", DEVICE).partition("Endpoint")[0]
    return shown, (world.agent.counters / DEVICE).exists()


def test_what_nothing_announces_is_repaired_by_the_audit(connected: World) -> None:
    """All of it at once: the next audit is up to half a minute away."""
    before = unannounced(connected)
    for damage in (add_peer, change_port, change_mark, change_key, remove_peer, remove_counters):
        damage(connected)
    now = unannounced(connected)
    assert all(part != was for part, was in zip(now, before, strict=True))
    shell.until("repair by the audit", lambda: unannounced(connected) == before, AUDIT_SECONDS + PATIENCE)


def test_a_deleted_link_comes_back_and_calls_its_peers(connected: World) -> None:
    """The client need not notice first, which would take it 15 s: the router starts the handshakes."""
    shell.until("status to see the peer", lambda: "laptop" in connected.active_peers())
    before = time.monotonic()
    connected.router.ip(f"link delete {DEVICE}")
    shell.until("traffic again", lambda: connected.client.succeeds("ping", "-c1", "-W1", "10.0.1.5"), PATIENCE)
    assert time.monotonic() - before < PATIENCE
