# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with the two routers of lab/failover.py, their LAN and their arbiter; and what may follow from it at most."""

from __future__ import annotations

import math
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from lab import shell
from lab.answering import datagram_socket_in, take_down
from lab.failover import ARBITER, ROUTER_B, Failover, Member, Site, trust_the_clock
from lab.namespace import Namespace
from lab.router import GATEWAY
from lab.takeover import CRASH_WORST_SECONDS
from lab.topology import ROUTER

AMBUSH_SECONDS = 20.0  # a takeover that was asked for has come to that step, software emulation included
HEARD_SECONDS = 0.5  # after the clock was stepped, heartbeats of before it are over
# Where a handshake came to nothing, WireGuard begins the next one after REKEY_TIMEOUT and a third of a second at most.
NEXT_HANDSHAKE_SECONDS = 5.4
# And a client whose gateway does not know where it is begins one itself after KEEPALIVE_TIMEOUT more.
CLIENTS_HANDSHAKE_SECONDS = 10 + NEXT_HANDSHAKE_SECONDS


@dataclass(frozen=True)
class Bounds:
    """On what a fault explains: how often a router begins to answer, for how many seconds the client is not answered, and after
    how many it is from the fault's end.

    `hides`: who is hit does not run, or cannot hear that the gateway is another's, so both may answer until it is over.
    """

    begins: int
    gap: float = math.inf
    hides: bool = False
    back: float = CRASH_WORST_SECONDS + NEXT_HANDSHAKE_SECONDS


UNFELT = Bounds(0, 0.5)  # the probe shares a processor with whatever is started
TAKEN_OVER = Bounds(1, CRASH_WORST_SECONDS)
TAKEN_UNSEEN = Bounds(1, CRASH_WORST_SECONDS, hides=True)
# A recorded successor takes over after five seconds without owner and arbiter, and gives way when it hears of it. The owner, whose
# address is elsewhere meanwhile, has it back then, and shakes hands with all.
SUCCEEDED = Bounds(2, CRASH_WORST_SECONDS, hides=True)


@dataclass
class Scene:
    """Where a fault strikes."""

    site: Site
    owner: Member
    victim: Member
    rng: random.Random

    @property
    def sibling(self) -> Member:
        return self.site.other(self.victim)


End = Callable[[], None]
Begin = Callable[[Scene], End]


@dataclass(frozen=True)
class Fault:
    """`begin` returns what ends it."""

    name: str
    begin: Begin
    lasts: tuple[float, float]  # seconds, from and to
    owner: Bounds | None  # where the owner is hit; None: it never is
    standby: Bounds | None
    needs_arbiter: bool = False  # it waits for a takeover to come about
    long_only: bool = False  # the short form has another one of its kind
    loses_connections: bool = False  # no router is left that knows them

    def bounds(self, hits_owner: bool) -> Bounds:
        found = self.owner if hits_owner else self.standby
        assert found is not None
        return found


def address_of(member: Member) -> str:
    return ROUTER if member.name == "r1" else ROUTER_B


def way(scene: Scene) -> tuple[Namespace, str]:
    """From the router, or to it."""
    towards = (scene.site.topology.vpc, "port0" if scene.victim.name == "r1" else "port2")
    return scene.rng.choice(((scene.victim.namespace, "eth0"), towards))


def netem(*how: str) -> Begin:
    def begin(scene: Scene) -> End:
        namespace, interface = way(scene)
        namespace.run("tc", "qdisc", "add", "dev", interface, "root", "netem", *how)

        def end() -> None:
            namespace.run("tc", "qdisc", "delete", "dev", interface, "root")

        return end

    return begin


def cut(*rules: Callable[[Scene], str]) -> Begin:
    """`in MATCH` or `out MATCH`, in nft's words: what the router gets, or sends. In a table that is nobody's."""

    def begin(scene: Scene) -> End:
        chains = {"in": "prerouting", "out": "output"}
        text = ""
        for number, rule in enumerate(rules):
            side, match = rule(scene).split(" ", 1)
            text += f"chain cut{number} {{ type filter hook {chains[side]} priority -400; {match} drop; }}\n"
        scene.victim.namespace.nft(f"table ip chaos {{\n{text}}}")
        return lambda: scene.victim.namespace.nft("delete table ip chaos")

    return begin


