# SPDX-License-Identifier: Apache-2.0
"""Two VPCs with the same addresses, each with its router and its PostgreSQL at 10.0.1.5: one client with one
configuration reaches both at the same time, by 4via6 and by IPv4 alias, as README says."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from length import LONG

from lab import shell
from lab.capture import PacketCounter
from lab.client import Tunnel, psql
from lab.database import Database
from lab.namespace import Namespace
from lab.router import Agent
from lab.topology import DATABASE, ROUTER, ROUTER2_PUBLIC, ROUTER_PUBLIC, VPC_PREFIX, SecondVpc, Topology

MEGABYTES = 1024 if LONG else 64
TRANSFER_SECONDS = 1200 if LONG else 200
SITES = ("blue", "green")
ALIAS = {"blue": "100.80.1.5", "green": "100.81.1.5"}  # of the database's address
UNUSED = 9
POOL = "100.83.0.0/16"  # at random it may be an alias's
POLICY = f"""
[hosts]
db = {{ address = "{DATABASE}", site = "SITE" }}

[[rule]]
name = "databases"
from = "any"
to = "db"
ports = ["tcp/5432", "udp/7000", "icmp"]
"""


@dataclass
class Vpc:
    agent: Agent
    router: Namespace
    database: Database

    @property
    def db(self) -> Namespace:
        return self.database.namespace


class TwoVpcs:
    """The network's administrator is anybody with a shell: its directory is all that both routers share."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.folder, self.network = folder, folder / "acme"
        self.vpcs: dict[str, Vpc] = {}
        self._made = ExitStack()  # backwards, as far as it came
        try:
            self._build(database)
        except BaseException:
            self.close()
            raise

    def _build(self, database: Database) -> None:
        folder = self.folder
        (namespace,) = Namespace.make("postgresql2")
        self._made.callback(namespace.delete)
        self.topology = Topology(db=database.namespace)
        self._made.callback(self.topology.close)
        self.client = self.topology.client
        self.second = SecondVpc(self.topology, namespace)
        self._made.callback(self.second.close)
        self.database = Database(namespace, folder / "pg")
        self._made.callback(self.database.close)
        for name, server in (("blue", database), ("green", self.database)):
            server.sql(f"CREATE TABLE IF NOT EXISTS vpc AS SELECT '{name}' AS name", "app")
            server.sql("GRANT SELECT ON vpc TO app", "app")
        self._write_network()
        for name, router, server in (
            ("blue", self.topology.router, database),
            ("green", self.second.router, self.database),
        ):
            self.vpcs[name] = Vpc(self._start(name, router), router, server)
        self.tunnel = Tunnel(self.client, "laptop", (folder / "laptop.conf").read_text(), folder / "client")
        self.tunnel.up()

    def _write_network(self) -> None:
        first = ("--name", "acme", "--site", "blue", "--routes", VPC_PREFIX, "--router", "router-blue", "--no-keys")
        shell.run("causeway", "network", "init", str(self.network), "--pool", POOL, *first)
        blue = self.network / "sites/blue.toml"
        with_alias = 'routes = [{{ prefix = "{}", alias = "{}" }}]'
        text, times = re.subn(r"(?m)^routes = .*$", with_alias.format(VPC_PREFIX, "100.80.0.0/16"), blue.read_text())
        assert times == 1
        blue.write_text(text)
        (self.network / "sites/green.toml").write_text(
            f'id = 2\n{with_alias.format(VPC_PREFIX, "100.81.0.0/16")}\n\n[[router]]\nname = "router-green"\n'
        )
        for name, public in (("blue", ROUTER_PUBLIC), ("green", ROUTER2_PUBLIC)):
            where = ("--site", name, "--endpoint", f"{public}:51820", "--private-key", str(self.folder / f"{name}.key"))
            self.causeway("gateway", "add", name, *where)
        (self.folder / "client").mkdir()
        self.causeway("peer", "add", "laptop", "--output", str(self.folder / "laptop.conf"))
        assert "network acme: 2 sites, 2 gateways, 1 peer" in shell.run("causeway", "check", str(self.network))

    def _start(self, name: str, router: Namespace) -> Agent:
        folder = self.folder / f"router-{name}"
        folder.mkdir()
        config = f'name = "router-{name}"\nsite = "{name}"\nnetwork = "{self.network}"\n'
        key = f'\n[[key]]\ngateway = "{name}"\nsource = "{self.folder / name}.key"\n'
        agent = Agent(router, None, folder, config + key)
        self._made.callback(agent.close)
        return agent.start()

    def causeway(self, *args: str) -> str:
        return shell.run("causeway", *args, "--network", str(self.network))

    def forms(self, site: str) -> tuple[str, str]:
        """Of the database's address: as `causeway via` says, and the alias as the network's files have it."""
        said = self.causeway("via", DATABASE, "--site", site)
        found = dict(line.split(maxsplit=1) for line in said.splitlines())
        assert (found["site"], found["alias"]) == (site, ALIAS[site])
        return found["4via6"], found["alias"]

    def reload(self) -> None:
        for vpc in self.vpcs.values():
            vpc.agent.reload()

    def close(self) -> None:
        self._made.close()


