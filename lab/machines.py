# SPDX-License-Identifier: Apache-2.0
"""The site of lab/failover.py, with each router in a machine of its own (tests/system/machines/boot).

    client ---- nat ---- internet ---- vpc ---+--- eth0 ======== eth0  router   r1
                                      etcd    +--- eth1 ======== eth0  router   r2
                                              +--- db

`====` is a cable from one machine to another: the LAN crosses it. What else the machines know of each other is in a folder
that they share: what the routers are to run with, what each says of itself, and which machine is to die or to be switched on.
"""

from __future__ import annotations

import json
import pickle
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import shell
from lab.etcd import Etcd
from lab.failover import ROUTER_B, ROUTER_B_6, Failover, Member, Site, join_the_subnet, trust_the_clock
from lab.namespace import Namespace
from lab.router import Network
from lab.takeover import owner_of
from lab.topology import ROUTER, ROUTER_6
from lab.vm import BOOT_SECONDS, find_cards

SHARE = Path("/results")
FOLDER = Path("/tmp/site")  # in each machine: what the routers are to run with has these paths
ADDRESSES = {"r1": (ROUTER, ROUTER_6), "r2": (ROUTER_B, ROUTER_B_6)}
TELL_SECONDS = 0.2  # from what a router says of itself to the next


@dataclass(frozen=True)
class Told:
    """What a router is to run with."""

    network: Network
    etcd: Etcd


class FarFailover(Failover):
    """`causeway-failover` in another machine: what that one last told of it."""

    def __init__(self, name: str) -> None:
        self.log = SHARE / f"{name}.txt"  # all that its machine printed
        self._told = SHARE / f"{name}.json"

    def status(self) -> dict[str, Any]:
        return dict(json.loads(self._told.read_text())) if self._told.exists() else {}

    def forget(self) -> None:
        self._told.unlink()


class FarRouter(Member):
    """A router in another machine."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.failover: FarFailover = FarFailover(name)

    def die(self) -> None:
        """The whole machine at once: whoever booted it kills it."""
        self._order("kill")
        self.failover.forget()  # the dead say nothing

    def start(self) -> None:
        self._order("boot")
        shell.until(f"router {self.name} serving again", self.failover.role, BOOT_SECONDS)

    def close(self) -> None:
        """Its machine ends with the one that this runs in."""

    def _order(self, what: str) -> None:
        order = SHARE / f"{self.name}.{what}"
        draft = SHARE / f"{self.name}.order"
        draft.touch()  # creating is two steps here, and between them it may be done and gone
        draft.rename(order)
        shell.until(f"{order.name} done", lambda: not order.exists(), shell.COMMAND_SECONDS)


class FarSite(Site):
    """A site whose routers are elsewhere. They start when it is entered, and serve the peers that the network has by then."""

    def _add_router(self) -> None:
        vpc = self.topology.vpc
        self.topology.router.run("ip", "link", "delete", "eth0")  # with its other end, port0
        find_cards("eth0", "eth1")
        for card, port in (("eth0", "port0"), ("eth1", "port2")):
            shell.run("ip", "link", "set", card, "netns", vpc.name, "name", port)
            vpc.ip(f"link set {port} up master subnet")

    def _members(self) -> dict[str, Member]:
        return {}

    def power_on(self, router: Member) -> None:
        router.start()

    def __enter__(self) -> FarSite:
        told = pickle.dumps(Told(self.network, self.etcd))
        self.etcd.start()
        draft = SHARE / "site.draft"
        shutil.copytree(self.folder, draft, ignore=shutil.ignore_patterns("data"))
        (draft / "told").write_bytes(told)
        draft.rename(SHARE / "site")
        self.routers = {name: FarRouter(name) for name in ADDRESSES}
        try:
            for router in self.routers.values():
                shell.until(f"router {router.name}", router.failover.role, BOOT_SECONDS)
            owner_of(self)
        except TimeoutError as late:
            raise TimeoutError(f"{late}\n{self.story()}") from None
        return self


def run_router(name: str) -> None:
    """In its machine, for as long as that lives; says what it is in the shared folder, and its journal on stdout."""
    take_the_time(name)
    trust_the_clock()
    find_cards("eth0")
    (namespace,) = Namespace.make("router")
    namespace.sysctl(net__ipv6__conf__default__accept_dad=0)
    shell.run("ip", "link", "set", "eth0", "netns", namespace.name)
    join_the_subnet(namespace, *ADDRESSES[name])
    shell.until("the site", (SHARE / "site").exists, BOOT_SECONDS)
    shutil.copytree(SHARE / "site", FOLDER)
    told: Told = pickle.loads((FOLDER / "told").read_bytes())
    member = Member(name, namespace, told.network, told.etcd, FOLDER / name)
    member.start()
    tell(member)


def take_the_time(name: str) -> None:
    """The host's, as chrony would: a machine's own begins at a whole second, and a sibling so far behind takes nothing over."""
    made = SHARE / f"{name}.time"
    made.unlink(missing_ok=True)
    made.touch()
    time.clock_settime_ns(time.CLOCK_REALTIME, made.stat().st_mtime_ns)


def tell(member: Member) -> None:
    printed = 0
    processes = (member.agent.process, member.failover.process)
    while all(process and process.poll() is None for process in processes):
        status = member.failover.status()
        if status:
            draft = SHARE / f"{member.name}.draft"
            draft.write_text(json.dumps(status))
            draft.rename(SHARE / f"{member.name}.json")
        for when, line in member.failover.journal.entries[printed:]:
            print(f"{when:.3f} {line}", flush=True)
            printed += 1
        time.sleep(TELL_SECONDS)
    raise AssertionError(f"router {member.name} no longer runs")