def from_sibling(scene: Scene) -> str:
    return f"in ip saddr {address_of(scene.sibling)}"


def to_sibling(scene: Scene) -> str:
    return f"out ip daddr {address_of(scene.sibling)}"


def to_arbiter(_: Scene) -> str:
    return f"out ip daddr {ARBITER} tcp dport 2379"


def from_arbiter(_: Scene) -> str:
    return f"in ip saddr {ARBITER} tcp sport 2379"


def arbiter_one_way(scene: Scene) -> str:
    return scene.rng.choice((to_arbiter, from_arbiter))(scene)


def stop_arbiter(scene: Scene) -> End:
    scene.site.etcd.close()

    def end() -> None:
        scene.site.etcd.start()

    return end


def freeze_arbiter(scene: Scene) -> End:
    return freeze(scene.site.etcd.process)


def pause(scene: Scene) -> End:
    return freeze(scene.victim.failover.process)


def freeze(process: subprocess.Popen[str] | None) -> End:
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    return lambda: process.send_signal(signal.SIGCONT)


def step_the_clock(least: float, most: float) -> Begin:
    """Everybody's, the client's too; then the gateway changes hands, so that handshakes have to come through."""

    def begin(scene: Scene) -> End:
        time.clock_settime(time.CLOCK_REALTIME, time.time() + scene.rng.uniform(least, most))
        trust_the_clock()  # as chrony says once it has stepped it
        time.sleep(HEARD_SECONDS)
        move(scene.owner.failover, scene.site.other(scene.owner))
        return lambda: None

    return begin


def move(owner: Failover, taker: Member) -> None:
    """Asked for until it is done: a sibling may be busy."""
    shell.until(
        f"the gateway at {taker.name}",
        lambda: f"is router {taker.name}'s now" in owner.cli("move", GATEWAY, taker.name, check=False),
    )


def kill(scene: Scene) -> End:
    """Of the process alone: its kernel goes on, with the address and an open gate."""
    scene.victim.failover.kill()

    def end() -> None:
        scene.victim.failover.start()

    return end


class Power:
    """A router's: its processes and its link end at one instant, without a program that is started for it."""

    def __init__(self, member: Member) -> None:
        self._processes = [each for each in (member.agent.process, member.failover.process) if each]
        self._socket = datagram_socket_in(member.namespace.name)

    def cut(self) -> None:
        for process in self._processes:
            os.kill(process.pid, signal.SIGKILL)
        take_down(self._socket, "eth0")
        self._socket.close()  # it would keep the namespace


def reap(member: Member) -> None:
    for process in (member.agent.process, member.failover.process):
        if process:
            process.wait(timeout=30)
    member.agent.process = member.failover.process = None


def lose_power(scene: Scene) -> End:
    Power(scene.victim).cut()
    reap(scene.victim)
    return lambda: scene.site.power_on(scene.victim)


@dataclass(frozen=True)
class Step:
    """Of a takeover: what a journal says when it is reached, and whose."""

    name: str
    says: str
    of_owner: bool = False
    later: float = 0.0  # the power goes so long after it

    @property
    def bounds(self) -> Bounds:
        """Of a handover: before the taker asked the arbiter nothing has happened, then the owner takes the gateway back."""
        return UNFELT if self.of_owner else Bounds(2, CRASH_WORST_SECONDS)


STEPS = (
    Step("it is asked to get ready", "active -> drain", of_owner=True),
    Step("it asks the arbiter", "standby -> claim"),
    Step("it is owner and moves the address", "claim -> move"),
    Step("the address has arrived and its gate opens", "its gate is open"),
    Step("it serves", "move -> active"),
    Step("clients shake hands with it", "move -> active", later=0.05),
)
STEPS_OF_SHORT = STEPS[2], STEPS[5]  # a machine that is switched on again takes many seconds


class Ambush:
    """Cuts a router's power when a journal has come to a step: in the thread that reads it, as soon as it was written."""

    def __init__(self, victim: Member, journal: Member, step: Step) -> None:
        self._victim, self._power, self._step = victim, Power(victim), step
        self._sprung = threading.Event()
        self._journal = journal.failover.journal
        self._journal.hook = self._see

    def _see(self, line: str) -> None:
        if self._step.says in line and not self._sprung.is_set():
            time.sleep(self._step.later)
            self._power.cut()
            self._sprung.set()

    def wait(self) -> None:
        if not self._sprung.wait(AMBUSH_SECONDS):
            raise AssertionError(f"no takeover came so far: {self._step.name}")
        self._journal.hook = None
        reap(self._victim)