@pytest.fixture(scope="module")
def two(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoVpcs]:
    made = TwoVpcs(database, tmp_path_factory.mktemp("two"))
    yield made
    made.close()


def every_form(two: TwoVpcs) -> list[tuple[str, str]]:
    return [(site, form) for site in SITES for form in two.forms(site)]


def test_one_client_asks_both_databases_at_once_by_each_form(two: TwoVpcs) -> None:
    def ask(asked: tuple[str, str]) -> str:
        site, form = asked
        return psql(two.client, two.vpcs[site].database, "SELECT name, host(inet_client_addr()) FROM vpc", host=form)

    asked = every_form(two)
    with ThreadPoolExecutor(len(asked)) as pool:
        answers = list(pool.map(ask, asked))
    assert answers == [f"{site}|{ROUTER}" for site, _ in asked]


def test_ping_and_traceroute_show_the_form_that_was_asked_for(two: TwoVpcs) -> None:
    for _, form in every_form(two):
        said = two.client.run("ping", "-c2", "-W5", form)
        assert f"bytes from {form}" in said, said
        # As traceroute does: the router is the first hop, and the database the second.
        first = two.client.run("ping", "-c1", "-t1", "-W5", form, check=False)
        assert re.search(r"[Tt]ime (to live )?exceeded", first), first
        if form in ALIAS.values():  # an alias hides who answers on the way, as any NAT does
            assert f"From {form}" in first, first
        assert f"bytes from {form}" in two.client.run("ping", "-c1", "-t2", "-W5", form)


def test_a_udp_service_answers(two: TwoVpcs) -> None:
    for site in SITES:
        two.vpcs[site].db.start("socat", "UDP4-RECVFROM:7000,fork", f"SYSTEM:echo {site}; cat")
        shell.until("UDP port 7000", lambda db=two.vpcs[site].db: ":7000 " in db.run("ss", "-Hlun"))
    for site, form in every_form(two):
        address = f"UDP6:[{form}]:7000" if ":" in form else f"UDP4:{form}:7000"
        assert two.client.run("bash", "-c", f"echo hello | socat -t3 - {address}").split() == [site, "hello"]


# The long form has each way by each form; the short one is slow enough with one way by each.
WAYS = [(form, way) for form in (0, 1) for way in (0, 1) if LONG or form == way]


@pytest.mark.parametrize("form,way", WAYS, ids=[f"{('4via6', 'alias')[f]}, {('there', 'back')[w]}" for f, w in WAYS])
def test_bulk_arrives_whole(two: TwoVpcs, tmp_path: Path, form: int, way: int) -> None:
    site = SITES[form]
    db, to = two.vpcs[site].db, two.forms(site)[form]
    port = 7001 + 2 * form + way
    listens, connects = f"TCP4-LISTEN:{port},reuseaddr", f"TCP6:[{to}]:{port}" if ":" in to else f"TCP4:{to}:{port}"
    # Hashed on their way, since the long form's are more than the VM's memory.
    sends = f"b2sum <sent >sent.sum & head -c {MEGABYTES}M /dev/urandom | tee sent | socat -u -b65536 - %s && wait $!"
    receives = "socat -u -b65536 %s - | b2sum >received.sum"
    shell.run("mkfifo", str(tmp_path / "sent"))
    (server_does, client_does) = ((receives, sends), (sends, receives))[way]

    def bash(command: str) -> tuple[str, ...]:
        return ("bash", "-c", f"set -o pipefail; cd {tmp_path}; {command}")

    server = db.start(*bash(server_does % listens))
    shell.until(f"TCP port {port}", lambda: f":{port} " in db.run("ss", "-Hltn"))
    two.client.run(*bash(client_does % connects), timeout=TRANSFER_SECONDS)
    assert server.wait(timeout=TRANSFER_SECONDS) == 0
    sent, received = ((tmp_path / f"{name}.sum").read_text() for name in ("sent", "received"))
    assert sent == received != ""


def test_a_refused_connection_fails_at_once(two: TwoVpcs) -> None:
    for _, form in every_form(two):
        started = time.monotonic()
        address = f"/dev/tcp/{form}/{UNUSED}"
        assert not two.client.succeeds("timeout", "10", "bash", "-c", f"exec 3<>{address}")
        assert time.monotonic() - started < 4


