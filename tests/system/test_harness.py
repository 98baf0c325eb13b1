# SPDX-License-Identifier: Apache-2.0
"""The harness itself: if these fail, look no further."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lab import shell
from lab.capture import Announcements, PacketCounter, Writes
from lab.client import Peer, Tunnel, configuration, make_keys, pgbench, psql
from lab.database import Database
from lab.namespace import Namespace
from lab.topology import DATABASE, ROUTER, ROUTER_PUBLIC, Topology

POOL = "100.64.0.0/16"


def serve_by_hand(topology: Topology, folder: Path, name: str) -> Tunnel:
    """What the agent does, in its simplest form by the kernel's own tools. Returns the tunnel for the client."""
    server, laptop = make_keys(), make_keys()
    topology.router.sysctl(net__ipv4__ip_forward=1)
    topology.router.ip("link add wg0 type wireguard", "address add 100.64.0.1/32 dev wg0", "link set wg0 up")
    topology.router.ip(f"route add {POOL} dev wg0")
    topology.router.run(
        *("wg", "set", "wg0", "listen-port", "51820", "private-key", "/dev/stdin"),
        *("peer", laptop.public, "allowed-ips", "100.64.0.10/32"),
        stdin=server.private,
    )
    topology.router.nft(
        "table ip nat { chain post { type nat hook postrouting priority srcnat; "
        f"ip saddr {POOL} oifname eth0 masquerade; }}\n}}"
    )
    peer = Peer(server.public, f"{ROUTER_PUBLIC}:51820", ("10.0.0.0/16", "100.64.0.1/32"))
    return Tunnel(topology.client, name, configuration(laptop.private, ("100.64.0.10/32",), peer), folder)


def test_the_vpc_does_not_reach_the_overlay(topology: Topology) -> None:
    assert topology.router.succeeds("ping", "-c1", "-W2", DATABASE)
    assert topology.client.succeeds("ping", "-c1", "-W2", "203.0.113.1")
    assert not topology.client.succeeds("ping", "-c1", "-W1", DATABASE)
    assert not topology.nat.succeeds("ping", "-c1", "-W1", ROUTER)


def test_wg_quick_on_the_kernels_wireguard(topology: Topology, tmp_path: Path) -> None:
    tunnel = serve_by_hand(topology, tmp_path, "laptop")
    tunnel.up()
    assert topology.client.succeeds("ping", "-c1", "-W5", DATABASE)
    tunnel.wait_for_handshake()


def test_wireguard_go(topology: Topology, tmp_path: Path) -> None:
    tunnel = serve_by_hand(topology, tmp_path, "go-laptop")
    tunnel.up_in_userspace()
    assert topology.client.succeeds("ping", "-c1", "-W5", DATABASE)
    assert topology.client.succeeds("pgrep", "wireguard-go")


def test_the_nat_is_port_restricted(topology: Topology, tmp_path: Path) -> None:
    """A stranger's packet to the port the client talks from does not reach the client."""
    tunnel = serve_by_hand(topology, tmp_path, "laptop")
    tunnel.up()
    tunnel.wait_for_handshake()
    seen = topology.router.run("wg", "show", "wg0", "endpoints").split()[1]
    host, _, port = seen.rpartition(":")
    strangers = PacketCounter(topology.client, "ip saddr 203.0.113.1 udp dport 1-65535")
    topology.internet.run("bash", "-c", f"echo hello >/dev/udp/{host}/{port}")
    topology.internet.succeeds("ping", "-c1", "-W1", host)
    assert strangers.packets() == 0


def test_postgresql_over_tls_through_the_tunnel(
    topology_with_database: Topology, database: Database, tmp_path: Path
) -> None:
    topology = topology_with_database
    tunnel = serve_by_hand(topology, tmp_path, "laptop")
    tunnel.up()
    assert psql(topology.client, database, "SELECT count(*) FROM pgbench_accounts") == "100000"
    assert psql(topology.client, database, "SELECT host(inet_client_addr())") == ROUTER
    assert "tps" in pgbench(topology.client, database, "-t", "20")


def test_a_flowtable_loads(make_namespace: Callable[[str], Namespace]) -> None:
    router = make_namespace("router")
    router.ip("link add eth0 type dummy", "link set eth0 up")
    router.nft(
        "table inet t { flowtable f { hook ingress priority filter; devices = { eth0 }; }\n"
        "chain c { type filter hook forward priority filter; meta l4proto { tcp, udp } flow add @f; }\n}"
    )


def test_announcements_see_every_change_and_nothing_else(
    make_namespace: Callable[[str], Namespace], tmp_path: Path
) -> None:
    box = make_namespace("box")
    with Announcements(box, tmp_path) as announcements:
        assert announcements.events() == []
        box.ip("address add 198.18.0.1/32 dev lo")
        box.nft("add table ip ours")
        events = "\n".join(announcements.events())
    assert "198.18.0.1" in events
    assert "add table ip ours" in events


@pytest.mark.parametrize(
    "write",
    [
        ("ip", "address", "add", "198.18.0.1/32", "dev", "lo"),
        ("nft", "add table ip ours"),
        ("wg", "set", "wg0", "listen-port", "7"),
        ("sysctl", "-w", "net.ipv4.ip_forward=1"),
    ],
    ids=lambda write: write[0],
)
def test_writes_are_counted(make_namespace: Callable[[str], Namespace], write: tuple[str, ...]) -> None:
    box = make_namespace("box")
    box.ip("link add wg0 type wireguard")
    with Writes(write[0]) as writes:
        box.run("ip", "address", "show")
        box.run("nft", "list", "ruleset")
        box.run("wg", "show", "wg0", "dump")
        box.run("sysctl", "net.ipv4.ip_forward")
        assert writes.seen() == []
        box.run(*write)
        assert len(writes.seen()) >= 1


def test_a_wait_that_is_not_met_names_what_it_waited_for() -> None:
    with pytest.raises(TimeoutError, match="pigs"):
        shell.until("pigs that fly", lambda: False, timeout=0.1)
