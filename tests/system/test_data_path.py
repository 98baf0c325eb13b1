# SPDX-License-Identifier: Apache-2.0
"""The main job: stock clients reach the VPC through the agent's data path, and only that."""

from __future__ import annotations

import pytest

from lab import shell
from lab.capture import PacketCounter
from lab.client import pgbench, psql
from lab.database import Database
from lab.router import GATEWAY_ADDRESS, PORT, twin
from lab.topology import DATABASE, DATABASE_6, ROUTER, ROUTER_6, ROUTER_PUBLIC
from lab.world import World

PSQL_ADDRESS = "SELECT host(inet_client_addr())"
MEANWHILE = 50  # packets of a stream of fifty a second

# Sends to whoever spoke first, for ever.
STREAM = """
import socket, time
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.bind(("", 9000))
_, peer = out.recvfrom(100)
while True:
    out.sendto(b"more", peer)
    time.sleep(0.02)
"""

LISTEN = """
import socket, sys
ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ear.sendto(b"begin", (sys.argv[1], 9000))
while True:
    ear.recv(100)
"""


def test_a_laptop_reaches_postgresql_through_wg_quick(visitor: World, database: Database) -> None:
    tunnel = visitor.connect("laptop")
    assert psql(visitor.client, database, PSQL_ADDRESS) == ROUTER
    assert psql(visitor.client, database, PSQL_ADDRESS, host=DATABASE_6) == ROUTER_6
    assert "tps" in pgbench(visitor.client, database, "-c", "2", "-t", "20")
    tunnel.wait_for_handshake()


def test_a_laptop_reaches_postgresql_through_wireguard_go(visitor: World, database: Database) -> None:
    visitor.connect("gopher", in_userspace=True)
    assert psql(visitor.client, database, PSQL_ADDRESS) == ROUTER


@pytest.mark.parametrize("port", [443, 4500])
def test_the_gateway_answers_on_ports_that_hotels_let_out(visitor: World, port: int) -> None:
    visitor.connect(f"hotel{port}", port=port)
    assert visitor.client.succeeds("ping", "-c1", "-W5", DATABASE)


def test_the_tunnel_itself_is_not_tracked(visitor: World) -> None:
    visitor.router.run("conntrack", "-F")  # of whoever was behind a redirected port before
    visitor.connect("laptop")
    assert visitor.client.succeeds("ping", "-c3", "-i0.2", "-W5", DATABASE)
    tracked = visitor.router.run("conntrack", "-L")
    assert DATABASE in tracked, "what comes out of it is"
    assert "udp" not in tracked, tracked


def test_a_client_behind_a_redirected_port_never_hears_from_another_one(visitor: World) -> None:
    """Also when the firewall's table is built anew while the client only listens."""
    other_port = PacketCounter(visitor.topology.internet, f"ip saddr {ROUTER_PUBLIC} udp sport {PORT}", "other_port")
    visitor.connect("hotel", port=443)
    sender = visitor.topology.db.start("python3", "-c", STREAM)
    shell.until("the sender", lambda: ":9000 " in visitor.topology.db.run("ss", "-Hlun"))
    listener = visitor.client.start("python3", "-c", LISTEN, DATABASE)
    heard = PacketCounter(visitor.client, "iifname hotel udp sport 9000", "heard")
    shell.until("a stream", lambda: heard.packets() > MEANWHILE)
    visitor.router.nft("add chain inet causeway somebody")  # an edit, so that it is built anew
    shell.until("the table built anew", lambda: "somebody" not in visitor.router.run("nft", "list", "ruleset"))
    before = heard.packets()
    shell.until("the stream to go on", lambda: heard.packets() > before + MEANWHILE)
    assert "dport=443" in visitor.router.run("conntrack", "-L", "-p", "udp")
    assert other_port.packets() == 0
    for process in (sender, listener):
        process.kill()
        process.wait()


