# SPDX-License-Identifier: Apache-2.0
"""Two routers that share a gateway: the VPC of lab/topology.py with a second router, and etcd beside its gateway.

    client ---- nat ---- internet ---- vpc ---+--- router   10.0.0.10
                                      etcd    +--- router2  10.0.0.11
                                              +--- db       10.0.1.5

What comes to the gateway's public address goes to 10.0.0.20, which moves between the routers. The way between the NAT
and the internet takes 20 ms in each direction.
"""

from __future__ import annotations

import ctypes
import http.client
import json
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from lab import shell
from lab.database import Database
from lab.etcd import Etcd
from lab.namespace import Namespace
from lab.router import GATEWAY, POOL, READY_SECONDS, SANITIZER_REPORT, Agent, Network
from lab.topology import ROUTER, ROUTER_6, ROUTER_PUBLIC, Topology, plug_in

OUTER = "10.0.0.20"
EGRESS = {
    "masquerade": '{ mode = "masquerade" }',
    "floating": '{ mode = "floating", address = "10.0.0.30" }',
    "routed": '{ mode = "routed" }',
}
ROUTER_B = "10.0.0.11"
ROUTER_B_6 = "2001:db8:10::11"
ARBITER = "10.0.0.1"
DELAY_MS = 20  # each way: 40 ms there and back
PROBE_SECONDS = 0.01


