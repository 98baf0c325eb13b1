# SPDX-License-Identifier: Apache-2.0
"""What a takeover looks like from outside: a client of a site with two routers, and for how long nobody answered it."""

from __future__ import annotations

import json
import random
import re
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab import shell
from lab.client import Tunnel
from lab.failover import DELAY_MS, EGRESS, Flows, Member, Probe, Site
from lab.namespace import Namespace
from lab.router import GATEWAY
from lab.topology import DATABASE

# What the product promises, in seconds. Between one probe and the next there are 10 ms that nobody can help.
CRASH_MEDIAN_SECONDS = 1.2
CRASH_WORST_SECONDS = 2.0
MOVE_SECONDS = 0.3  # also by drain
ROUND_TRIP_SECONDS = 2 * DELAY_MS / 1000
AFTER_ADDRESS_SECONDS = 2 * ROUND_TRIP_SECONDS + 0.3
# A sender whose packets get lost waits twice as long each time, so it may find out that late.
STALL_SECONDS = 0.3  # more than twice the gap

RENEWAL_SECONDS = 0.2  # of the owner's record (ha/timers.h)
ECHO_PORT = 7007
SETTLED_SECONDS = 60.0  # more means it never comes, software emulation included
LOG_END = 3000  # characters of a router's log that explain why it is not where it should be
LOOK_SECONDS = 0.1  # between two looks at a probe that is measuring: each takes processor time


@dataclass(frozen=True)
class Seen:
    """By a probe, in seconds."""

    answers: int
    gap: float  # the longest time from one answer to the next
    gap_end: float  # when that answer came, by the monotonic clock
    silent: float  # since the last answer


class UdpProbe:
    """A datagram every 10 ms from the client to the site's host, which sends it back (lab/udp_probe.py)."""

    def __init__(self, client: Namespace, host: Namespace) -> None:
        self._server = host.start("/usr/bin/python3", "-B", str(_PROGRAM), "serve", str(ECHO_PORT))
        shell.until("the echo server", lambda: f":{ECHO_PORT} " in host.run("ss", "-Hlun"))
        command = client.command("/usr/bin/python3", "-B", str(_PROGRAM), "use", DATABASE, str(ECHO_PORT))
        self._client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def look(self) -> Seen:
        """What it has seen since the last look."""
        assert self._client.stdin
        assert self._client.stdout
        self._client.stdin.write("\n")
        self._client.stdin.flush()
        return Seen(**json.loads(self._client.stdout.readline()))

    def wait(self, answers: int = 30) -> Seen:
        """Until that many more answers have come; the longest gap since the last look."""
        longest = self.look()
        count = 0
        deadline = time.monotonic() + SETTLED_SECONDS
        while count < answers:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{count} answers within {SETTLED_SECONDS:g} s, not {answers}")
            time.sleep(LOOK_SECONDS)
            seen = self.look()
            count += seen.answers
            longest = max(longest, seen, key=lambda each: each.gap)
        return longest

    def close(self) -> None:
        assert self._client.stdin
        self._client.stdin.close()
        self._client.wait(timeout=shell.COMMAND_SECONDS)
        self._server.kill()
        self._server.wait(timeout=shell.COMMAND_SECONDS)


class Visitor:
    """A stock client whose tunnel carries packets; its configuration is written once. `also`: prefixes beside its own."""

    def __init__(self, site: Site, *also: str) -> None:
        self.site, self.client = site, site.topology.client
        device = site.network.add("alice", "100.83.0.10")
        for router in site.routers.values():
            router.agent.reload()
        self.tunnel: Tunnel = site.network.tunnel(device, self.client, site.folder)
        text = self.tunnel.file.read_text()
        self._configuration = re.sub("AllowedIPs = .*", lambda line: ", ".join((line[0], *also)), text)
        self.tunnel.file.write_text(self._configuration)

    def connect(self) -> None:
        self.tunnel.up()
        shell.until("the client reaching the VPC", self.reaches, SETTLED_SECONDS)

    def reaches(self) -> bool:
        return self.client.succeeds("ping", "-c1", "-W2", DATABASE)

    def probe(self) -> Probe:
        probe = Probe(self.client, DATABASE, self.site.folder / "probe.txt")
        shell.until("probes answered", lambda: probe.answers() > 10)
        return probe

    def is_as_it_was(self) -> bool:
        return self.tunnel.file.read_text() == self._configuration


