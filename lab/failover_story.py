#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""A router dies, shown: its sibling takes over while a laptop pings, runs pgbench and reads a long SELECT. Runs as root."""

from __future__ import annotations

import argparse
import platform
import re
import sys
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lab import shell, takeover
from lab.database import Database
from lab.failover import DELAY_MS, EGRESS, OUTER, ROUTER_B, Member, Probe, Site
from lab.namespace import Namespace
from lab.router import GATEWAY
from lab.stage import Stage
from lab.takeover import Visitor, gateway_at
from lab.topology import DATABASE, NAT_PUBLIC, ROUTER, ROUTER_PUBLIC
from lab.workload import Bench, Select

PICTURE = (
    "",
    f"laptop ------- NAT ------- the internet ------- VPC gateway ---+--- router r1   {ROUTER}",
    f"192.168.1.10   {NAT_PUBLIC:33}with etcd      |    router r2   {ROUTER_B}",
    f"{f'<---- {2 * DELAY_MS} ms there and back ---->':48}{ROUTER_PUBLIC:15}|    {OUTER} is the owner's",
    f"{'':63}+--- PostgreSQL  {DATABASE}",
)
LOOK_SECONDS = 0.05


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev lab failover", description=__doc__)
    parser.add_argument("--colour", action="store_true")
    stage = Stage(parser.parse_args().colour)
    stage.title(f"Causeway's lab of a failover, on Linux {platform.release()}", PICTURE)
    return stage.play(lambda folder: Story(stage, folder).tell())