def test_other_programs_keep_udp_443(visitor: World) -> None:
    """QUIC on the same port reaches whoever serves it on the router: only WireGuard's messages are redirected."""
    quic = PacketCounter(visitor.router, "udp dport 443 @th,64,8 0xc3", "quic")
    at_wireguard = visitor.udp_sink(visitor.router, 443)
    visitor.topology.internet.run("bash", "-c", "printf '\\xc3quic' >/dev/udp/198.51.100.10/443")
    assert at_wireguard.received() == b"\xc3quic"
    assert quic.packets() == 1


@pytest.mark.parametrize("address", [GATEWAY_ADDRESS, ROUTER, twin(GATEWAY_ADDRESS)])
def test_the_router_itself_answers_a_tunnel_with_icmp_only(visitor: World, address: str) -> None:
    visitor.router.start("socat", "TCP6-LISTEN:22,fork,reuseaddr,ipv6only=0", "SYSTEM:echo open")
    visitor.wait_for_port(visitor.router, 22)
    visitor.connect("laptop")
    assert visitor.client.succeeds("ping", "-c1", "-W5", address)
    refused = visitor.try_tcp(visitor.client, address, 22)
    assert refused == "refused", refused


def test_what_is_not_advertised_is_refused_at_once(visitor: World) -> None:
    visitor.connect("laptop", extra=("172.16.0.0/12", "169.254.0.0/16"))
    for address in ("172.16.0.1", "169.254.169.254"):
        answer = visitor.client.run("ping", "-c1", "-W5", address, check=False)
        assert "Packet filtered" in answer, answer


def test_nobody_uses_an_address_that_is_not_theirs(visitor: World) -> None:
    visitor.connect("laptop")
    witness = PacketCounter(visitor.topology.db, "ip saddr 10.0.0.10 icmp type echo-request")
    visitor.client.ip("address add 100.83.0.99/32 dev laptop")
    assert not visitor.client.succeeds("ping", "-c2", "-W1", "-I", "100.83.0.99", DATABASE)
    assert witness.packets() == 0


def test_the_site_and_other_peers_cannot_open_connections_to_a_peer(visitor: World) -> None:
    visitor.connect("laptop")
    visitor.topology.db.ip("route add 100.83.0.0/16 via 10.0.0.10")
    try:
        witness = PacketCounter(visitor.client, "iifname laptop ip saddr 10.0.1.5 icmp type echo-request")
        answer = visitor.topology.db.run("ping", "-c1", "-W2", visitor.devices["laptop"].address, check=False)
        assert "Packet filtered" in answer, answer
        assert witness.packets() == 0
    finally:
        visitor.topology.db.ip("route delete 100.83.0.0/16 via 10.0.0.10")


def test_a_source_in_the_pool_from_elsewhere_is_dropped(visitor: World) -> None:
    """The database sends through the router as itself, then with a peer's address: only the first comes out."""
    came_out = PacketCounter(visitor.topology.vpc, "ip daddr 198.18.0.1 icmp type echo-request")
    visitor.topology.db.ip("address add 100.83.0.10/32 dev lo", "route add 198.18.0.0/24 via 10.0.0.10")
    try:
        visitor.topology.db.succeeds("ping", "-c1", "-W1", "198.18.0.1")
        assert came_out.packets() == 1
        visitor.topology.db.succeeds("ping", "-c1", "-W1", "-I", "100.83.0.10", "198.18.0.1")
        assert came_out.packets() == 1
    finally:
        visitor.topology.db.ip("address delete 100.83.0.10/32 dev lo", "route delete 198.18.0.0/24 via 10.0.0.10")


def test_the_mss_fits_the_tunnel_in_both_directions(visitor: World) -> None:
    """1420 less 40 bytes of IPv4 and TCP headers."""
    big = PacketCounter(visitor.topology.db, "ip saddr 10.0.0.10 tcp flags syn tcp option maxseg size > 1380", "big")
    seen = PacketCounter(visitor.topology.db, "ip saddr 10.0.0.10 tcp flags syn tcp option maxseg size <= 1380", "seen")
    visitor.connect("laptop")
    visitor.client.ip("link set laptop mtu 1500")
    visitor.try_tcp(visitor.client, DATABASE, 5432)
    assert (big.packets(), seen.packets()) == (0, 1)