def owner_of(site: Site) -> Member:
    found = shell.until("one owner", site.owner, SETTLED_SECONDS)
    assert found is not None
    return found


def knows_the_client(taker: Member) -> bool:
    here = gateway_at(taker)
    return here.get("role") == "standby" and here["peers_known"] > 0


def has_every_connection(taker: Member, owner: Member) -> bool:
    here, there = gateway_at(taker), gateway_at(owner)
    return bool(here["connections_complete"]) and here["connections"] >= there["connections"] > 0


def wait_until_ready(taker: Member, owner: Member) -> None:
    """The sibling knows the client, and has every connection there is."""
    try:
        shell.until(f"router {taker.name} knowing the client", lambda: knows_the_client(taker), SETTLED_SECONDS)
        shell.until(f"router {taker.name} having every connection", lambda: has_every_connection(taker, owner), SETTLED_SECONDS)
    except TimeoutError as late:
        told = (f"{each.name}: {gateway_at(each)}\n{each.failover.log.read_text()[-LOG_END:]}" for each in (taker, owner))
        raise TimeoutError("\n".join((str(late), *told))) from late


def gateway_at(member: Member) -> dict[str, Any]:
    """As that router's `ha status` has it; empty where it does not say."""
    return next((dict(each) for each in member.failover.status().get("gateways", []) if each["name"] == GATEWAY), {})


def moved_at(taker: Member, since: float) -> float:
    """When it began to take the address: the owner's record is its own from then on. Waits until it has taken it."""

    def said(what: str) -> float:
        return next((when for when, line in taker.failover.journal.since(since) if what in line), 0.0)

    shell.until(f"router {taker.name} opening its gate", lambda: said("its gate is open"), SETTLED_SECONDS)
    return said("claim -> move")


@dataclass
class Handed:
    """One gateway's changes of hands, in seconds."""

    gaps: dict[str, float] = field(default_factory=dict)  # move, drain, crash
    after_address: dict[str, float] = field(default_factory=dict)
    flows: dict[str, float | str] = field(default_factory=dict)  # of the TCP flows: the longest stall, or what ended it

    def cut(self) -> list[str]:
        return [f"{what}: {end}" for what, end in self.flows.items() if isinstance(end, str)]

    def stall(self) -> float:
        return max((stall for stall in self.flows.values() if isinstance(stall, float)), default=0.0)

    def __str__(self) -> str:
        gaps = ", ".join(
            f"{what} {gap:.3f} s ({self.after_address[what]:.3f} after the address)" for what, gap in self.gaps.items()
        )
        return f"{gaps}; TCP stalled {self.stall():.3f} s, cut {len(self.cut())} of {len(self.flows)}"


def hand_over(folder: Path, mode: str, seed: int) -> Handed:
    """A site of its own, in which everything is new to everybody: its routers, keys, etcd, and a client that has just
    connected and opened connections. Its gateway is moved to the sibling, drained back, and then its owner dies, at any
    time between two renewals of its record: `seed` says when.
    """
    handed = Handed()
    chance = random.Random(seed)
    with Site(None, folder, EGRESS[mode]) as site:
        visitor = Visitor(site)
        visitor.connect()
        flows = Flows(visitor.client, site.topology.db, DATABASE)
        probe = UdpProbe(visitor.client, site.topology.db)
        owner = owner_of(site)
        for what in ("move", "drain", "crash"):
            taker = site.other(owner)
            wait_until_ready(taker, owner)
            probe.wait()
            time.sleep(chance.uniform(0, RENEWAL_SECONDS))
            probe.look()  # what was before does not count
            began = time.monotonic()
            _take_away(what, owner, taker)
            moved = moved_at(taker, began)
            seen = probe.wait()
            handed.gaps[what] = seen.gap
            handed.after_address[what] = seen.gap_end - moved
            if what == "drain":
                owner.failover.cli("serve")
            owner = taker
        handed.flows = flows.end()
        probe.close()
        assert visitor.is_as_it_was()
    return handed


def _take_away(what: str, owner: Member, taker: Member) -> None:
    if what == "crash":
        owner.die()
    elif what == "move":
        owner.failover.cli("move", GATEWAY, taker.name)
    else:
        owner.failover.cli("drain")


_PROGRAM = Path(__file__).with_name("udp_probe.py")
