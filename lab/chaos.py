# SPDX-License-Identifier: Apache-2.0
"""Faults by a seed, one round after the other, on the two routers of lab/failover.py; and whether what was seen meanwhile may be.

A round: the sibling is ready to take over; a fault or two begin, last, and end; the client is answered again; then nothing moves
any more. Who answers for the gateway is looked at all the time (lab/answering.py), and so is whether the client is answered.
"""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lab import shell
from lab.arbiter import calm
from lab.failover import EGRESS, OUTER, Flows, Member, Site
from lab.faults import FAULTS, OF_THE_ARBITER, Bounds, Fault, Scene
from lab.router import DEVICE
from lab.takeover import LOOK_SECONDS, UdpProbe, Visitor, owner_of, wait_until_ready
from lab.topology import DATABASE

# The bounded window (ha/timers.h): the owner looks once a second who else has its address (`reconcile`), and asks the arbiter
# (`arbiter_patience`) or hears the other's heartbeat (`heartbeat`); then it withdraws. Our own looks are 20 ms apart.
WINDOW_SECONDS = 1.0 + 0.3 + 0.1 + 0.1
# From the end of a fault: whoever is suspected still is taken over by then (`suspect`, `stale`, `stagger`, and twice a write).
SETTLED_SECONDS = 1.5
STILL_SECONDS = 0.5  # and after that nothing moves
# A connection's longest stall is twice the longest time without an answer, and as much as losses in a row cost it. So the next
# round begins when this one's are over: what is sent again must not be lost in it.
STALL_SECONDS = 5.0
FLOWING_SECONDS = 0.5  # no longer without a byte
ANSWERS = 5  # of the probe, which is what "answered" means
SECOND_FAULT = 0.3


@dataclass(frozen=True)
class Seen:
    """By lab/answering.py."""

    changes: list[tuple[float, str, bool]]
    count: int
    longest: float  # seconds from one look to the next


@dataclass
class Answering:
    """From when to when one router answered for the gateway; `until` is infinite where it still does."""

    router: str
    since: float
    until: float = math.inf