def lose_power_in_handover(step: Step) -> Begin:
    """The taker's: whose gateway it was takes it back."""

    def begin(scene: Scene) -> End:
        taker = scene.site.other(scene.owner)
        ambush = Ambush(taker, scene.owner if step.of_owner else taker, step)
        socket = str(scene.owner.failover.socket)
        asked = scene.owner.namespace.start("causeway", "ha", "--failover-socket", socket, "move", GATEWAY, taker.name)
        ambush.wait()
        asked.kill()
        asked.wait(timeout=10)
        return lambda: scene.site.power_on(taker)

    return begin


def lose_power_in_takeover(step: Step) -> Begin:
    """The owner loses its, and the taker then: nobody is left until both are back."""

    def begin(scene: Scene) -> End:
        taker = scene.site.other(scene.owner)
        ambush = Ambush(taker, taker, step)
        Power(scene.owner).cut()
        reap(scene.owner)
        ambush.wait()

        def end() -> None:
            scene.site.power_on(scene.owner)
            scene.site.power_on(taker)

        return end

    return begin


OF_THE_ARBITER = (
    Fault("the arbiter restarts", stop_arbiter, (0, 1), UNFELT, UNFELT),
    Fault("the arbiter is out", freeze_arbiter, (1, 8), UNFELT, UNFELT),
)
ALONE = Fault(
    *("it is alone", cut(from_sibling, to_sibling, from_arbiter, to_arbiter), (1, 8), Bounds(1, hides=True), SUCCEEDED),
    long_only=True,
)
FAULTS = (
    Fault("30 % of its packets are lost", netem("loss", "30%"), (1, 5), Bounds(1), Bounds(1)),
    Fault("half of its packets come twice", netem("duplicate", "50%"), (1, 5), UNFELT, UNFELT),
    Fault("its packets are out of order", netem("delay", "20ms", "15ms", "reorder", "50%"), (1, 5), UNFELT, UNFELT),
    Fault("it hears nothing of its sibling", cut(from_sibling), (1, 8), UNFELT, UNFELT, long_only=True),
    Fault("its sibling hears nothing of it", cut(to_sibling), (1, 8), UNFELT, UNFELT),
    Fault("it has no arbiter", cut(arbiter_one_way), (1, 8), UNFELT, UNFELT),
    Fault("it hears nobody", cut(from_sibling, from_arbiter), (1, 8), UNFELT, SUCCEEDED, long_only=True),
    Fault("nobody hears it", cut(to_sibling, to_arbiter), (1, 8), TAKEN_OVER, UNFELT),
    ALONE,
    *OF_THE_ARBITER,
    Fault("it pauses", pause, (0.1, 10), TAKEN_UNSEEN, UNFELT),
    Fault("the clock leaps forward", step_the_clock(1, 60), (0, 0), Bounds(1, 0.5), None, needs_arbiter=True),
    Fault(
        *("the clock is set back", step_the_clock(-3, -0.1), (0, 0), Bounds(1, NEXT_HANDSHAKE_SECONDS), None),
        needs_arbiter=True,
    ),
    Fault("its failover is killed", kill, (0.1, 5), TAKEN_UNSEEN, UNFELT),
    Fault("it loses its power", lose_power, (0.5, 4), TAKEN_OVER, UNFELT, long_only=True),
    *(
        Fault(
            *(f"the taker loses its power when {step.name}", lose_power_in_handover(step), (2, 3), step.bounds, None),
            needs_arbiter=True,
            long_only=step not in STEPS_OF_SHORT,
        )
        for step in STEPS
    ),
    *(
        Fault(
            *(f"the taker of a dead owner loses its power when {step.name}", lose_power_in_takeover(step), (0, 2)),
            *(Bounds(3, back=CLIENTS_HANDSHAKE_SECONDS), None),
            needs_arbiter=True,
            long_only=True,
            loses_connections=True,
        )
        for step in STEPS
        if not step.of_owner
    ),
)
