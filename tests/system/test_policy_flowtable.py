# SPDX-License-Identifier: Apache-2.0
"""Established connections pass the rules by, by a flowtable; and still end with their permission."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import shell
from lab.capture import PacketCounter
from lab.router import DEVICE
from lab.topology import DATABASE, DATABASE_6
from lab.world import World

PORT = 5201
MOST_SEEN = 0.05  # of a connection's packets, by the chains of the hook that they would pass
CHUNKS = 400
NO_MODULES = Path("/etc/modprobe.d/no-flowtable.conf")  # in the VM's own layer
MEANWHILE = 50  # packets of others, twenty a second, while nothing of the connection may come

ALLOWED = f'[[rule]]\nname = "db"\nfrom = "laptop"\nto = "{DATABASE}"\nports = ["icmp", "tcp/{PORT}"]\n'
ENDED = f'[[rule]]\nname = "db"\nfrom = "laptop"\nto = "{DATABASE}"\nports = "icmp"\n'

# They echo what comes, so that packets go both ways; of either family.
SERVERS = {"tcp": f"TCP6-LISTEN:{PORT},fork,reuseaddr,ipv6only=0", "udp": f"UDP6-LISTEN:{PORT},fork,reuseaddr,ipv6only=0"}

CLIENT = """
import socket, sys, time
chunks, pause = int(sys.argv[3]), float(sys.argv[4])
kind = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[sys.argv[5]]
with socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, kind) as s:
    s.settimeout(20)
    s.connect((sys.argv[1], int(sys.argv[2])))
    if kind == socket.SOCK_STREAM:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for n in range(chunks):
        s.sendall(b"x" * 1000)
        left = 1000
        while left:
            left -= len(s.recv(left))
        print(n, flush=True)
        time.sleep(pause)