class Watch:
    """Which routers answer for the gateway, at all times."""

    def __init__(self, routers: Sequence[Member]) -> None:
        self._names = {each.namespace.name: each.name for each in routers}
        command = ("/usr/bin/python3", "-B", str(_PROGRAM), DEVICE, "eth0", OUTER, *self._names)
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.answering: list[Answering] = []
        self.looks, self.longest = 0, 0.0

    def look(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        seen = Seen(**json.loads(self._process.stdout.readline()))
        self.looks += seen.count
        self.longest = max(self.longest, seen.longest)
        for when, namespace, answers in seen.changes:
            router = self._names[namespace]
            if answers:
                self.answering.append(Answering(router, when))
            else:
                next(each for each in reversed(self.answering) if each.router == router).until = when

    def since(self, when: float) -> list[Answering]:
        return [each for each in self.answering if each.until > when]

    def close(self) -> None:
        self._process.kill()
        self._process.wait(timeout=shell.COMMAND_SECONDS)


@dataclass
class Round:
    """What happened, and what was seen. Times are of the monotonic clock."""

    number: int
    name: str
    bounds: Bounds
    began: float
    over: float = 0.0
    back: float = 0.0  # seconds from `over` until the client was answered
    gap: float = 0.0
    ended: float = 0.0
    answering: list[Answering] = field(default_factory=list)

    def begins(self, since: float) -> int:
        return sum(each.since >= since for each in self.answering)

    def both(self) -> list[tuple[float, float]]:
        """From when to when two routers answered."""
        pairs = [(a, b) for n, a in enumerate(self.answering) for b in self.answering[n + 1 :] if a.router != b.router]
        times = [(max(a.since, b.since), min(a.until, b.until, self.ended)) for a, b in pairs]
        return [(since, until) for since, until in times if since < until]

    def troubles(self) -> list[str]:
        """What may not be."""
        found = []
        for since, until in self.both():
            hidden = self.over if self.bounds.hides else 0.0
            if until - max(since, hidden) > WINDOW_SECONDS:
                found.append(f"two routers answered for {until - since:.2f} s, {until - self.over:+.2f} s from its end")
        if self.begins(self.began) > self.bounds.begins:
            found.append(f"a router began to answer {self.begins(self.began)} times, and {self.bounds.begins} are explained")
        if self.begins(self.over + SETTLED_SECONDS) > 0:
            found.append(f"a router began to answer more than {SETTLED_SECONDS:g} s after its end")
        if len(now := [each.router for each in self.answering if each.until > self.ended]) != 1:
            found.append(f"in the end there answers: {' and '.join(now) or 'nobody'}")
        if self.back > self.bounds.back:
            found.append(f"the client was answered {self.back:.2f} s after its end")
        if self.gap > self.bounds.gap:
            found.append(f"the client was not answered for {self.gap:.2f} s")
        return found

    def __str__(self) -> str:
        both = max((until - since for since, until in self.both()), default=0.0)
        return (
            f"round {self.number}: {self.name}: {self.begins(self.began)} began to answer, two for {both:.2f} s, the client"
            f" without an answer for {self.gap:.2f} s, and answered {self.back:.2f} s after its end"
        )


class Chaos:
    """A site, a stock client with open connections, and rounds of faults. Use as a context manager."""

    def __init__(self, folder: Path, mode: str, seed: int) -> None:
        self.seed, self.mode = seed, mode
        self.site = Site(None, folder, EGRESS[mode])
        self._clock = time.time() - time.monotonic()

    def __enter__(self) -> Chaos:
        self.site.__enter__()
        try:
            Visitor(self.site).connect()
            # A sender that waits twice as long each time, seconds in the end, would show its own patience, not the routers'.
            for host in (self.site.topology.client, self.site.topology.db):
                host.sysctl(net__ipv4__tcp_thin_linear_timeouts=1)
            self.flows = self._open_flows()
            self.probe = UdpProbe(self.site.topology.client, self.site.topology.db)
            self.watch = Watch(list(self.site.routers.values()))
            shell.until("who answers being seen", self._sees_who_answers)
        except BaseException:
            self.site.close()
            raise
        return self

    def _sees_who_answers(self) -> bool:
        self.watch.look()
        return bool(self.watch.answering)

    def __exit__(self, *_: object) -> None:
        self.watch.close()
        self.site.close()
        time.clock_settime(time.CLOCK_REALTIME, self._clock + time.monotonic())

    def _open_flows(self) -> Flows:
        self._gaps = [0.0]
        return Flows(self.site.topology.client, self.site.topology.db, DATABASE)

    def connections_went_on(self) -> None:
        """Those that were opened last; they are ended."""
        ends = self.flows.end()
        most = 2 * max(self._gaps) + STALL_SECONDS
        cut = {what: end for what, end in ends.items() if isinstance(end, str) or end > most}
        if cut:
            raise AssertionError(f"connections did not go on, or stalled for more than {most:.1f} s: {cut}\n{self._again(-1)}")

    def draw(self, number: int) -> list[Fault]:
        """One, or two of which the second is the arbiter's."""
        rng = random.Random(f"{self.seed}, {number}")
        first = rng.choice(FAULTS)
        alone = first in OF_THE_ARBITER or first.needs_arbiter or rng.random() > SECOND_FAULT
        return [first] if alone else [first, rng.choice(OF_THE_ARBITER)]

    def round(self, number: int, faults: list[Fault], longest: float, owner_is_hit: float) -> Round:
        """Raises where anything was seen that may not be. `longest` a fault lasts; the sibling is hit in its stead, where it can
        be, as often as is left of one.
        """
        rng = random.Random(f"{self.seed}, {number}, how")
        owner = self._ready()
        loses_connections = any(fault.loses_connections for fault in faults)
        if loses_connections:
            self.connections_went_on()
        self._no_change_since_the_last()
        sibling = faults[0].standby is not None and rng.random() >= owner_is_hit
        scene = Scene(self.site, owner, self.site.other(owner) if sibling else owner, rng)
        lasts = min(max(rng.uniform(*fault.lasts) for fault in faults), longest)
        name = f"{' and '.join(fault.name for fault in faults)} ({scene.victim.name}, owner {owner.name}, {lasts:.1f} s)"
        self.probe.look()
        seen = Round(number, name, bounds_of(faults, not sibling), time.monotonic())
        try:
            self._strike(scene, faults, lasts, seen)
        except (AssertionError, TimeoutError, shell.CommandFailed, subprocess.SubprocessError) as error:
            raise AssertionError(self._story(seen, [str(error)])) from error
        self._gaps.append(seen.gap)
        print(seen, flush=True)
        if troubles := seen.troubles():
            raise AssertionError(self._story(seen, troubles))
        if loses_connections:
            self.flows = self._open_flows()
        elif stuck := self._stuck(seen):
            raise AssertionError(self._story(seen, [f"connections do not go on: {stuck}"]))
        return seen

    def _stuck(self, seen: Round) -> dict[str, float | str]:
        """Connections that do not go on when they should have long since, and for how long they have not."""
        until = seen.over + 2 * seen.gap + STALL_SECONDS
        while True:
            stuck = {what: silent for what, silent in self.flows.look().items() if not _flows(silent)}
            if not stuck or time.monotonic() > until:
                return stuck
            time.sleep(LOOK_SECONDS)

    def _strike(self, scene: Scene, faults: list[Fault], lasts: float, seen: Round) -> None:
        ends = [fault.begin(scene) for fault in faults]
        time.sleep(lasts)
        for end in reversed(ends):
            end()
        seen.over = time.monotonic()
        gap = self.probe.look()
        longest = max(gap, self.probe.wait(ANSWERS), key=lambda each: each.gap)
        seen.back = time.monotonic() - seen.over
        time.sleep(max(0.0, seen.over + SETTLED_SECONDS + STILL_SECONDS - time.monotonic()))
        last = self.probe.look()
        seen.gap = max(longest.gap, last.gap, last.silent)
        self.watch.look()
        seen.ended = time.monotonic()
        seen.answering = [replace(each) for each in self.watch.since(seen.began)]

    def _ready(self) -> Member:
        """The owner, when the sibling could take over at once."""
        try:
            owner = owner_of(self.site)
            wait_until_ready(self.site.other(owner), owner)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self._again(-1)}\n{self.site.story()}") from error
        calm(self.site.etcd)
        return owner

    def _no_change_since_the_last(self) -> None:
        before = len(self.watch.answering)
        self.watch.look()
        if before and len(self.watch.answering) != before:
            raise AssertionError(f"a router began to answer without any fault\n{self.site.story()}")

    def _story(self, seen: Round, troubles: list[str]) -> str:
        lines = sorted(
            (when, f"{each.name}: {line}")
            for each in self.site.routers.values()
            for when, line in each.failover.journal.since(seen.began - 1)
        )
        lines += [(each.since, f"{each.router} answers, until {each.until - seen.began:+.3f}") for each in seen.answering]
        told = [f"{when - seen.began:+8.3f} {line}" for when, line in sorted(lines)]
        over = f"it was over after {seen.over - seen.began:.3f} s" if seen.over else "it did not end"
        return "\n".join([f"round {seen.number}: {seen.name}", *troubles, self._again(seen.number), over, *told])

    def _again(self, number: int) -> str:
        long = " --env CW_LONG=1" if os.environ.get("CW_LONG") == "1" else ""
        one = f" --env CW_CHAOS_ROUND={number}" if number >= 0 else ""
        return (
            f"seed {self.seed} ({self.mode}); to have it again, without CW_CHAOS_ROUND after all that came before:"
            f" ./dev vm --icount{long} --env CW_CHAOS_SEED={self.seed}{one} tests/system/timed/run -k chaos"
        )


def _flows(silent: float | str) -> bool:
    return isinstance(silent, float) and silent < FLOWING_SECONDS


def bounds_of(faults: list[Fault], hits_owner: bool) -> Bounds:
    """Of a fault without an arbiter: the recorded successor may act on its own, and is taken back."""
    first = faults[0].bounds(hits_owner)
    return first if len(faults) == 1 else Bounds(first.begins + 2, hides=True)


_PROGRAM = Path(__file__).with_name("answering.py")
