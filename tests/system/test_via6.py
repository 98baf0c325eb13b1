# SPDX-License-Identifier: Apache-2.0
"""4via6 as people use it: a stock client, the agent's router, and hosts of the site that know nothing of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lab import shell
from lab.capture import PacketCounter
from lab.client import psql
from lab.database import Database
from lab.router import GATEWAY_ADDRESS, VIA, image, twin, via
from lab.topology import DATABASE, ROUTER
from lab.via6 import counted
from lab.world import World

MEGABYTES = 16


@pytest.fixture(scope="module")
def connected(shared_world: World) -> World:
    shared_world.connect("laptop", extra=(VIA,))
    return shared_world


def test_postgresql_answers_at_its_4via6_address(connected: World, database: Database) -> None:
    assert psql(connected.client, database, "SELECT host(inet_client_addr())", host=via(DATABASE)) == ROUTER
    assert counted(connected.agent, "from_peers", "translated") > 0
    assert counted(connected.agent, "to_peers", "translated") > 0


def test_a_host_answers_pings_of_any_size_that_is_no_fragment(connected: World) -> None:
    for size in (0, 56, 1300):
        assert connected.client.succeeds("ping", "-c2", "-W5", "-s", str(size), via(DATABASE)), size
    assert not connected.client.succeeds("ping", "-c1", "-W1", "-s", "2000", via(DATABASE))
    assert counted(connected.agent, "from_peers", "icmp_fragment") > 0


def test_bulk_tcp_arrives_whole_both_ways(connected: World, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shell.run("dd", "if=/dev/urandom", f"of={data}", "bs=1M", f"count={MEGABYTES}", "status=none")
    expected = shell.run("sha256sum", str(data)).split()[0]
    received = tmp_path / "received"
    server = connected.topology.db.start("socat", "-u", "TCP4-LISTEN:7001,reuseaddr", f"CREATE:{received}")
    connected.wait_for_port(connected.topology.db, 7001)
    connected.client.run("socat", "-u", f"OPEN:{data}", f"TCP6:[{via(DATABASE)}]:7001", timeout=200)
    server.wait(timeout=60)
    assert shell.run("sha256sum", str(received)).split()[0] == expected
    server = connected.topology.db.start("socat", "-u", f"OPEN:{data}", "TCP4-LISTEN:7002,reuseaddr")
    connected.wait_for_port(connected.topology.db, 7002)
    back = tmp_path / "back"
    connected.client.run("socat", "-u", f"TCP6:[{via(DATABASE)}]:7002", f"CREATE:{back}", timeout=200)
    server.wait(timeout=60)
    assert shell.run("sha256sum", str(back)).split()[0] == expected


def test_large_datagrams_arrive_in_fragments_both_ways(connected: World, tmp_path: Path) -> None:
    connected.topology.db.start("socat", "UDP4-RECVFROM:7003,fork", "EXEC:cat")
    shell.until("UDP port 7003", lambda: ":7003 " in connected.topology.db.run("ss", "-Hlun"))
    data = tmp_path / "datagram"
    data.write_bytes(bytes(n % 251 for n in range(5000)))
    answer = tmp_path / "answer"
    connected.client.run(
        "bash", "-c", f"socat -b8000 -t5 - 'UDP6:[{via(DATABASE)}]:7003' <{data} >{answer}", timeout=60
    )
    assert answer.read_bytes() == data.read_bytes()


def test_a_refused_connection_fails_at_once(connected: World) -> None:
    started = time.monotonic()
    assert connected.try_tcp(connected.client, via(DATABASE), 9) == "refused"
    assert time.monotonic() - started < 4


TOLD = """
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.settimeout(5)
s.connect((sys.argv[1], 9))
s.send(b"anybody?")
try:
    s.recv(100)
except ConnectionRefusedError:
    print("told")
"""


def test_a_closed_udp_port_is_told(connected: World) -> None:
    """By an ICMP error whose inside the client's kernel finds to be a packet of its own."""
    assert connected.client.run("python3", "-c", TOLD, via(DATABASE)).strip() == "told"


def test_traceroute_sees_the_router_and_the_host(connected: World) -> None:
    said = connected.client.run("ping", "-c1", "-W5", "-t1", via(DATABASE), check=False)
    assert twin(GATEWAY_ADDRESS) in said and "Time exceeded" in said, said
    assert connected.client.succeeds("ping", "-c1", "-W5", "-t2", via(DATABASE))


def test_the_site_learns_the_path_mtu(connected: World) -> None:
    """A host that may not fragment is told how much fits, and the transfer goes on."""
    database = connected.topology.db
    database.run("ip", "route", "flush", "cache")
    send = "socat -u OPEN:/dev/zero,readbytes=2000000 TCP4-LISTEN:7004,reuseaddr,mss=1460"
    server = database.start("bash", "-c", send)
    connected.wait_for_port(database, 7004)
    got = connected.client.run("bash", "-c", f"socat -u TCP6:[{via(DATABASE)}]:7004 - | wc -c", timeout=100)
    server.wait(timeout=30)
    assert int(got) == 2_000_000


def test_what_is_not_of_this_site_is_dropped_and_counted(connected: World) -> None:
    for address, outcome in (
        (via("10.99.0.1"), "no_route"),
        (via(DATABASE, site=2), "other_site"),
        (via("169.254.169.254"), "never"),
        (via("224.0.0.1"), "never"),
    ):
        before = counted(connected.agent, "from_peers", outcome)
        assert not connected.client.succeeds("ping", "-c1", "-W1", address)
        assert counted(connected.agent, "from_peers", outcome) > before, outcome


def test_status_and_metrics_tell_what_was_dropped_and_why(connected: World) -> None:
    assert not connected.client.succeeds("ping", "-c1", "-W1", via(DATABASE, site=2))
    assert "dropped: to another site's id" in connected.agent.cli("status")
    shown = shell.run("curl", "-s", "--unix-socket", str(connected.agent.socket), "http://causeway/metrics")
    assert 'causeway_via6_packets_total{gateway="prod",direction="from_peers",outcome="other_site"}' in shown


def test_nobody_else_sends_what_looks_translated(connected: World) -> None:
    """Neither a host of the site, nor a peer natively."""
    peer = image(connected.devices["laptop"].address)
    entered = PacketCounter(connected.router, f"udp dport 7005 ip saddr {{ {peer}, 240.1.2.3 }}", "forged")
    arrived = connected.udp_sink(connected.router, 7005)
    for namespace, device in ((connected.topology.db, "lo"), (connected.client, "lo")):
        for forged in (peer, "240.1.2.3"):
            namespace.ip(f"address add {forged}/32 dev {device}")
            namespace.run("socat", "-u", "-", f"UDP4-SENDTO:{ROUTER}:7005,bind={forged}", stdin="forged")
            namespace.ip(f"address delete {forged}/32 dev {device}")
    connected.topology.db.run("socat", "-u", "-", f"UDP4-SENDTO:{ROUTER}:7005", stdin="honest")
    assert arrived.received() == b"honest"
    assert entered.packets() > 0, "none came, so this shows nothing"