class Journal:
    """What a process says, with the time at which it says it, by the monotonic clock; also in a file."""

    def __init__(self, file: Path) -> None:
        self.entries: list[tuple[float, str]] = []
        self.hook: Callable[[str], None] | None = None  # called with each line, by the thread that reads it
        self._file = file
        self._reader: threading.Thread | None = None

    def follow(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self._file.touch()
        self._reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        self._reader.start()

    def wait(self) -> None:
        """Until all is read of a process that has ended."""
        if self._reader is not None:
            self._reader.join(timeout=shell.COMMAND_SECONDS)

    def _read(self, output: IO[str]) -> None:
        with self._file.open("a", buffering=1) as kept:
            for line in output:
                if self.hook is not None:
                    self.hook(line)
                self.entries.append((time.monotonic(), line.rstrip()))
                kept.write(line)

    def since(self, when: float) -> list[tuple[float, str]]:
        return [entry for entry in list(self.entries) if entry[0] >= when]


class Failover:
    """`causeway-failover` by hand, as root, beside the agent of a namespace."""

    def __init__(self, agent: Agent, folder: Path) -> None:
        self.agent, self.namespace = agent, agent.namespace
        self.runtime = agent.failover
        self.log = folder / "causeway-failover.log"
        self.journal = Journal(self.log)
        self.process: subprocess.Popen[str] | None = None

    @property
    def socket(self) -> Path:
        return self.runtime / "control.sock"

    def start(self) -> Failover:
        self.process = self.namespace.start(
            *("causeway-failover", "--config", str(self.agent.config)),
            *("--runtime-dir", str(self.runtime), "--agent-dir", str(self.agent.runtime)),
            output=subprocess.PIPE,
        )
        self.journal.follow(self.process)
        shell.until("failover answering", self.is_running, READY_SECONDS)
        return self

    def is_running(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"causeway-failover exited {self.process.returncode}:\n{self.log.read_text()[-4000:]}")
        return bool(self.status())

    def status(self) -> dict[str, Any]:
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(shell.COMMAND_SECONDS)
        try:
            connection.sock.connect(str(self.socket))
            connection.request("GET", "/v1/failover")
            return dict(json.load(connection.getresponse()))
        except (OSError, http.client.HTTPException):
            return {}
        finally:
            connection.close()

    def role(self, gateway: str = GATEWAY) -> str:
        return next((str(each["role"]) for each in self.status().get("gateways", []) if each["name"] == gateway), "")

    def cli(self, *args: str, check: bool = True) -> str:
        return self.namespace.run("causeway", "ha", "--failover-socket", str(self.socket), *args, check=check)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=30)
        self.process = None

    def stop(self) -> None:
        """As systemd does: it hands over first."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)
        self.process = None
        self.journal.wait()

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self.journal.wait()
        log = self.log.read_text(errors="replace") if self.log.exists() else ""
        found = SANITIZER_REPORT.search(log)
        if found:
            raise AssertionError(log[found.start() :][:4000])


class Member:
    """A router: its agent and its failover."""

    def __init__(self, name: str, namespace: Namespace, network: Network, etcd: Etcd, folder: Path) -> None:
        self.name, self.namespace = name, namespace
        folder.mkdir()
        self.agent = Agent(namespace, None, folder)
        self.agent.config.write_text(f'name = "{name}"\nsite = "prod"\nnetwork = "{network.folder}"\n')
        self.agent.give_key(GATEWAY, network.keys)
        with self.agent.config.open("a") as config:
            config.write(f'outer = "{OUTER}"\n\n[failover]\ninterface = "eth0"\netcd = "{etcd.endpoint}"\n')
            config.write(f'etcd_ca_file = "{etcd.authority}"\n')
        self.failover = Failover(self.agent, folder)

    def start(self) -> None:
        self.agent.start()
        self.failover.start()

    def die(self) -> None:
        """Its processes and its link at one instant, as a machine that lost its power."""
        pids = [str(process.pid) for process in (self.agent.process, self.failover.process) if process]
        script = f"ip link set eth0 down & kill -9 {' '.join(pids)}; wait"
        self.namespace.run("bash", "-c", script)
        for process in (self.agent.process, self.failover.process):
            if process:
                process.wait(timeout=30)
        self.agent.process = self.failover.process = None

    def close(self) -> None:
        self.failover.close()
        self.agent.close()


def trust_the_clock() -> None:
    """Nothing keeps the clock of this machine, which is thrown away: the kernel is told that it is right (adjtimex(2))."""
    timex = (ctypes.c_long * 26)()
    timex[0] = 0x0010 | 0x0004 | 0x0008  # ADJ_STATUS, ADJ_MAXERROR, ADJ_ESTERROR: all to 0
    if ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex)) < 0:
        raise OSError(ctypes.get_errno(), "adjtimex")


def join_the_subnet(router: Namespace, address: str, address_6: str) -> None:
    """By its eth0."""
    router.ip(
        "link set eth0 up",
        f"address add {address}/16 dev eth0",
        f"address add {address_6}/64 dev eth0 nodad",
        "route add default via 10.0.0.1",
        "route add default via 2001:db8:10::1",
    )


class Site:
    """Both routers, etcd and a client; use as a context manager. `egress`: of the gateway, as its table says it."""

    def __init__(self, database: Database | None, folder: Path, egress: str = EGRESS["masquerade"]) -> None:
        self.folder = folder
        trust_the_clock()
        self.topology = Topology(db=database.namespace if database else None)
        try:
            self._add_router()
            self.topology.vpc.nft(f"flush table ip internet_gateway\n{_INTERNET_GATEWAY}")
            for end, port in ((self.topology.nat, "wan"), (self.topology.internet, "home")):
                end.run("tc", "qdisc", "add", "dev", port, "root", "netem", "delay", f"{DELAY_MS}ms")
            self.network = Network(folder / "network")
            self._share_the_gateway(egress)
            # Under `routed` the site needs the way to the block: it is where the gateway is.
            self.topology.db.ip(f"route add {POOL} via {OUTER}")
            self.etcd = Etcd(self.topology.vpc, ARBITER, _made(folder / "etcd"))
            self.routers = self._members()
        except BaseException:
            self.topology.close()
            raise

    def _add_router(self) -> None:
        (self.router_b,) = made = Namespace.make("router2")
        self.topology._made.extend(made)
        self._plug_in(self.router_b, "port2", ROUTER_B, ROUTER_B_6)

    def _members(self) -> dict[str, Member]:
        namespaces = {"r1": self.topology.router, "r2": self.router_b}
        return {
            name: Member(name, namespace, self.network, self.etcd, self.folder / name) for name, namespace in namespaces.items()
        }

    def _plug_in(self, router: Namespace, port: str, address: str, address_6: str) -> None:
        router.sysctl(net__ipv6__conf__default__accept_dad=0)
        plug_in([(router, "eth0", self.topology.vpc, port)])
        self.topology.vpc.ip(f"link set {port} up master subnet")
        join_the_subnet(router, address, address_6)

    def power_on(self, router: Member) -> None:
        """One that died: as after a boot its kernel knows nothing of what it was, and its disk is as it was."""
        namespace = router.namespace
        namespace.run("ip", "link", "delete", "eth0")  # with both ends, at once
        namespace.delete()
        Namespace.make(namespace.name)
        first = namespace is self.topology.router
        self._plug_in(namespace, *(("port0", ROUTER, ROUTER_6) if first else ("port2", ROUTER_B, ROUTER_B_6)))
        router.start()

    def _share_the_gateway(self, egress: str) -> None:
        site = self.network.folder / "sites/prod.toml"
        second = f'[[router]]\nname = "r2"\naddress = "{ROUTER_B}"\n\n[[gateway]]'
        site.write_text(site.read_text().replace("[[gateway]]", second, 1) + f"egress = {egress}\n")

    def __enter__(self) -> Site:
        try:
            self.etcd.start()
            for router in self.routers.values():
                router.start()
            shell.until("an owner", lambda: self.owner() is not None)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for router in self.routers.values():
            router.close()
        self.etcd.close()
        shutil.rmtree(self.etcd.folder / "data", ignore_errors=True)  # 128 MB in memory, each
        self.topology.close()

    def owner(self) -> Member | None:
        active = [each for each in self.routers.values() if each.failover.role() == "active"]
        return active[0] if len(active) == 1 else None

    def other(self, than: Member) -> Member:
        return next(each for each in self.routers.values() if each is not than)

    def story(self) -> str:
        """Both journals, for a test that fails."""
        return "\n".join(f"--- {each.name}\n{each.failover.log.read_text()[-3000:]}" for each in self.routers.values())


class Probe:
    """A ping every 10 ms from the client, and the longest time without an answer."""

    def __init__(self, client: Namespace, target: str, file: Path) -> None:
        self._file = file
        with file.open("w") as output:
            self._ping = client.start("ping", "-D", "-O", "-i", str(PROBE_SECONDS), target, output=output)

    def answers(self) -> int:
        return self._file.read_text(errors="replace").count("bytes from")

    def times(self) -> list[float]:
        """Of the answers, by the wall clock."""
        return [float(time) for time in re.findall(r"^\[([0-9.]+)\] \d+ bytes from", self._file.read_text(), re.MULTILINE)]

    def gap(self) -> float:
        """Ends it; in seconds, from one answer to the next."""
        self._ping.send_signal(signal.SIGINT)
        self._ping.wait(timeout=20)
        times = self.times()
        return max((b - a for a, b in zip(times, times[1:])), default=float("inf"))


class Opening:
    """The next opening of a router's gate, seen in its journal within 10 ms."""

    def __init__(self, router: Member) -> None:
        self._log = router.failover.log
        self._known = self._log.stat().st_size
        self._at = 0.0
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()

    def _look(self) -> None:
        deadline = time.monotonic() + shell.COMMAND_SECONDS
        with self._log.open("rb") as log:
            log.seek(self._known)
            told = b""
            while b"its gate is open" not in told and time.monotonic() < deadline:
                told += log.read()
                time.sleep(PROBE_SECONDS)
        self._at = time.time()

    def when(self) -> float:
        """By the wall clock, in seconds."""
        self._watch.join()
        return self._at