def test_what_is_no_form_of_the_site_leads_nowhere(two: TwoVpcs) -> None:
    nobodys = "100.82.1.5"
    blue = two.vpcs["blue"]
    (key,) = re.findall(r'public_key = "(.+)"', (two.network / "sites/blue.toml").read_text())
    allowed = next(line for line in two.client.run("wg", "show", "laptop", "allowed-ips").splitlines() if key in line)
    more = ",".join([*allowed.split()[1:], f"{nobodys}/32"])
    two.client.run("wg", "set", "laptop", "peer", key, "allowed-ips", more)
    two.client.ip(f"route add {nobodys} dev laptop")
    came = PacketCounter(blue.router, f'iifname "cw-*" ip daddr {nobodys}', "came")
    left = PacketCounter(two.topology.vpc, f"ip daddr {nobodys}", "left")
    assert not two.client.succeeds("ping", "-c1", "-W1", nobodys)
    assert (came.packets() > 0, left.packets()) == (True, 0)


def test_a_flushed_ruleset_stops_an_alias_and_never_opens_it(two: TwoVpcs) -> None:
    """conntrack goes on translating what was open: only the mark that nobody gives stops it."""
    green, alias = two.vpcs["green"], ALIAS["green"]
    came = PacketCounter(green.db, "icmp type echo-request", "came")
    with (two.folder / "flushed.txt").open("w") as output:
        ping = two.client.start("ping", "-i0.2", alias, output=output)
    shell.until("a flow", lambda: came.packets() > 2)
    green.agent.stop()
    green.router.run("nft", "flush", "ruleset")
    before = came.packets()
    assert not two.client.succeeds("ping", "-c3", "-W1", alias)
    assert came.packets() == before
    ping.kill()
    green.agent.start()
    assert two.client.succeeds("ping", "-c1", "-W5", alias)


def test_an_alias_that_goes_ends_what_it_had_opened_and_nothing_else(two: TwoVpcs) -> None:
    green, site = two.vpcs["green"], two.network / "sites/green.toml"
    tracked = lambda: green.router.run("conntrack", "-L", "-p", "icmp", "-o", "id")  # noqa: E731
    green.router.run("conntrack", "-F")
    pings = [two.client.start("ping", "-q", "-i0.2", form) for form in two.forms("green")]
    shell.until("a flow of each", lambda: ALIAS["green"] in tracked() and f"dst={DATABASE} type=8" in tracked())
    (kept,) = re.findall(rf"dst={DATABASE} type=8 .* id=(\d+)", tracked())
    text = site.read_text()
    site.write_text(re.sub(r"(?m)^routes = .*$", f'routes = ["{VPC_PREFIX}"]', text))
    green.agent.reload()
    assert ALIAS["green"] not in tracked()
    assert f" id={kept}" in tracked()
    for ping in pings:
        ping.kill()
    site.write_text(text)
    green.agent.reload()
    assert two.client.succeeds("ping", "-c1", "-W5", ALIAS["green"])


def test_a_rule_governs_every_form_at_its_site_and_ends_what_is_open(two: TwoVpcs) -> None:
    """The last test: what it leaves is a network with a policy."""
    policy = two.network / "policy.toml"
    policy.write_text(POLICY.replace("SITE", "green"))
    two.reload()
    for site, form in every_form(two):
        assert two.client.succeeds("ping", "-c1", "-W3", form) == (site == "green"), form
        # Refused by the policy or by the host, at once: who asks has to hear it by the form that was asked for.
        started = time.monotonic()
        assert not two.client.succeeds("timeout", "10", "bash", "-c", f"exec 3<>/dev/tcp/{form}/{UNUSED}")
        assert time.monotonic() - started < 4, form
    by_4via6, by_alias = two.forms("green")
    explained = two.causeway("policy", "explain", "--from", "laptop", "--to", f"{by_alias}:5432/tcp")
    assert f"{DATABASE} at green, tcp/5432: allowed" in explained, explained
    green = two.vpcs["green"]
    (rule,) = green.agent.status()["rules"]
    pings = []
    for number, form in enumerate((by_4via6, by_alias)):
        heard = two.folder / f"pings-{number}.txt"
        with heard.open("w") as output:
            pings.append(two.client.start("ping", "-i0.2", form, output=output))
        shell.until("a flow", lambda heard=heard: heard.read_text().count("bytes from") > 2)
    assert green.agent.status()["rules"][0]["connections"] >= rule["connections"] + 2
    assert ALIAS["green"] in green.router.run("conntrack", "-L", "-p", "icmp")
    policy.write_text(POLICY.replace("SITE", "blue"))
    two.reload()
    assert DATABASE not in green.router.run("conntrack", "-L", "-p", "icmp")
    for ping in pings:
        ping.kill()
    for site, form in every_form(two):
        assert two.client.succeeds("ping", "-c1", "-W3", form) == (site == "blue"), form
