# SPDX-License-Identifier: Apache-2.0
"""The first weeks of a network as a new user lives them, by the commands of README and causeway(1): one story in order.

An administrator on the internet has the network directory and its keys, and publishes to a web server. Two routers fetch
from it: `router-a` in the VPC with the database, and later `router-b` in a branch office. Alice and Bob have stock apps.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab import shell
from lab.client import Tunnel, psql
from lab.database import PASSWORD, Database
from lab.namespace import Namespace
from lab.router import READY_SECONDS, Agent
from lab.topology import DATABASE, ROUTER, ROUTER_PUBLIC, VPC_PREFIX, Topology

SERVER = Path(__file__).parents[2] / "lab/https_server.py"
ADMIN = "203.0.113.1"  # the internet's side of the laptops' NAT
WEB_PORT = 8443
REPORTS, REPORTS_PREFIX = "10.30.0.5", "10.30.0.0/16"  # what the VPC has one day beside the database
BRANCH_PUBLIC, PRINTER, BRANCH_PREFIX = "192.0.2.30", "10.77.0.5", "10.77.0.0/16"
REVOKED_WITHIN = 10.0
SILENT = 3.0  # a flow that asks every FLOW_INTERVAL and had no answer for so long is dead
FLOW_INTERVAL = 0.2
TRIAL = 40  # seconds within which a change has to be confirmed
NO_KEY = "# PrivateKey = (the device's own)"

POLICY = f"""
[[rule]]
name = "database"
from = "any"
to = "{DATABASE}"
ports = ["tcp/5432", "icmp"]
"""
RULE_FOR_REPORTS = f"""
[[rule]]
name = "reports"
from = "any"
to = "{REPORTS_PREFIX}"
ports = "icmp"
"""
RULE_FOR_THE_BRANCH = """
[[rule]]
name = "branch"
from = "any"
to = "site:branch"
ports = "icmp"
"""
ROUTER_CONFIG = """name = "{name}"
site = "{site}"
network = "{url}"
trusted_keys = ["{daily}", "{recovery}"]
fetch_interval = "5s"
ca_file = "{authority}"

