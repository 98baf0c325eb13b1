# SPDX-License-Identifier: Apache-2.0
"""A machine on which the packages are installed: the VM itself is the router, laptop and site are namespaces."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import shell
from lab.client import Tunnel
from lab.database import PASSWORD, USER, Database
from lab.namespace import Namespace
from lab.router import GATEWAY, VIA, Network
from lab.topology import DATABASE, ROUTER, ROUTER_PUBLIC

REPOSITORY = Path(__file__).resolve().parents[3]
PACKAGES = Path(os.environ.get("CW_PACKAGES", REPOSITORY / "build/package"))
UNIT = "causewayd.service"
DPKG_SECONDS = 200.0  # of one run; slow machines unpack slowly
TRAFFIC_SECONDS = 3600  # longer than any test
STALLED_SECONDS = 60.0  # a connection that lost a packet waits before it tries again
LATE_SECONDS = 10.0  # an emulated processor may stand still for a while, with packets in its queue

# The uplinks are systemd-networkd's, as in most clouds: where it manages a device, it removes other programs' routes and
# rules whenever it starts, unless it is told not to. And its own addresses, which it then adds again: KeepConfiguration=
# is the only way not to lose packets to that, as the README tells.
UPLINKS = {
    "uplink0": f"[Network]\nKeepConfiguration=static\nAddress={ROUTER_PUBLIC}/24\n",
    "site0": f"[Network]\nKeepConfiguration=static\nAddress={ROUTER}/16\nGateway=10.0.0.1\n",
}
ETC = Path("/etc/causeway")
BPF = Path("/run/causeway/bpf")  # what translators count; run-causeway-bpf.mount


def systemctl(*args: str) -> str:
    return shell.run("systemctl", *args)


def unit(name: str) -> str:
    """A property of the unit, as `systemctl show` has it."""
    return systemctl("show", "--value", "--property", name, UNIT).strip()


def start() -> None:
    """Starts the unit; a failure shows what it said."""
    if not shell.succeeds("systemctl", "start", UNIT):
        raise AssertionError(shell.run("journalctl", "--no-pager", "--unit", UNIT, "--lines", "40"))


def install(*files: Path) -> None:
    shell.run("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--install", *map(str, files), timeout=DPKG_SECONDS)


def packages() -> list[Path]:
    found = sorted(PACKAGES.glob("causeway*_amd64.deb"))
    assert len(found) == 2, f"two packages in {PACKAGES}? {found}; build them with ./dev package"
    return found


class Deployment:
    """The README's first deployment: one router, one gateway, one laptop."""

    def __init__(self, laptop: Namespace, folder: Path) -> None:
        self.modules_before = modules()
        self.forwarding_before = forwarding()
        self.network = Network(ETC / "network")
        self.device = self.network.add("laptop", "100.83.0.5")
        self.tunnel = self.network.tunnel(self.device, laptop, folder)
        text = self.tunnel.file.read_text()
        self.tunnel.file.write_text(re.sub("AllowedIPs = .*", rf"\g<0>, {VIA}", text))
        key = ETC / f"keys/{GATEWAY}.key"
        key.touch(mode=0o640)
        key.write_text(self.network.keys.private + "\n")
        shell.run("chgrp", "causeway", str(key))
        (ETC / "router.toml").write_text(
            f'name = "r1"\nsite = "prod"\n\n[[key]]\ngateway = "{GATEWAY}"\nsource = "{key}"\n'
        )


class Ping:
    """A hundred pings a second from the laptop to the site, through the tunnel."""

    def __init__(self, laptop: Namespace, folder: Path) -> None:
        self._file = folder / "ping.txt"
        with self._file.open("w") as output:
            self._process = laptop.start("ping", "-i", "0.01", DATABASE, output=output)
        self._wait_for_more()

    def _answered(self) -> list[int]:
        words = self._file.read_text().split()
        return [int(word.removeprefix("icmp_seq=")) for word in words if word.startswith("icmp_seq=")]

    def _wait_for_more(self) -> None:
        enough = len(self._answered()) + 50
        shell.until("answers to pings", lambda: len(self._answered()) >= enough)

    def lost(self) -> int:
        """How many were never answered, from the first until well after now. Late is not lost."""
        self._wait_for_more()
        last = max(self._answered())

        def missing() -> set[int]:
            return set(range(1, last + 1)) - set(self._answered())

        try:
            shell.until("the last answers", lambda: not missing(), timeout=LATE_SECONDS)
        except TimeoutError:
            pass
        return len(missing())

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


