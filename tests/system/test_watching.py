# SPDX-License-Identifier: Apache-2.0
"""What the agent notices of the peers, and that it sleeps when there is nothing to notice."""

from __future__ import annotations

import dataclasses
import socket
import time
from pathlib import Path

from length import LONG

from lab import shell
from lab.client import Tunnel
from lab.router import DEVICE
from lab.world import World

AUDIT_SECONDS = 30
RETURNS = 3  # that make a key flapping


def log_says(world: World, words: str) -> None:
    """The agent looks whenever it is asked for its status."""
    shell.until(words, lambda: world.agent.status() and words in world.agent.log.read_text())


def handshake_time(world: World) -> int:
    """Of the only peer."""
    return int(world.router.run("wg", "show", DEVICE, "latest-handshakes").split()[1])


def handshake(world: World, tunnel: Tunnel) -> None:
    """A new handshake, and a look at it. wg tells its time in seconds, so it waits for the next one."""
    last = handshake_time(world)
    shell.until("the next second", lambda: time.time() >= last + 1)
    tunnel.namespace.ip(f"link set {tunnel.name} down", f"link set {tunnel.name} up")
    shell.until(f"a handshake of {tunnel.name}", lambda: handshake_time(world) > last)
    world.agent.status()


def metrics(world: World) -> str:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(world.agent.socket))
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: causeway\r\nConnection: close\r\n\r\n")
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


def test_a_peer_that_connects_is_in_the_journal_and_the_status(world: World) -> None:
    world.connect("laptop")
    log_says(world, "peer 'laptop' connected from 203.0.113.2:")
    (peer,) = world.agent.status()["peers"]
    assert peer["name"] == "laptop" and peer["active"] and peer["endpoint"].startswith("203.0.113.2:")
    assert peer["received_bytes"] > 0 and not peer["flapping"]


def test_one_key_on_two_devices_is_named(world: World) -> None:
    laptop = world.connect("laptop")
    same_key = dataclasses.replace(world.devices["laptop"], name="twin")
    twin = world.network.tunnel(same_key, world.topology.nat, world.folder)
    twin.up()
    twin.wait_for_handshake()
    world.agent.status()
    for _ in range(RETURNS):
        handshake(world, laptop)
        handshake(world, twin)
    status = world.agent.status()
    assert [peer["flapping"] for peer in status["peers"]] == [True]
    assert any("'laptop' is used on two devices" in problem["text"] for problem in status["problems"])
    assert "peer 'laptop' is on two devices at once" in world.agent.log.read_text()
    assert 'causeway_peer_flapping{gateway="prod",peer="laptop"} 1' in metrics(world)


def switches(world: World) -> int:
    assert world.agent.process is not None
    status = Path(f"/proc/{world.agent.process.pid}/status").read_text()
    return int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])


def test_an_idle_agent_sleeps_between_its_audits(world: World) -> None:
    """Under traffic: packets are no business of the agent's."""
    world.connect("laptop")
    ping = world.ping()
    time.sleep(3)  # what connecting left to do
    before = switches(world)
    audits = 4 if LONG else 1
    time.sleep(audits * AUDIT_SECONDS)
    woken = switches(world) - before
    world.lost(ping)
    assert woken <= audits + 1, f"{woken} times in {audits * AUDIT_SECONDS} s"