[[key]]
gateway = "{gateway}"
source = "{key}"
"""


class Flow:
    """A session with the database that asks again and again; each answer is a line in a file."""

    def __init__(self, client: Namespace, database: Database, folder: Path) -> None:
        statements = folder / f"{client.name}.sql"
        statements.write_text(f"SELECT 1 \\watch {FLOW_INTERVAL}\n")
        self.file = folder / f"{client.name}-answers.txt"
        command = ("stdbuf", "-oL", database.program("psql"), "-AtX", "-f", str(statements), database.address())
        with self.file.open("w") as output:
            self.process = client.start("env", f"PGPASSWORD={PASSWORD}", *command, output=output)
        self.next_answer()

    def answers(self) -> int:
        return self.file.read_text().splitlines().count("1")

    def next_answer(self) -> None:
        before = self.answers()
        shell.until("an answer of the database", lambda: self.answers() > before)

    def last_answer(self, timeout: float) -> float:
        """When the last one came, once there are no more."""

        def silent() -> bool:
            return time.time() - self.file.stat().st_mtime > SILENT

        shell.until("the end of the flow", silent, timeout)
        return self.file.stat().st_mtime


class Story:
    """The places and the people. What an earlier test made is there for the later ones."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.network, self.keys, self.web = folder / "acme", folder / "acme-keys", folder / "web"
        self.url = f"https://{ADMIN}:{WEB_PORT}/acme.netmap"
        self.topology = Topology(db=database.namespace, clients=2)
        self.alice, self.bob = self.topology.clients
        self.admin = self.topology.internet
        self.branch: list[Namespace] = []
        self.routers: list[Agent] = []
        self.server = self.serve()

    def serve(self) -> subprocess.Popen[str]:
        self.web.mkdir()
        said = self.folder / "server.txt"
        with said.open("w") as output:
            command = ("python3", "-B", str(SERVER), str(self.web), "--address", ADMIN, "--port", str(WEB_PORT))
            server = self.admin.start(*command, output=output)
        shell.until("the web server", lambda: "listening" in said.read_text())
        return server

    def close(self) -> None:
        try:
            for router in self.routers:
                router.close()
        finally:
            for namespace in self.branch:
                namespace.delete()
            self.topology.close()

    def causeway(self, *args: str) -> str:
        """A command of the administrator's; what it says on both outputs."""
        command = self.admin.command("causeway", *args)
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=shell.COMMAND_SECONDS, check=False
        )
        assert done.returncode == 0, f"{' '.join(args)}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def in_network(self, *args: str) -> str:
        return self.causeway(*args, "--network", str(self.network))

    def signed_by(self, key: str) -> tuple[str, ...]:
        return ("--key", str(self.keys / f"{key}.key"), "--ca-file", str(self.web / "tls/ca.pem"))

    def publish(self, *options: str) -> str:
        """Publishes the directory, and waits until every router has it by itself."""
        said = self.causeway("netmap", "publish", str(self.network), self.url, *self.signed_by("acme-daily"), *options)
        self.wait_for(said)
        return said

    def wait_for(self, said: str) -> None:
        found = re.search(r"published serial (\d+)", said)
        assert found, said
        serial = int(found[1])

        def in_force() -> bool:
            return all(router.status().get("signed_source", {}).get("serial") == serial for router in self.routers)

        shell.until(f"serial {serial}", in_force, READY_SECONDS)

    def start_router(self, name: str, site: str, gateway: str, where: Namespace) -> Agent:
        folder = self.folder / name
        folder.mkdir()
        daily, recovery = (self.public_key(f"acme-{which}") for which in ("daily", "recovery"))
        config = ROUTER_CONFIG.format(
            name=name, site=site, gateway=gateway, url=self.url, daily=daily, recovery=recovery,
            authority=self.web / "tls/ca.pem", key=self.folder / f"{gateway}.key",
        )  # fmt: skip
        self.routers.append(Agent(where, None, folder, config))
        return self.routers[-1].start()

    def public_key(self, name: str) -> str:
        return (self.keys / f"{name}.key.pub").read_text().splitlines()[-1]

    def add_peer(self, person: str) -> Path:
        """A new laptop; the file with its configuration."""
        file = self.folder / f"{person}.conf"
        self.in_network("peer", "add", f"{person}-laptop", "--user", f"{person}@example.com", "--output", str(file))
        return file

    def edit(self, file: str, change: Callable[[str], str]) -> None:
        """What a person does in an editor."""
        path = self.network / file
        before = path.read_text() if path.exists() else ""
        path.write_text(change(before))
        assert path.read_text() != before

    def connect(self, client: Namespace, file: Path) -> Tunnel:
        tunnel = Tunnel(client, file.stem, file.read_text(), file.parent)
        tunnel.up()
        return tunnel

    def sees(self, client: Namespace) -> str:
        """Whom the database sees when a client connects."""
        return psql(client, self.database, "SELECT host(inet_client_addr())")

    def set_up_branch(self) -> Namespace:
        """router-b at 192.0.2.30 on the internet, with a printer behind it."""
        self.branch += Namespace.make("branch", "printer")
        router, printer = self.branch
        shell.run(
            *("ip", "-batch", "-"),
            stdin=f"link add branch netns {self.admin.name} type veth peer name eth0 netns {router.name}\n"
            f"link add lan netns {router.name} type veth peer name eth0 netns {printer.name}\n",
        )
        self.admin.ip("link set branch up", "address add 192.0.2.1/24 dev branch")
        router.ip(
            *("link set eth0 up", f"address add {BRANCH_PUBLIC}/24 dev eth0", "route add default via 192.0.2.1"),
            *("link set lan up", "address add 10.77.0.1/16 dev lan"),
        )
        printer.ip("link set eth0 up", f"address add {PRINTER}/16 dev eth0")
        return router

    def secrets(self) -> dict[str, str]:
        """Every private key there is, by its file."""
        found = {}
        for file in self.folder.glob("*.conf"):
            found[file.name] = re.findall(r"(?m)^PrivateKey = (.+)$", file.read_text())[0]
        for file in [*self.folder.glob("*.key"), *self.keys.glob("*.key")]:
            found[file.name] = file.read_text().split()[-1]
        return found