class Transactions:
    """pgbench on two connections from the laptop to the site, through the tunnel."""

    def __init__(self, laptop: Namespace, database: Database, folder: Path) -> None:
        self._log = folder / "pgbench.txt"
        self._database = database
        command = (database.program("pgbench"), "-n", "-c", "2", "-T", str(TRAFFIC_SECONDS), "-P", "1")
        with self._log.open("w") as output:
            self._process = laptop.start(
                "env", f"PGPASSWORD={PASSWORD}", *command, database.address(), output=output
            )
        self._wait_for_more()

    def _wait_for_more(self) -> None:
        def done() -> int:
            return int(self._database.sql("SELECT count(*) FROM pgbench_history", USER))

        enough = done() + 20
        shell.until(
            "transactions going on", lambda: self._process.poll() is not None or done() >= enough, STALLED_SECONDS
        )

    def failures(self) -> list[str]:
        """What pgbench has said of failed transactions and broken connections, until well after now."""
        self._wait_for_more()
        progress = re.compile(r"progress: .*, 0 failed$|pgbench \(")
        said = [line for line in self._log.read_text().splitlines() if not progress.match(line)]
        return said if self._process.poll() is None else [*said, "pgbench has ended"]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def networkd_restart() -> None:
    """Until it has configured its devices."""
    systemctl("restart", "systemd-networkd.service")
    shell.run("/usr/lib/systemd/systemd-networkd-wait-online", *(f"--interface={device}" for device in UPLINKS))


def modules() -> set[str]:
    return {line.split()[0] for line in Path("/proc/modules").read_text().splitlines()}


def mounted() -> list[str]:
    """The type of what is mounted where translators keep their counts."""
    lines = Path("/proc/mounts").read_text().splitlines()
    return [line.split()[2] for line in lines if line.split()[1] == str(BPF)]


def conntrack() -> dict[str, int]:
    """What the agent sets of connection tracking."""
    names = ("buckets", "max", "tcp_timeout_established")
    return {name: int(Path(f"/proc/sys/net/netfilter/nf_conntrack_{name}").read_text()) for name in names}


def forwarding() -> str:
    return shell.run("sysctl", "net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding")


@pytest.fixture(scope="session")
def installed() -> None:
    install(*packages())


@pytest.fixture(scope="session")
def laptop(installed: None) -> Iterator[Namespace]:
    """198.51.100.20 on the router's uplink. The site's host at the other side has no route to the overlay."""
    laptop, site = Namespace.make("laptop", "site")
    shell.run("ip", "link", "add", "uplink0", "type", "veth", "peer", "name", "eth0", "netns", "laptop")
    shell.run("ip", "link", "add", "site0", "type", "veth", "peer", "name", "eth0", "netns", "site")
    laptop.ip("address add 198.51.100.20/24 dev eth0", "link set eth0 up")
    site.ip(f"address add {DATABASE}/16 dev eth0", "link set eth0 up")
    for device, network in UPLINKS.items():
        Path(f"/etc/systemd/network/50-{device}.network").write_text(f"[Match]\nName={device}\n\n{network}")
    networkd_restart()
    yield laptop
    laptop.delete()
    site.delete()


@pytest.fixture(scope="session")
def database(laptop: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    server = Database(Namespace("site"), tmp_path_factory.mktemp("pg") / "server")
    server.fill()
    yield server
    server.close()


@pytest.fixture(scope="session")
def deployment(laptop: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    deployment = Deployment(laptop, tmp_path_factory.mktemp("laptop"))
    start()
    deployment.tunnel.up()
    return deployment


@pytest.fixture
def running(deployment: Deployment) -> Iterator[Deployment]:
    """The unit is active and the laptop reaches the site, before and after the test."""
    start()
    yield deployment
    shell.run("systemctl", "reset-failed", UNIT, check=False)


@pytest.fixture
def tunnel(running: Deployment) -> Tunnel:
    return running.tunnel


@pytest.fixture
def ping(running: Deployment, laptop: Namespace, tmp_path: Path) -> Iterator[Ping]:
    ping = Ping(laptop, tmp_path)
    yield ping
    ping.close()


@pytest.fixture
def transactions(
    running: Deployment, laptop: Namespace, database: Database, tmp_path: Path
) -> Iterator[Transactions]:
    transactions = Transactions(laptop, database, tmp_path)
    yield transactions
    transactions.close()
