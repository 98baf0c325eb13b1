#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""The main job, shown: a laptop behind a NAT reaches a PostgreSQL that knows nothing of it. Runs as root."""

from __future__ import annotations

import argparse
import os
import platform
import re
import shlex
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lab import client, shell
from lab.database import NAME, PASSWORD, USER, Database
from lab.namespace import Namespace
from lab.router import Agent, Device, Network
from lab.stage import Stage
from lab.topology import DATABASE, NAT_PUBLIC, ROUTER, ROUTER_PUBLIC, Topology

PICTURE = (
    "",
    "laptop ------- NAT ------- the internet ------- VPC gateway ---+--- router with causewayd",
    f"192.168.1.10   {NAT_PUBLIC:48}|    {ROUTER} (public {ROUTER_PUBLIC})",
    f"{'':63}+--- PostgreSQL",
    f"{'':68}{DATABASE}",
)
LAPTOP_ADDRESS = "100.83.0.10"
PGBENCH_SECONDS = 5

FACTS = """
SELECT 'server      ' || split_part(version(), ' ', 1) || ' ' || split_part(version(), ' ', 2)
UNION ALL SELECT 'encryption  ' || version || ' ' || cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()
UNION ALL SELECT 'accounts    ' || count(*) FROM pgbench_accounts
UNION ALL SELECT 'it sees     ' || host(inet_client_addr())
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev lab", description=__doc__)
    parser.add_argument("--shell", action="store_true", help="leave it running with a shell on the laptop")
    parser.add_argument("--colour", action="store_true")
    options = parser.parse_args()
    stage = Stage(options.colour)
    stage.title(f"Causeway's lab, on Linux {platform.release()}", PICTURE)
    return stage.play(lambda folder: Story(stage, folder).tell(options.shell))


class Story:
    """The steps in order. What one makes and a later one needs is a member."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.folder = folder

    def tell(self, with_shell: bool) -> int:
        with Topology(prefix="cw-lab-") as self.topology:
            self.vpc()
            try:
                self.network_directory()
                self.agent_starts()
                self.laptop_joins()
                self.tunnel_comes_up()
                self.database_answers()
                self.under_load()
                self.status()
                status = self.stage.verdict(
                    "a stock WireGuard client behind a NAT reached PostgreSQL in the VPC, verified and encrypted,"
                    " through the kernel alone."
                )
                if with_shell:
                    self.shell()
                return status
            finally:
                if hasattr(self, "agent"):
                    self.agent.close()
                self.database.close()

    @property
    def laptop(self) -> Namespace:
        return self.topology.client

    def vpc(self) -> None:
        stage = self.stage
        stage.step("The VPC: a database that has no route to the laptop, and none from it")
        with stage.slow("Starting PostgreSQL with TLS"):
            self.database = Database(self.topology.db, self.folder / "postgresql")
        with stage.slow("Filling pgbench's tables"):
            self.database.fill()
        ping = ("ping", "-c1", "-W1", DATABASE)
        reached = self.laptop.succeeds(*ping)
        stage.check(not reached, f"the laptop does not reach {DATABASE}: no tunnel yet")

    def network_directory(self) -> None:
        stage = self.stage
        stage.step("The network: a directory of text files")
        self.network = Network(self.folder / "network")
        for file in ("network.toml", "sites/prod.toml"):
            stage.file(file, (self.network.folder / file).read_text())
        self._check()

    def agent_starts(self) -> None:
        stage = self.stage
        stage.step("The router: causewayd makes the kernel look as the network says")
        self.agent = Agent(self.topology.router, self.network, self.folder)
        stage.file("router.toml", self._short(self.agent.config.read_text()))
        with stage.slow("causewayd --config router.toml"):
            self.agent.start()
        for line in self.agent.log.read_text().splitlines():
            stage.say(f"  {self._short(line)}")
        stage.command("router", "causeway plan", lambda: self._causeway("plan"))
        stage.check(self._settled(), "nothing is left to do: the kernel is as the network says")

    def laptop_joins(self) -> None:
        stage = self.stage
        stage.step("A laptop joins: one more file, looked at in a copy of the directory before it counts")
        proposal = self.network.copied_to(self.folder / "proposal")
        self.device = proposal.add("laptop", LAPTOP_ADDRESS, user="alice@example.com")
        file = proposal.folder / "peers/laptop.toml"
        stage.file(self._short(str(file)), file.read_text())
        self._check("proposal")
        plan = stage.command("router", "causeway plan proposal", lambda: self._causeway("plan", str(proposal.folder)))
        stage.check("nothing to do" not in plan, "the plan says what would change, and nothing has changed yet")
        copied = ("cp", str(file), str(self.network.folder / "peers"))
        stage.command("router", self._short(shlex.join(copied)), lambda: shell.run(*copied))
        stage.command("router", "causeway reload", lambda: self._causeway("reload"))

    def tunnel_comes_up(self) -> None:
        stage = self.stage
        stage.step("The laptop: a stock configuration for a stock client")
        tunnel = self.network.tunnel(self.device, self.laptop, self.folder)
        stage.file(tunnel.file.name, re.sub("PrivateKey = .*", "PrivateKey = (hidden)", tunnel.file.read_text()))
        stage.command("laptop", f"wg-quick up {tunnel.file.name}", lambda: tunnel.up() or "")
        with stage.slow("First handshake"):
            tunnel.wait_for_handshake()

    def database_answers(self) -> None:
        stage = self.stage
        stage.step("psql, with the server's certificate fully checked")
        shown = f'psql "host={NAME} hostaddr={DATABASE} sslmode=verify-full sslrootcert=ca.crt ..."'
        answer = stage.command("laptop", shown, lambda: client.psql(self.laptop, self.database, FACTS))
        facts = dict(line.split(maxsplit=1) for line in answer.replace("it sees", "sees").splitlines())
        stage.check(facts.get("encryption", "").startswith("TLS"), "the answer came over TLS")
        stage.check(facts.get("sees") == ROUTER, "the database saw the router's own address: it needs no route back")

    def under_load(self) -> None:
        stage = self.stage
        stage.step(f"pgbench, 2 clients, {PGBENCH_SECONDS} s")
        seconds = ("-c", "2", "-j", "2", "-T", str(PGBENCH_SECONDS))
        report = stage.command(
            "laptop",
            f"pgbench {' '.join(seconds)} ...",
            lambda: _numbers(client.pgbench(self.laptop, self.database, *seconds)),
        )
        processed = re.search(r"actually processed: (\d+)", report)
        stage.check(bool(processed) and int(processed[1]) > 0, "transactions went through")
        stage.check("failed transactions: 0 " in report, "none failed")

    def status(self) -> None:
        stage = self.stage
        stage.step("What the router says about itself")
        text = stage.command("router", "causeway status", lambda: self._causeway("status"))
        stage.check("laptop" in text, "the laptop is on the list")

    def shell(self) -> None:
        """A shell on the laptop, with psql's and pgbench's settings in its environment."""
        print(
            "\nA shell on the laptop; exit ends the lab. Try:  psql   pgbench -n -T 5   ping " + DATABASE + "   wg\n"
            f"and on the router:  ip netns exec {self.topology.router.name} causeway --socket {self.agent.socket} status\n",
            flush=True,
        )
        settings = {
            "PGHOST": NAME,
            "PGHOSTADDR": DATABASE,
            "PGUSER": USER,
            "PGDATABASE": USER,
            "PGPASSWORD": PASSWORD,
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": str(self.database.authority),
            "PS1": r"laptop:\w\$ ",
        }
        command = self.laptop.command("bash", "--norc", "-i")
        subprocess.run(command, env={**os.environ, **settings}, check=False)

    def _check(self, name: str = "network") -> None:
        text = self.stage.command(
            "anyone", f"causeway check {name}", lambda: shell.run("causeway", "check", str(self.folder / name))
        )
        self.stage.check("error" not in text, "the network has no mistakes")

    def _causeway(self, *args: str) -> str:
        # `plan` says with its status whether there is something to do.
        return self._short(self.agent.cli(*args, check=args[0] != "plan"))

    def _settled(self) -> bool:
        return self.topology.router.succeeds("causeway", "--socket", str(self.agent.socket), "plan")

    def _short(self, text: str) -> str:
        return text.replace(f"{self.folder}/", "")


def _numbers(report: str) -> str:
    """pgbench's report without its preamble."""
    wanted = ("transaction", "number of transactions", "number of failed", "latency", "tps")
    return "\n".join(line for line in report.splitlines() if line.startswith(wanted))


if __name__ == "__main__":
    sys.exit(main())