class Story:
    """The steps in order. What one makes and a later one needs is a member."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.folder = folder
        self.told = ""

    def tell(self) -> int:
        with ExitStack() as self.open:
            self.database_starts()
            self.site_starts()
            self.laptop_connects()
            self.status(self.owner)
            self.work_begins()
            self.router_dies()
            self.status(self.owner)
            self.router_returns()
            self.gateway_moves_back()
            self.router_is_drained()
            self.work_ends()
            return self.stage.verdict(self.told)

    def database_starts(self) -> None:
        stage = self.stage
        stage.step("A database in a VPC")
        (host,) = Namespace.make("postgresql")
        self.open.callback(host.delete)
        with stage.slow("Starting PostgreSQL with TLS"):
            self.database = Database(host, self.folder / "postgresql")
            self.open.callback(self.database.close)
        with stage.slow("Filling pgbench's tables"):
            self.database.fill()

    def site_starts(self) -> None:
        stage = self.stage
        stage.step("Two routers that share a gateway, and etcd, which keeps the record of who owns it")
        self.site = Site(self.database, self.folder, EGRESS["floating"])
        text = (self.site.network.folder / "sites/prod.toml").read_text()
        stage.file("sites/prod.toml", re.sub('public_key = ".*"', 'public_key = "..."', text))
        config = self.site.routers["r1"].agent.config.read_text()
        stage.file("router.toml of r1", config[config.index("[[key]]") :].replace(f"{self.folder}/", ""))
        with stage.slow("etcd with TLS, causewayd and causeway-failover on both routers"):
            self.open.enter_context(self.site)
        self.owner = takeover.owner_of(self.site)
        stage.check(True, f"router {self.owner.name} owns the gateway")

    def laptop_connects(self) -> None:
        stage = self.stage
        stage.step("A laptop with a stock WireGuard client, behind a port-restricted NAT")
        self.visitor = Visitor(self.site)
        file = self.visitor.tunnel.file
        stage.file(file.name, re.sub("PrivateKey = .*", "PrivateKey = (hidden)", file.read_text()))
        stage.command("laptop", f"wg-quick up {file.name}", lambda: self.visitor.connect() or "")
        stage.check(self.visitor.reaches(), f"it reaches {DATABASE}")

    def status(self, at: Member) -> None:
        stage = self.stage
        text = stage.command(at.name, "causeway ha status", lambda: at.failover.cli("status"))
        stage.check(f"owner {at.name}, active" in text, f"router {at.name} owns the gateway, and its gate is open")

    def work_begins(self) -> None:
        stage = self.stage
        stage.step("Work: a ping every 10 ms, pgbench with pauses to think, and a SELECT whose rows keep coming")
        self.ping = Probe(self.visitor.client, DATABASE, self.folder / "ping.txt")
        stage.file("think.sql", Bench.SCRIPT)
        stage.command("laptop", f"{Bench.SHOWN} &", self.begin_bench)
        stage.command("laptop", f"{Select.SHOWN} &", self.begin_select)
        with stage.slow("All three at work"):
            shell.until("the ping", lambda: self.ping.answers() > 50)
            shell.until("pgbench", self.bench.is_at_work, takeover.SETTLED_SECONDS)
            shell.until("rows", lambda: self.select.rows() > 100, takeover.SETTLED_SECONDS)
        self.wait_for_sibling()

    def begin_bench(self) -> str:
        self.bench = Bench(self.visitor.client, self.database, self.folder)
        return ""

    def begin_select(self) -> str:
        self.select = Select(self.visitor.client, self.database, self.folder)
        return ""

    def wait_for_sibling(self) -> Member:
        """What the sibling needs to take over; the owner tells it every two seconds, and within 50 ms of connections."""
        taker = self.site.other(self.owner)
        takeover.wait_until_ready(taker, self.owner)
        here = gateway_at(taker)
        self.stage.check(True, f"router {taker.name} knows {here['peers_known']} peer and has {here['connections']} connections")
        return taker

    def router_dies(self) -> None:
        stage = self.stage
        owner, taker = self.owner, self.site.other(self.owner)
        rows = self.select.rows()
        stage.step(f"Router {owner.name} dies: its processes are killed and its link is cut, at one instant")
        owner.die()
        time.sleep(takeover.ROUND_TRIP_SECONDS)  # what it has answered arrives
        began = self.answers()[-1]
        stage.say(f"{0:+7.3f} s  laptop: the last answer through router {owner.name}")
        self.follow(taker, began)
        gap = self.gap_since(began)
        stage.check(gap <= takeover.CRASH_WORST_SECONDS, f"the ping had no answer for {gap:.2f} s")
        shell.until("more rows", lambda: self.select.rows() > rows, takeover.SETTLED_SECONDS)
        stage.check(self.select.is_running() and self.bench.is_running(), "the SELECT and pgbench go on")
        self.told = f"router {owner.name} died, {taker.name} took over, and nobody noticed more than {gap:.2f} s of silence"
        self.owner = taker

    def router_returns(self) -> None:
        stage = self.stage
        back = self.site.other(self.owner)
        stage.step(f"Router {back.name} is switched on again")
        with stage.slow("causewayd and causeway-failover"):
            self.site.power_on(back)
        self.wait_for_sibling()
        stage.check(back.failover.role() == "standby", "it is standby: no gateway moves back by itself")

    def gateway_moves_back(self) -> None:
        back = self.site.other(self.owner)
        self.stage.step("Moved on purpose; times are since it was asked for")
        self.handed_over(back, "move", GATEWAY, back.name)

    def router_is_drained(self) -> None:
        self.stage.step("Drained, before maintenance")
        self.handed_over(self.wait_for_sibling(), "drain")

    def handed_over(self, taker: Member, *verb: str) -> None:
        stage, owner = self.stage, self.owner
        began = time.monotonic()
        stage.command(owner.name, f"causeway ha {' '.join(verb)}", lambda: owner.failover.cli(*verb))
        self.follow(taker, began)
        gap = self.gap_since(began)
        stage.check(gap <= takeover.MOVE_SECONDS, f"the ping had no answer for {gap:.2f} s")
        stage.check(self.select.is_running() and self.bench.is_running(), "the SELECT and pgbench go on")
        self.owner = taker

    def follow(self, taker: Member, began: float) -> None:
        """Tells what the taker's journal says as it says it, until the laptop has an answer again."""
        stage = self.stage
        shown = 0
        moved = answered = 0.0
        deadline = began + takeover.SETTLED_SECONDS
        while not answered:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no answer since; router {taker.name} says:\n{taker.failover.log.read_text()[-takeover.LOG_END:]}")
            time.sleep(LOOK_SECONDS)
            entries = taker.failover.journal.since(began)
            for when, line in entries[shown:]:
                stage.say(f"{when - began:+7.3f} s  {taker.name}: {line}")
                moved = moved or (when if "its gate is open" in line else 0.0)
            shown = len(entries)
            answered = next((each for each in self.answers() if each > moved), 0.0) if moved else 0.0
        stage.say(f"{answered - began:+7.3f} s  laptop: the first answer through router {taker.name}")

    def answers(self) -> list[float]:
        """Of the ping, by the monotonic clock."""
        ahead = time.time() - time.monotonic()
        return [each - ahead for each in self.ping.times()]

    def gap_since(self, began: float) -> float:
        """The longest time without an answer, from the last one before."""
        count = len(self.answers())
        shell.until("more answers", lambda: len(self.ping.times()) > count + 20, takeover.SETTLED_SECONDS)
        times = self.answers()
        first = max((number for number, each in enumerate(times) if each <= began), default=0)
        return max(b - a for a, b in zip(times[first:], times[first + 1 :]))

    def work_ends(self) -> None:
        stage = self.stage
        stage.step("What became of the work")
        whole = self.select.end()
        stage.check(whole, f"the SELECT's {self.select.rows()} rows until now came each once and in order, on one connection")
        report = stage.command("laptop", f"{Bench.SHOWN}, ended", self.bench.end)
        stage.check("failed transactions: 0 " in report and self.bench.wait(), "pgbench had no failed transaction")
        stage.check(self.visitor.is_as_it_was(), "the laptop's configuration is what it was")
        self.told += "; then it was moved back and drained. pgbench and the SELECT went on through all three."


if __name__ == "__main__":
    sys.exit(main())