"""

WATCH = """
table inet watch {
  chain forward { type filter hook forward priority -150; meta nfproto %s meta l4proto %s counter; }
}
"""


@pytest.fixture
def fast(world: World) -> Iterator[World]:
    world.connect("laptop")
    db = world.topology.db
    servers = [db.start("socat", "-T60", server, "EXEC:cat") for server in SERVERS.values()]
    shell.until("both servers", lambda: db.run("ss", "-Hlntu").count(f":{PORT} ") == len(SERVERS))
    yield world
    for server in servers:  # the database outlives the test
        server.kill()
        server.wait()


def take(world: World, policy: str) -> None:
    (world.network.folder / "policy.toml").write_text(policy)
    world.agent.cli("reload")


def echo(
    world: World, chunks: int, pause: float = 0.0, address: str = DATABASE, protocol: str = "tcp"
) -> subprocess.Popen[str]:
    command = ("python3", "-c", CLIENT, address, str(PORT), str(chunks), str(pause), protocol)
    with (world.folder / "echo.txt").open("w") as output:
        return world.client.start(*command, output=output)


def echoed(world: World) -> int:
    return len((world.folder / "echo.txt").read_text().splitlines())


def seen_by_forward(world: World, address: str = DATABASE, protocol: str = "tcp") -> int:
    """Packets that the forward hook saw while one connection echoed."""
    world.router.nft(WATCH % ("ipv6" if ":" in address else "ipv4", protocol))
    client = echo(world, CHUNKS, address=address, protocol=protocol)
    assert client.wait(timeout=200) == 0
    listing = world.router.run("nft", "list", "chain", "inet", "watch", "forward")
    world.router.nft("delete table inet watch")
    return int(listing.split("packets ")[1].split()[0])


def without_fast_path(world: World) -> list[dict[str, str]]:
    """What the status says of devices where the kernel has no flowtable."""
    return [problem for problem in world.agent.status()["problems"] if "take no fast path" in problem["text"]]


@pytest.mark.parametrize("protocol", SERVERS)
def test_the_rules_see_few_packets_of_an_established_connection(fast: World, protocol: str) -> None:
    for address in (DATABASE, DATABASE_6):
        assert 0 < seen_by_forward(fast, address, protocol) < MOST_SEEN * 2 * CHUNKS, address


def test_so_it_is_where_a_policy_allows_it(fast: World) -> None:
    take(fast, ALLOWED)
    assert seen_by_forward(fast) < MOST_SEEN * 2 * CHUNKS


def test_with_the_flowtable_turned_off_the_rules_see_every_packet(fast: World) -> None:
    fast.agent.stop()
    fast.agent.config.write_text("flowtable = false\n" + fast.agent.config.read_text())
    fast.agent.start()
    assert seen_by_forward(fast) > 2 * CHUNKS


def test_a_kernel_without_flowtables_serves_all_the_same_and_is_named_once(fast: World) -> None:
    fast.agent.stop()
    fast.router.nft("delete table inet causeway")  # it would not be asked for a module that it has
    # The kernel frees a flowtable a moment after it has gone.
    shell.until("the modules gone", lambda: shell.succeeds("modprobe", "-r", "nft_flow_offload", "nf_flow_table_inet"))
    NO_MODULES.write_text("install nft_flow_offload /bin/false\ninstall nf_flow_table_inet /bin/false\n")
    try:
        fast.agent.start()
        shell.until("traffic", lambda: fast.client.succeeds("ping", "-c1", "-W2", DATABASE))
        assert [problem["severity"] for problem in without_fast_path(fast)] == ["warning"]
        assert seen_by_forward(fast) > 2 * CHUNKS
        assert fast.agent.log.read_text().count("take no fast path") == 1
    finally:
        NO_MODULES.unlink()
    fast.agent.cli("reload")
    assert without_fast_path(fast) == []
    assert seen_by_forward(fast) < MOST_SEEN * 2 * CHUNKS


def test_so_it_is_after_a_device_was_deleted_and_repaired(fast: World) -> None:
    fast.router.ip(f"link delete {DEVICE}")
    shell.until("traffic again", lambda: fast.client.succeeds("ping", "-c1", "-W2", DATABASE))
    assert seen_by_forward(fast) < MOST_SEEN * 2 * CHUNKS


def test_an_offloaded_connection_ends_with_its_permission(fast: World) -> None:
    take(fast, ALLOWED)
    client = echo(fast, 100_000, 0.02)
    shell.until("an offloaded connection", lambda: "[OFFLOAD]" in fast.router.run("conntrack", "-L", "-p", "tcp"))
    before = echoed(fast)
    shell.until("it to go on", lambda: echoed(fast) > before + 10)
    take(fast, ENDED)
    at_the_end = echoed(fast)
    fast.client.run("ping", "-c", str(MEANWHILE), "-i", "0.05", DATABASE)  # what is still allowed passes
    assert echoed(fast) <= at_the_end + 1  # what was under way
    client.kill()


def test_an_offloaded_connection_survives_reloads_restarts_and_other_changes(fast: World) -> None:
    take(fast, ALLOWED)
    client = echo(fast, 100_000, 0.02)
    shell.until("an offloaded connection", lambda: "[OFFLOAD]" in fast.router.run("conntrack", "-L", "-p", "tcp"))
    fast.add("guest")  # elements only
    take(fast, ALLOWED + '[[rule]]\nname = "more"\nfrom = "guest"\nto = "site:prod"\nports = "any"\n')  # another chain
    fast.agent.stop()
    fast.agent.start()
    before = echoed(fast)
    shell.until("it to go on", lambda: echoed(fast) > before + 50)
    assert client.poll() is None
    client.kill()


def test_without_its_ruleset_nothing_of_it_passes(fast: World) -> None:
    client = echo(fast, 100_000, 0.02)
    shell.until("an offloaded connection", lambda: "[OFFLOAD]" in fast.router.run("conntrack", "-L", "-p", "tcp"))
    fast.agent.stop()
    fast.router.run("nft", "flush", "ruleset")
    at_the_end = echoed(fast)
    entered = PacketCounter(fast.router, f"iifname {DEVICE} icmp type echo-request", "entered")
    fast.client.start("ping", "-i", "0.05", DATABASE)
    shell.until("pings that enter the router", lambda: entered.packets() > MEANWHILE)
    assert echoed(fast) <= at_the_end + 1
    client.kill()
    fast.agent.start()
