#!/usr/bin/python3 -Bu
# SPDX-License-Identifier: Apache-2.0
"""The two machines of `failover-peers`, each inside its VM; they share the folder /results.

    failover_peers.py crowd CLIENTS
is the clients: a WireGuard device of the kernel's for each, with a key of its own and one peer, the gateway. They are in the
LAN of the site's client, behind its port-restricted NAT, 40 ms away, and connect when the site says so.

    failover_peers.py site CLIENTS
is all the rest. The gateway's owner dies, and it is measured when each client has a session with the sibling. Beside them the
site's own client sends a UDP probe every 10 ms.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from figures import report

from lab import shell, takeover
from lab.client import KeyPair
from lab.failover import EGRESS, Member, Site
from lab.router import DEVICE, PORT, Device
from lab.takeover import UdpProbe, Visitor, gateway_at
from lab.topology import ROUTER_PUBLIC
from lab.vm import BOOT_SECONDS, find_cards

PEERS = 1000  # of the network
PREFIX = "many"
SHARE = Path("/results")
READY = SHARE / "crowd"  # made by the crowd: its devices are there
GATEWAY_KEY = SHARE / "gateway"  # made by the site: its gateway serves
SESSIONS_SECONDS = 2.0  # from the address's move to the last session
FIRST_ADDRESS = 0x0400  # of the pool: 100.83.4.0 and on
CROWD = "192.168.1.100"  # in the LAN of lab/topology.py
HOME = "192.168.1.1"
PATIENCE_SECONDS = 60  # a handshake that gets lost is tried again after 5 s
WATCHING_SECONDS = 2.0  # until a program that is started watches, software emulation included


def write(file: Path, text: str) -> None:
    """At once, for who looks from the other machine."""
    draft = file.with_suffix(".draft")
    draft.write_text(text)
    draft.rename(file)


def be_the_crowd(count: int) -> None:
    find_cards("eth0")
    names = [f"{PREFIX}{number}" for number in range(count)]
    lines = ["link set eth0 up", f"address add {CROWD}/24 dev eth0", f"route add default via {HOME}"]
    lines += [line for name in names for line in (f"link add {name} type wireguard", f"link set {name} up")]
    shell.run("ip", "-batch", "-", stdin="\n".join(lines), timeout=BOOT_SECONDS)
    write(READY, "")
    shell.until("a gateway", GATEWAY_KEY.exists, BOOT_SECONDS)
    shell.run("bench-failover-peers", "connect", PREFIX, str(count), GATEWAY_KEY.read_text(), ROUTER_PUBLIC, str(PORT))
    while True:  # until the site has seen enough
        time.sleep(BOOT_SECONDS)


class Crowd:
    """The peers of the network, and the machine with those of them that are there."""

    def __init__(self, site: Site, count: int) -> None:
        self.site, self.count = site, count
        for number, key in enumerate(shell.run("bench-failover-peers", "keys", str(PEERS)).split()):
            address = FIRST_ADDRESS + number
            device = Device(f"{PREFIX}{number}", f"100.83.{address >> 8}.{address & 0xFF}", KeyPair("", key))
            site.network.write(device)
        find_cards("eth0")
        home = site.topology.nat
        shell.run("ip", "link", "set", "eth0", "netns", home.name, "name", "crowd")
        home.ip("link set crowd up master lan")

    def connect(self) -> None:
        """Until all have a session with the gateway's owner."""
        shell.until("the crowd", READY.exists, BOOT_SECONDS)
        began = time.time()
        watch = self.watch(takeover.owner_of(self.site), began, self.count)
        write(GATEWAY_KEY, self.site.network.keys.public)
        self.times(watch, self.count)

    def watch(self, router: Member, since: float, count: int) -> subprocess.Popen[str]:
        """The sessions at that router."""
        arguments = (DEVICE, str(count), str(int(since * 1e9)), str(PATIENCE_SECONDS))
        return router.namespace.start("bench-failover-peers", "watch", *arguments, output=subprocess.PIPE)

    def times(self, watch: subprocess.Popen[str], count: int) -> list[float]:
        """When they were there, by the wall clock, the first one first."""
        told, _ = watch.communicate(timeout=2 * PATIENCE_SECONDS)
        times = sorted(int(line) / 1e9 for line in told.split())
        if len(times) < count:
            raise TimeoutError(f"{len(times)} of {count} peers have a session after {PATIENCE_SECONDS} s")
        return times


def be_the_site(clients: int) -> bool:
    print(f"{platform.release()}, one processor, virtual time: {PEERS} peers, {clients} of them there, in a machine beside it")
    with tempfile.TemporaryDirectory(prefix="causeway-bench.") as folder, Site(None, Path(folder), EGRESS["routed"]) as site:
        sessions, gap = measure(site, clients)
    results = [
        report("all_sessions_after_the_address_moved", sessions, SESSIONS_SECONDS),
        report("crash_gap_of_the_busy_client", gap, takeover.CRASH_WORST_SECONDS),
    ]
    return all(results)


def measure(site: Site, clients: int) -> tuple[float, float]:
    crowd = Crowd(site, clients)
    visitor = Visitor(site)  # the routers take the others along
    crowd.connect()
    visitor.connect()
    probe = UdpProbe(visitor.client, site.topology.db)
    owner = takeover.owner_of(site)
    taker = site.other(owner)
    shell.until("the sibling knowing them", lambda: gateway_at(taker)["peers_known"] > clients, takeover.SETTLED_SECONDS)
    takeover.wait_until_ready(taker, owner)
    probe.wait()
    print(f"  all have sessions; router {taker.name} knows {gateway_at(taker)['peers_known']}")
    everybody = clients + 1
    watch = crowd.watch(taker, time.time(), everybody)
    time.sleep(WATCHING_SECONDS)
    probe.look()
    began = time.monotonic()
    owner.die()
    moved = takeover.moved_at(taker, began) + time.time() - time.monotonic()
    gap = probe.wait().gap
    for when, line in taker.failover.journal.since(began):
        print(f"  {when - began:+.3f} s  {line}")
    times = [each - moved for each in crowd.times(watch, everybody)]
    for share in (0.5, 0.9, 0.99):
        print(f"  {share:.0%} had a session {times[int(share * clients)]:.3f} s after the address's move")
    print(f"  {sum(each <= SESSIONS_SECONDS for each in times)} of {everybody} within {SESSIONS_SECONDS:g} s")
    return times[-1], gap


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", choices=("site", "crowd"))
    parser.add_argument("clients", type=int)
    given = parser.parse_args()
    if given.role == "crowd":
        be_the_crowd(given.clients)
    return 0 if be_the_site(given.clients) else 1


if __name__ == "__main__":
    sys.exit(main())
