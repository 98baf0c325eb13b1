# SPDX-License-Identifier: Apache-2.0
"""The kernel lets through what the reference evaluator says: random policies, and real packets at their edges."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random, SystemRandom

import policies
import pytest
from length import LONG
from policies import ADDRESSES, ADDRESSES_6, PEERS, SITE, Connection

from lab import shell
from lab.namespace import Namespace
from lab.packets import Probe, Sender, Tap
from lab.router import DEVICE, POOL, ULA, twin
from lab.topology import DATABASE, ROUTER, ROUTER_6
from lab.world import World

# CW_SEED repeats a run. A probe is cheap, a policy costs the agent a transaction.
SEED = int(os.environ.get("CW_SEED") or SystemRandom().randrange(1 << 32))
POLICIES, PROBES = (120, 200) if LONG else (12, 180)
MOST_PROBES = 40_000  # a source port is used once, so that conntrack knows none of them
FIRST_SOURCE_PORT = 10_000  # from here to the last one lies no port that is tried
ARRIVAL_SECONDS = 10.0


@dataclass
class Verdict:
    """A probe, and what the reference says of it under one policy."""

    probe: Probe
    connection: Connection
    allowed: bool
    policy: str

    @property
    def tap(self) -> str:
        return self.connection.destination if self.connection.destination in PEERS else SITE

    def __str__(self) -> str:
        said, seen = ("allowed", "did not arrive") if self.allowed else ("denied", "arrived")
        return f"{self.connection.question()}: {said} by the reference, {seen}: {self.probe}\n{self.policy}"


@dataclass
class Field:
    """Three peers and a machine at the site, each with a sender and a tap; the router has taps where probes come in."""

    world: World
    senders: dict[str, Sender]
    taps: dict[str, Tap]
    entries: list[Tap]
    verdicts: list[Verdict] = field(default_factory=list)
    arrived: dict[str, set[int]] = field(default_factory=lambda: {name: set() for name in (*PEERS, SITE)})
    entered: set[int] = field(default_factory=set)

    def take(self, policy: str | None, groups: dict[str, list[str]]) -> str:
        """Makes them the network's; returns them as text."""
        for name, user in PEERS.items():
            settings = {"groups": groups[name]} | ({"user": user} if user else {})
            self.world.network.write(self.world.devices[name], **settings)
        self.world.network.set_policy(policy)
        self.world.agent.reload()
        return f"groups of the peers' own files: {groups}\n{policy or '(no policy.toml)'}"

    def judge(self, connections: list[Connection], policy: str) -> list[Verdict]:
        """As the reference does; adds them to all verdicts."""
        questions = "".join(f"{each.question()}\n" for each in connections)
        said = shell.run("policy-verdicts", str(self.world.network.folder), SITE, stdin=questions).split()
        made = [
            Verdict(self._probe(len(self.verdicts) + n, each), each, verdict == "allowed", policy)
            for n, (each, verdict) in enumerate(zip(connections, said, strict=True))
        ]
        self.verdicts += made
        return made

    def send(self, verdicts: list[Verdict]) -> None:
        """Returns when the router has seen all of them, and those have arrived that may (or it took too long)."""
        for verdict in verdicts:
            source = verdict.connection.source
            self.senders[source if source in PEERS else SITE].send(verdict.probe)
        numbers = {verdict.probe.number for verdict in verdicts}
        shell.until("the probes at the router", lambda: numbers <= self._look(), ARRIVAL_SECONDS)
        expected = [verdict for verdict in verdicts if verdict.allowed]
        try:
            shell.until("the allowed probes", lambda: not self._missing(expected), ARRIVAL_SECONDS)
        except TimeoutError:
            pass  # disagreements() says which

    def disagreements(self) -> list[Verdict]:
        self._look()
        return [each for each in self.verdicts if (each.probe.number in self.arrived[each.tap]) != each.allowed]

    def _missing(self, expected: list[Verdict]) -> list[Verdict]:
        self._look()
        return [each for each in expected if each.probe.number not in self.arrived[each.tap]]

    def _look(self) -> set[int]:
        for name, tap in self.taps.items():
            self.arrived[name] |= tap.read()
        for tap in self.entries:
            self.entered |= tap.read()
        return self.entered

    def _probe(self, number: int, connection: Connection) -> Probe:
        assert number < MOST_PROBES
        ends = (connection.source, connection.destination)
        of_6 = any(":" in end for end in ends) or (all(end in PEERS for end in ends) and number % 2 == 1)
        source, destination = (self._address(end, of_6) for end in ends)
        return Probe(
            number, connection.protocol, source, destination, FIRST_SOURCE_PORT + number, connection.port
        )

    def _address(self, end: str, of_6: bool) -> str:
        if end not in PEERS:
            return end
        address = self.world.devices[end].address
        return twin(address) if of_6 else address


def set_up_site(world: World) -> None:
    """The machine at the site has more addresses, and answers peers by way of the router."""
    db = world.topology.db
    db.ip(
        *(f"address add {address}/32 dev eth0" for address in ADDRESSES if address != DATABASE),
        *(f"address add {address}/128 dev eth0 nodad" for address in ADDRESSES_6[1:]),
        f"route add {POOL} via {ROUTER}",
        f"route add {ULA}::/48 via {ROUTER_6}",
    )
    world.router.ip(f"route add {ADDRESSES[-1]} via {DATABASE}")


@pytest.fixture
def probing(tmp_path: Path) -> Iterator[Field]:
    with ExitStack() as stack:
        world = stack.enter_context(World(None, tmp_path, clients=len(PEERS)))
        set_up_site(world)
        places: dict[str, tuple[Namespace, str]] = {SITE: (world.topology.db, "eth0")}
        for name, client in zip(PEERS, world.topology.clients, strict=True):
            world.connect(name, extra=(POOL, f"{ULA}::/48", f"{ADDRESSES[-1]}/32"), client=client)
            places[name] = (client, name)

        yield Field(
            world,
            {name: stack.enter_context(closing(Sender(at))) for name, (at, _) in places.items()},
            {name: stack.enter_context(closing(Tap(at, device))) for name, (at, device) in places.items()},
            [stack.enter_context(closing(Tap(world.router, device))) for device in (DEVICE, "eth0")],
        )


def test_packets_and_the_reference_agree(probing: Field) -> None:
    random = Random(SEED)
    for _ in range(POLICIES):
        policy = probing.take(policies.policy(random), {name: policies.groups(random) for name in PEERS})
        probing.send(probing.judge([policies.connection(random) for _ in range(PROBES)], policy))
    # Whatever passed in spite of the policy has arrived when these have, which come after it on every way.
    policy = probing.take(None, {name: [] for name in PEERS})
    probing.send(probing.judge([Connection(name, DATABASE, "icmp", 0) for name in PEERS], policy))

    wrong = probing.disagreements()
    assert not wrong, f"{len(wrong)} of {len(probing.verdicts)}, CW_SEED={SEED}, {platform.release()}; {wrong[0]}"
    for protocol in ("tcp", "udp", "icmp"):
        for to_peer in (False, True):
            said = {v.allowed for v in probing.verdicts if v.probe.protocol == protocol and (v.tap in PEERS) == to_peer}
            assert said == {False, True}, f"{protocol}: the policies of CW_SEED={SEED} do not tell anything apart"
