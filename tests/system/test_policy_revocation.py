# SPDX-License-Identifier: Apache-2.0
"""A permission that goes takes along what it had opened, answers under way included, and nothing else."""

from __future__ import annotations

from lab import shell
from lab.topology import DATABASE
from lab.world import World

STREAM_PORT = 9000
OTHER_PORT = 9001

# Sends to whoever spoke first, for ever, and never listens again: only answers, which no rule judges.
STREAM = """
import socket, sys, time
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.bind(("", int(sys.argv[1])))
_, peer = out.recvfrom(100)
while True:
    out.sendto(b"more\\n", peer)
    time.sleep(0.02)
"""

LISTEN = """
import socket, sys
ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ear.sendto(b"begin", (sys.argv[1], int(sys.argv[2])))
while True:
    print(ear.recv(100).decode(), end="", flush=True)
"""


def policy(*ports: int) -> str:
    rules = "".join(f'[[rule]]\nname = "r{p}"\nfrom = "laptop"\nto = "{DATABASE}"\nports = "udp/{p}"\n' for p in ports)
    return rules + f'[[rule]]\nname = "ping"\nfrom = "laptop"\nto = "{DATABASE}"\nports = "icmp"\n'


def take(world: World, text: str) -> None:
    (world.network.folder / "policy.toml").write_text(text)
    world.agent.cli("reload")


def stream(world: World, port: int) -> None:
    """One that the client asked for and hears."""
    world.topology.db.start("python3", "-c", STREAM, str(port))
    shell.until(f"UDP port {port}", lambda: f":{port} " in world.topology.db.run("ss", "-Hlun"))
    output = world.folder / f"stream-{port}.txt"
    with output.open("w") as file:
        world.client.start("python3", "-c", LISTEN, DATABASE, str(port), output=file)
    shell.until("a stream", lambda: len(output.read_text()) > 50)


def heard(world: World, port: int) -> int:
    return len((world.folder / f"stream-{port}.txt").read_text())


def test_answers_under_way_end_with_the_permission_and_others_go_on(world: World) -> None:
    world.connect("laptop")
    take(world, policy(STREAM_PORT, OTHER_PORT))
    stream(world, STREAM_PORT)
    stream(world, OTHER_PORT)
    take(world, policy(OTHER_PORT))
    before, others = heard(world, STREAM_PORT), heard(world, OTHER_PORT)
    shell.until("the other stream to go on", lambda: heard(world, OTHER_PORT) > others + 250)
    assert heard(world, STREAM_PORT) <= before + len("more\n")  # what was in the client's socket


def test_answers_under_way_end_when_the_peer_goes(world: World) -> None:
    world.connect("laptop")
    take(world, policy(STREAM_PORT))
    stream(world, STREAM_PORT)
    device = world.devices.pop("laptop")
    assert device.address in world.router.run("conntrack", "-L")
    world.network.remove(device)
    world.agent.cli("reload")
    assert device.address not in world.router.run("conntrack", "-L")
