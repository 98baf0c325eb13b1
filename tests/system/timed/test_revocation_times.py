# SPDX-License-Identifier: Apache-2.0
"""How soon a permission that goes takes along what it had opened, in virtual time, however much else is tracked."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest
from length import LONG
from stamped import Stamped

from lab import shell
from lab.router import Network
from lab.topology import DATABASE
from lab.world import World

REVOKED = 100
KEPT_PORT, REVOKED_PORT = 5432, 8080
PORTS_A_PEER = 60000  # connections that one peer can have to one service
LIMITS = {10_000: 0.1, 250_000: 1.0} if LONG else {10_000: 0.1}  # tracked connections: seconds
PATIENCE = 60.0


def policy(*ports: int) -> str:
    names = ", ".join(f'"tcp/{port}"' for port in ports)
    return f'[[rule]]\nname = "db"\nfrom = "any"\nto = "{DATABASE}"\nports = ["icmp", {names}]\n'


def write(network: Network, text: str) -> None:
    (network.folder / "policy.toml").write_text(text)


def tracked(world: World) -> int:
    return int(world.router.run("conntrack", "-C"))


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
    before = tracked(world)
    assert before >= count
    ping = Stamped(world.client, "ping", "-i", "0.1", DATABASE)
    gone = Stamped(world.router, "conntrack", "-E", "-e", "DESTROY", "-p", "tcp")
    shell.until("answers", lambda: len(ping.times) > 2)
    write(world.network, policy(KEPT_PORT))
    asked = time.monotonic()
    world.agent.signal(signal.SIGHUP)
    shell.until("the connections to go", lambda: len(gone.times) >= REVOKED, PATIENCE)
    taken = gone.times[REVOKED - 1] - asked
    print(f"{REVOKED} of {count}: {taken:.3f} s")
    answered = len(ping.times)
    shell.until("answers still", lambda: len(ping.times) > answered + 2)
    ping.close()
    gone.close()
    assert len(gone.times) == REVOKED
    assert taken <= LIMITS[count]
