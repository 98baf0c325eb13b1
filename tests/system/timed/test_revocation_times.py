# SPDX-License-Identifier: Apache-2.0
"""How soon a permission that goes takes along what it had opened, in virtual time, however much else is tracked."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest
from length import LONG

from lab import shell
from lab.router import Network
from lab.topology import DATABASE
from lab.world import World

REVOKED = 100
KEPT_PORT, REVOKED_PORT = 5432, 8080
PORTS_A_PEER = 60000  # connections that one peer can have to one service
LIMITS = {10_000: 0.1, 250_000: 1.0} if LONG else {10_000: 0.1}  # tracked connections: seconds
PATIENCE = 20.0  # shows by how much a limit was missed

# Looks at the kernel's own count, which costs less than listening to each end.
WAIT = """
import sys, time
most, patience = int(sys.argv[1]), float(sys.argv[2])
print("waiting", flush=True)
end = time.monotonic() + patience
while int(open("/proc/sys/net/netfilter/nf_conntrack_count").read()) > most and time.monotonic() < end:
    time.sleep(0.002)
print(time.monotonic())
"""


def policy(*ports: int) -> str:
    names = ", ".join(f'"tcp/{port}"' for port in ports)
    return f'[[rule]]\nname = "db"\nfrom = "any"\nto = "{DATABASE}"\nports = ["icmp", {names}]\n'


def write(network: Network, text: str) -> None:
    (network.folder / "policy.toml").write_text(text)


def tracked(world: World) -> int:
    return int(world.router.run("conntrack", "-C"))


def tracked_of_tcp(world: World, port: int) -> int:
    return len(world.router.run("conntrack", "-L", "-p", "tcp", "--dport", str(port), timeout=600).splitlines())


def track(world: World, count: int) -> None:
    """Connections of peers to the database, as if they had been opened; REVOKED of them to the other port."""
    lines = []
    addresses = [device.address for device in world.devices.values()]
    for number in range(count):
        address = addresses[number // PORTS_A_PEER]
        port = REVOKED_PORT if number % (count // REVOKED) == 0 else KEPT_PORT
        lines.append(
            f"-I -s {address} -d {DATABASE} -p tcp --sport {1024 + number % PORTS_A_PEER} --dport {port}"
            " --state ESTABLISHED --timeout 3600"
        )
    file = world.folder / "flows"
    file.write_text("\n".join(lines) + "\n")
    world.router.run("conntrack", "-R", str(file), timeout=1800)


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    assert os.environ.get("CW_VIRTUAL_TIME"), "a busy machine's seconds prove nothing: ./dev vm --icount"
    with World(None, tmp_path_factory.mktemp("world")) as world:
        shell.run("sysctl", "-qw", "net.netfilter.nf_conntrack_max=400000")  # of the whole machine
        world.connect("laptop")
        for number in range(max(LIMITS) // PORTS_A_PEER):
            world.add(f"other{number}")
        yield world


@pytest.mark.parametrize("count", LIMITS)
def test_revoked_connections_are_gone_in_time_and_no_other(world: World, count: int) -> None:
    write(world.network, policy(KEPT_PORT, REVOKED_PORT))
    world.agent.cli("reload")
    track(world, count)
    write(world.network, policy(KEPT_PORT))
    # Somebody else's may have ended meanwhile, so that fewer than before are left.
    gone = world.router.start("python3", "-c", WAIT, str(tracked(world) - REVOKED), str(PATIENCE), output=subprocess.PIPE)
    assert gone.stdout is not None
    assert gone.stdout.readline() == "waiting\n"
    asked = time.monotonic()
    world.agent.signal(signal.SIGHUP)
    taken = float(gone.stdout.readline()) - asked
    print(f"{REVOKED} of {count}: {taken:.3f} s")
    assert tracked_of_tcp(world, REVOKED_PORT) == 0
    assert tracked_of_tcp(world, KEPT_PORT) == count - REVOKED
    assert taken <= LIMITS[count]