@pytest.fixture(scope="module")
def story(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    made = Story(database, tmp_path_factory.mktemp("story"))
    yield made
    made.close()


def reaches(client: Namespace, address: str) -> bool:
    return client.succeeds("ping", "-c1", "-W2", address)


def test_from_an_empty_directory_to_two_laptops_with_psql(story: Story) -> None:
    network = str(story.network)
    init = ("--name", "acme", "--site", "office", "--routes", VPC_PREFIX, "--router", "router-a", "--no-passphrase")
    assert "acme-daily.key" in story.causeway("network", "init", network, *init)
    story.edit("network.toml", lambda text: text.replace("#client_routes", "client_routes"))
    key = ("--private-key", str(story.folder / "main.key"))
    endpoint = ("--endpoint", f"{ROUTER_PUBLIC}:51820", "--routers", "router-a")
    story.in_network("gateway", "add", "main", "--site", "office", *endpoint, *key)
    story.causeway("netmap", "keygen", str(story.keys / "oncall.key"), "--no-passphrase")
    story.edit("network.toml", lambda text: f'{text}revokers = ["{story.public_key("oncall")}"]\n')
    story.edit("policy.toml", lambda _: POLICY)
    alice = story.add_peer("alice")
    assert alice.stat().st_mode & 0o777 == 0o600
    assert story.causeway("check", network) == "network acme: 1 site, 1 gateway, 1 peer\n"
    story.publish()
    story.start_router("router-a", "office", "main", story.topology.router)
    story.connect(story.alice, alice)
    assert story.sees(story.alice) == ROUTER

    bob = story.add_peer("bob")
    assert "+ bob-laptop" in story.publish()
    story.connect(story.bob, bob)
    assert story.sees(story.bob) == ROUTER


def test_a_route_a_router_and_a_rule_reach_a_client_that_nobody_touches(story: Story) -> None:
    story.topology.vpc.ip(f"address add {REPORTS}/32 dev lo")
    peer = story.network / "peers/alice-laptop.toml"
    before = peer.read_text()
    assert not reaches(story.alice, REPORTS)
    story.edit(
        "sites/office.toml",
        lambda text: text.replace(f'"{VPC_PREFIX}"', f'"{VPC_PREFIX}", "{REPORTS_PREFIX}"')
        + '\n[[router]]\nname = "router-spare"\n',
    )
    story.edit("policy.toml", lambda text: text + RULE_FOR_REPORTS)
    assert story.in_network("peer", "stale") == "every configuration that is known is current\n"
    said = story.publish("--confirm", "10m")
    assert ("+ router router-spare" in said, "must import" in said) == (True, False), said
    story.wait_for(story.causeway("netmap", "confirm", story.url, *story.signed_by("acme-daily")))
    assert peer.read_text() == before
    shell.until("the reports", lambda: reaches(story.alice, REPORTS))
    assert story.sees(story.alice) == ROUTER


def test_a_second_site_is_reached_once_the_configuration_is_issued_again(story: Story) -> None:
    office = story.set_up_branch()
    site = f'id = 2\nroutes = ["{BRANCH_PREFIX}"]\n\n[[router]]\nname = "router-b"\n'
    story.edit("sites/branch.toml", lambda _: site)
    key = ("--private-key", str(story.folder / "branch.key"))
    story.in_network("gateway", "add", "branch", "--site", "branch", "--endpoint", f"{BRANCH_PUBLIC}:51820", *key)
    story.edit("policy.toml", lambda text: text + RULE_FOR_THE_BRANCH)
    stale = story.in_network("peer", "stale")
    for person in ("alice", "bob"):
        assert re.search(rf"(?m)^{person}-laptop +{person}@example.com +works, lacks site branch$", stale), stale
    story.publish()
    story.start_router("router-b", "branch", "branch", office)
    assert not reaches(story.alice, PRINTER)
    assert story.sees(story.alice) == ROUTER

    file = story.folder / "alice.conf"
    secret = re.findall(r"(?m)^PrivateKey = .+$", file.read_text())[0]
    again = story.folder / "again.conf"
    issue = ("peer", "config", "alice-laptop", "--sites", "all", "--issue", "--output", str(again))
    story.in_network(*issue)
    assert "alice-laptop" not in story.in_network("peer", "stale")
    said = story.publish()
    assert ("alice-laptop: + site branch" in said, "must import" in said) == (True, False), said
    assert NO_KEY in again.read_text()
    again.write_text(again.read_text().replace(NO_KEY, secret))
    story.alice.run("wg-quick", "down", str(file))
    story.connect(story.alice, again)
    shell.until("the printer", lambda: reaches(story.alice, PRINTER))
    assert story.sees(story.alice) == ROUTER


def test_a_laptop_revoked_in_an_emergency_loses_its_flow_and_no_other_does(story: Story) -> None:
    flows = {client: Flow(client, story.database, story.folder) for client in (story.alice, story.bob)}
    began = time.time()
    said = story.causeway("revoke", "bob-laptop", "--target", story.url, *story.signed_by("oncall"))
    assert "bob-laptop is revoked" in said
    ended = flows[story.bob].last_answer(REVOKED_WITHIN + SILENT)
    assert ended - began < REVOKED_WITHIN
    flows[story.alice].next_answer()
    assert not reaches(story.bob, DATABASE)

    story.in_network("peer", "disable", "bob-laptop")
    assert "bob-laptop: locked out" in story.publish()
    assert story.routers[0].status()["revoked"] == []
    assert not reaches(story.bob, DATABASE)
    flows[story.alice].next_answer()
    for flow in flows.values():
        flow.process.kill()
        flow.process.wait()


def test_a_published_mistake_that_nobody_confirms_is_undone(story: Story) -> None:
    good = (story.network / "policy.toml").read_text()
    story.edit("policy.toml", lambda _: "# Nobody reaches anything.\n")
    said = story.publish("--confirm", f"{TRIAL}s")
    assert f"go back to the one before after {TRIAL} s" in said
    assert not reaches(story.alice, DATABASE)
    shell.until("the way back", lambda: reaches(story.alice, DATABASE), TRIAL + READY_SECONDS)
    assert story.sees(story.alice) == ROUTER
    assert "nobody confirmed" in story.routers[0].log.read_text()

    story.edit("policy.toml", lambda _: good)
    story.publish()
    assert story.sees(story.alice) == ROUTER


def test_no_private_key_is_where_others_look(story: Story) -> None:
    secrets = story.secrets()
    assert {"alice.conf", "bob.conf", "main.key", "branch.key", "acme-daily.key", "acme-recovery.key"} <= set(secrets)
    looked_at = {str(file): file.read_bytes() for file in story.network.rglob("*") if file.is_file()}
    looked_at |= {str(file): file.read_bytes() for file in story.web.iterdir() if file.is_file()}
    for router in story.routers:
        looked_at[str(router.log)] = router.log.read_bytes()
        looked_at |= {str(file): file.read_bytes() for file in router.state.rglob("*") if file.is_file()}
        looked_at[f"status of {router.config}"] = router.cli("status", "--json", "--all").encode()
    looked_at["ps"] = shell.run("ps", "-ewwo", "args").encode()  # with the two agents in it
    assert len(looked_at) > 10
    assert b"causewayd" in looked_at["ps"]
    leaks = [(where, name) for where in looked_at for name, key in secrets.items() if key.encode() in looked_at[where]]
    assert leaks == []