class Flows:
    """TCP connections from the client to the site's host, of all kinds (lab/flows.py)."""

    def __init__(self, client: Namespace, host: Namespace, *addresses: str, verb: str = "use") -> None:
        self._server = host.start("/usr/bin/python3", "-B", str(_FLOWS), "serve")
        shell.until("the flows' server", lambda: ":7003 " in host.run("ss", "-Hltn"))
        command = client.command("/usr/bin/python3", "-B", str(_FLOWS), verb, *addresses)
        self._client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._client.stdout
        assert self._client.stdout.readline() == "open\n"

    def look(self) -> dict[str, float | str]:
        """By kind, of those in use: seconds since the last byte, or what ended it."""
        assert self._client.stdin
        assert self._client.stdout
        self._client.stdin.write("look\n")
        self._client.stdin.flush()
        return dict(json.loads(self._client.stdout.readline()))

    def end(self) -> dict[str, float | str]:
        """By kind: the longest stall in seconds, or what ended it."""
        return dict(json.loads(self._told()))

    def ends(self) -> dict[str, tuple[str, float] | None]:
        """By kind, of `watch`: what ended it, and when."""
        return {what: (end[0], end[1]) if end else None for what, end in json.loads(self._told()).items()}

    def has_ended(self) -> bool:
        return self._client.poll() is not None

    def _told(self) -> str:
        told, _ = self._client.communicate("end\n" if self._client.poll() is None else None, timeout=shell.COMMAND_SECONDS)
        self._server.kill()
        self._server.wait(timeout=10)
        return told


_FLOWS = Path(__file__).with_name("flows.py")
_INTERNET_GATEWAY = f"""
table ip internet_gateway {{
  chain prerouting {{ ip daddr {ROUTER_PUBLIC} dnat to {OUTER}; }}
  chain postrouting {{ oifname "wan" ip saddr {OUTER} snat to {ROUTER_PUBLIC}; }}
}}
"""


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
