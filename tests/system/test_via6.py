# SPDX-License-Identifier: Apache-2.0
"""4via6 with real packets: a stock client, the router's WireGuard device with a translator, a host of the site."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import shell
from lab.client import psql
from lab.database import Database
from lab.router import DEVICE, GATEWAY_ADDRESS, POOL, ULA, twin
from lab.topology import DATABASE, ROUTER, VPC_PREFIX
from lab.world import World

VIA = f"{ULA}:b1a::/64"
SITE = 1
MEGABYTES = 16


def via(address: str, site: int = SITE) -> str:
    a, b, c, d = (int(part) for part in address.split("."))
    return f"{ULA}:b1a:0:{site:x}:{a << 8 | b:x}:{c << 8 | d:x}"


class Translator:
    def __init__(self, world: World, folder: Path) -> None:
        self._router = world.router
        self._folder = folder
        self.attach()

    def run(self, *args: str) -> str:
        # `ip netns exec` would mount another /sys, and the bpf file system with it.
        return shell.run(
            "nsenter", f"--net=/run/netns/{self._router.name}", "translator", str(self._folder), DEVICE, *args
        )

    def attach(self, *routes: str) -> None:
        routes = routes or (VPC_PREFIX,)
        self.run("attach", VIA, str(SITE), f"{ULA}::/48", POOL, GATEWAY_ADDRESS, "1420", *routes)

    def counted(self, direction: str, outcome: str) -> int:
        found = re.search(rf"^{direction} {outcome} (\d+)$", self.run("counters"), re.MULTILINE)
        return int(found[1]) if found else 0


@pytest.fixture
def translator(world: World, tmp_path: Path) -> Iterator[Translator]:
    folder = tmp_path / "bpf"
    folder.mkdir()
    shell.run("mount", "-t", "bpf", "bpf", str(folder))
    try:
        world.connect("laptop", extra=(VIA,))
        yield Translator(world, folder)
    finally:
        shell.run("umount", str(folder))


def test_postgresql_answers_at_its_4via6_address(world: World, translator: Translator, database: Database) -> None:
    assert psql(world.client, database, "SELECT host(inet_client_addr())", host=via(DATABASE)) == ROUTER
    assert translator.counted("from-tunnel", "translated") > 0
    assert translator.counted("to-tunnel", "translated") > 0


def test_a_host_answers_pings_of_any_size_that_is_no_fragment(world: World, translator: Translator) -> None:
    for size in (0, 56, 1300):
        assert world.client.succeeds("ping", "-c2", "-W5", "-s", str(size), via(DATABASE)), size
    assert not world.client.succeeds("ping", "-c1", "-W1", "-s", "2000", via(DATABASE))
    assert translator.counted("from-tunnel", "icmp_fragment") > 0


def test_bulk_tcp_arrives_whole_both_ways(world: World, translator: Translator, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shell.run("dd", "if=/dev/urandom", f"of={data}", "bs=1M", f"count={MEGABYTES}", "status=none")
    expected = shell.run("sha256sum", str(data)).split()[0]
    received = tmp_path / "received"
    server = world.topology.db.start("socat", "-u", "TCP4-LISTEN:7001,reuseaddr", f"CREATE:{received}")
    world.wait_for_port(world.topology.db, 7001)
    world.client.run("socat", "-u", f"OPEN:{data}", f"TCP6:[{via(DATABASE)}]:7001", timeout=200)
    server.wait(timeout=60)
    assert shell.run("sha256sum", str(received)).split()[0] == expected
    server = world.topology.db.start("socat", "-u", f"OPEN:{data}", "TCP4-LISTEN:7002,reuseaddr")
    world.wait_for_port(world.topology.db, 7002)
    back = tmp_path / "back"
    world.client.run("socat", "-u", f"TCP6:[{via(DATABASE)}]:7002", f"CREATE:{back}", timeout=200)
    server.wait(timeout=60)
    assert shell.run("sha256sum", str(back)).split()[0] == expected


def test_large_datagrams_arrive_in_fragments_both_ways(world: World, translator: Translator, tmp_path: Path) -> None:
    world.topology.db.start("socat", "UDP4-RECVFROM:7003,fork", "EXEC:cat")
    shell.until("UDP port 7003", lambda: ":7003 " in world.topology.db.run("ss", "-Hlun"))
    data = tmp_path / "datagram"
    data.write_bytes(bytes(n % 251 for n in range(5000)))
    answer = tmp_path / "answer"
    world.client.run(
        "bash", "-c", f"socat -b8000 -t5 - 'UDP6:[{via(DATABASE)}]:7003' <{data} >{answer}", timeout=60
    )
    assert answer.read_bytes() == data.read_bytes()


def test_a_refused_connection_fails_at_once(world: World, translator: Translator) -> None:
    started = time.monotonic()
    assert world.try_tcp(world.client, via(DATABASE), 9) == "refused"
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


def test_a_closed_udp_port_is_told(world: World, translator: Translator) -> None:
    """By an ICMP error whose inside the client's kernel finds to be a packet of its own."""
    assert world.client.run("python3", "-c", TOLD, via(DATABASE)).strip() == "told"


def test_traceroute_sees_the_router_and_the_host(world: World, translator: Translator) -> None:
    said = world.client.run("ping", "-c1", "-W5", "-t1", via(DATABASE), check=False)
    assert twin(GATEWAY_ADDRESS) in said and "Time exceeded" in said, said
    assert world.client.succeeds("ping", "-c1", "-W5", "-t2", via(DATABASE))


def test_the_site_learns_the_path_mtu(world: World, translator: Translator) -> None:
    """A host that may not fragment is told how much fits, and the transfer goes on."""
    database = world.topology.db
    database.run("ip", "route", "flush", "cache")
    server = database.start("bash", "-c", "socat -u OPEN:/dev/zero,readbytes=2000000 TCP4-LISTEN:7004,reuseaddr,mss=1460")
    world.wait_for_port(database, 7004)
    got = world.client.run("bash", "-c", f"socat -u TCP6:[{via(DATABASE)}]:7004 - | wc -c", timeout=100)
    server.wait(timeout=30)
    assert int(got) == 2_000_000


def test_a_replaced_translator_loses_nothing(world: World, translator: Translator) -> None:
    with (world.folder / "ping.txt").open("w") as output:
        ping = world.client.start("ping", "-O", "-i", "0.01", via(DATABASE), output=output)
    for n in range(20):
        translator.attach(VPC_PREFIX, f"192.168.{n}.0/24")
    sent, lost = world.lost(ping)
    assert sent > 50 and lost == 0, (sent, lost)


def test_what_is_not_of_this_site_is_dropped_and_counted(world: World, translator: Translator) -> None:
    for address, outcome in (
        (via("10.99.0.1"), "no_route"),
        (via(DATABASE, site=2), "other_site"),
        (via("169.254.169.254"), "never"),
        (via("224.0.0.1"), "never"),
    ):
        before = translator.counted("from-tunnel", outcome)
        assert not world.client.succeeds("ping", "-c1", "-W1", address)
        assert translator.counted("from-tunnel", outcome) > before, outcome


def test_nothing_passes_translated_without_the_firewall(world: World, translator: Translator) -> None:
    world.agent.stop()
    world.router.run("nft", "delete", "table", "inet", "causeway")
    assert not world.client.succeeds("ping", "-c1", "-W2", via(DATABASE))
