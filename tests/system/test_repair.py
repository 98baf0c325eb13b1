# SPDX-License-Identifier: Apache-2.0
"""Drift is repaired: within a second what the kernel announces, at the next audit what it does not."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from lab import shell
from lab.client import make_keys
from lab.router import DEVICE
from lab.world import World

# Software emulation is up to twenty times slower than the machine; the limit itself is proved in virtual time.
PATIENCE = 10.0
AUDIT_SECONDS = 30.0


@pytest.fixture(scope="module")
def connected(shared_world: World) -> World:
    shared_world.connect("laptop")
    return shared_world


def delete_rule(world: World) -> None:
    world.router.run("ip", "rule", "delete", "pref", "4910")


def delete_all_rules(world: World) -> None:
    for family in ("-4", "-6"):
        for priority in ("4900", "4910", "4920", "4930"):
            world.router.run("ip", family, "rule", "delete", "pref", priority)


def delete_route(world: World) -> None:
    world.router.run("ip", "route", "delete", "100.83.0.0/16", "table", "7920")


def delete_address(world: World) -> None:
    world.router.run("ip", "address", "delete", "100.83.0.1/32", "dev", DEVICE)


def take_link_down(world: World) -> None:
    world.router.ip(f"link set {DEVICE} down")


def change_mtu(world: World) -> None:
    world.router.ip(f"link set {DEVICE} mtu 1280")


def forwarding_off(world: World) -> None:
    world.router.sysctl(net__ipv4__ip_forward=0)


def forwarding_off_ipv6(world: World) -> None:
    world.router.sysctl(net__ipv6__conf__all__forwarding=0)


def flush_ruleset(world: World) -> None:
    world.router.run("nft", "flush", "ruleset")


def delete_chain_content(world: World) -> None:
    world.router.run("nft", "flush", "chain", "inet", "causeway", "nat_postrouting")


def delete_set_element(world: World) -> None:
    world.router.run("nft", "delete", "element", "inet", "causeway", "peer4", "{ 100.83.0.10 }")


def add_to_a_set(world: World) -> None:
    world.router.run("nft", "add", "element", "inet", "causeway", "route4", "{ 172.16.0.0/12 }")


ANNOUNCED = [
    delete_rule,
    delete_all_rules,
    delete_route,
    delete_address,
    take_link_down,
    change_mtu,
    forwarding_off,
    forwarding_off_ipv6,
    flush_ruleset,
    delete_chain_content,
    delete_set_element,
    add_to_a_set,
]


def everything(world: World) -> str:
    """All of ours in the kernel, as text."""
    show = lambda *command: world.router.run(*command, check=False)  # noqa: E731
    return "\n".join(
        [
            *(show("ip", family, "rule") for family in ("-4", "-6")),
            *(show("ip", family, "route", "show", "table", "7920") for family in ("-4", "-6")),
            show("ip", "-br", "address", "show", "dev", DEVICE),
            show("cat", f"/sys/class/net/{DEVICE}/mtu"),
            show("sysctl", "net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"),
            "\n".join(
                line for line in show("nft", "-s", "list", "table", "inet", "causeway").splitlines()
                if "elements = { " not in line or ":" not in line  # the digest and the seal are ours to renew
            ),
        ]
    )


@pytest.mark.parametrize("damage", ANNOUNCED, ids=lambda f: f.__name__)
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


def show_wireguard(world: World) -> str:
    return world.router.run("wg", "showconf", DEVICE).partition("Endpoint")[0]


def test_what_nothing_announces_is_repaired_by_the_audit(connected: World) -> None:
    """All of it at once: the next audit is up to half a minute away."""
    before = show_wireguard(connected)
    for damage in (add_peer, change_port, change_mark, change_key, remove_peer):
        damage(connected)
    assert show_wireguard(connected) != before
    shell.until("repair by the audit", lambda: show_wireguard(connected) == before, AUDIT_SECONDS + PATIENCE)


def test_a_deleted_link_comes_back_and_calls_its_peers(connected: World) -> None:
    """The client need not notice first, which would take it 15 s: the router starts the handshakes."""
    shell.until("status to see the peer", lambda: "laptop" in connected.active_peers())
    before = time.monotonic()
    connected.router.ip(f"link delete {DEVICE}")
    shell.until("traffic again", lambda: connected.client.succeeds("ping", "-c1", "-W1", "10.0.1.5"), PATIENCE)
    assert time.monotonic() - before < PATIENCE
