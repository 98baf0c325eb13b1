# SPDX-License-Identifier: Apache-2.0
"""The topology with a network, its agent on the router, and people who connect: what most system tests start from."""

from __future__ import annotations

import re
import signal
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

from lab import shell
from lab.client import Tunnel
from lab.database import Database
from lab.namespace import Namespace
from lab.router import PORT, Agent, Device, Network
from lab.topology import DATABASE, Topology

FIRST_HOST = 10  # people's addresses begin at .10
ANSWERS_TO_THE_END = 50  # of a ping, half a second of it, so that its end is seen to be answered


class UdpSink:
    """Receives one datagram on a port and keeps it."""

    def __init__(self, namespace: Namespace, port: int, file: Path) -> None:
        self._file = file
        namespace.start("socat", "-u", f"UDP4-RECVFROM:{port}", f"CREATE:{file}")
        shell.until(f"UDP port {port}", lambda: f":{port} " in namespace.run("ss", "-Hlun"))

    def received(self) -> bytes:
        return shell.until("a datagram", lambda: self._file.exists() and self._file.read_bytes(), timeout=5) or b""


class World:
    """Use as a context manager; the agent runs when it is entered. Without a database its host only answers pings."""

    def __init__(self, database: Database | None, folder: Path, clients: int = 1) -> None:
        self.folder = folder
        self.topology = Topology(db=database.namespace if database else None, clients=clients)
        self.client, self.router = self.topology.client, self.topology.router
        self.network = Network(folder / "network")
        self.agent = Agent(self.router, self.network, folder)
        self.devices: dict[str, Device] = {}
        self._tunnels: list[Tunnel] = []
        self._added = 0

    def __enter__(self) -> World:
        try:
            self.agent.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.agent.close()
        self.topology.close()

    def add(self, name: str) -> Device:
        """A new peer of the network, taken by the agent."""
        device = self.add_without_reload(name)
        self.agent.reload()
        return device

    def add_without_reload(self, name: str) -> Device:
        device = self.network.add(name, f"100.83.0.{FIRST_HOST + self._added}")
        self._added += 1
        self.devices[name] = device
        return device

    def connect(
        self,
        name: str,
        port: int = PORT,
        in_userspace: bool = False,
        extra: tuple[str, ...] = (),
        client: Namespace | None = None,
    ) -> Tunnel:
        """A new person with a stock client whose tunnel carries packets. `extra`: more AllowedIPs than advertised."""
        client = client or self.client
        tunnel = self.network.tunnel(self.add(name), client, self.folder, port)
        if extra:
            text = tunnel.file.read_text()
            tunnel.file.write_text(re.sub("AllowedIPs = (.*)", rf"AllowedIPs = \1, {', '.join(extra)}", text))
        if in_userspace:
            tunnel.up_in_userspace()
        else:
            tunnel.up()
        self._tunnels.append(tunnel)
        shell.until(f"{name} reaching the VPC", lambda: client.succeeds("ping", "-c1", "-W2", DATABASE))
        return tunnel

    def disconnect_all(self) -> None:
        """Takes the tunnels down and the people out of the network."""
        for tunnel in self._tunnels:
            tunnel.down()
        for device in self.devices.values():
            self.network.remove(device)
        self._tunnels.clear()
        self.devices.clear()

    def ping(self, to: str = DATABASE) -> subprocess.Popen[str]:
        """A ping every 10 ms from the client, until it is asked for its count."""
        with (self.folder / "ping.txt").open("w") as output:
            return self.client.start("ping", "-O", "-i", "0.01", to, output=output)

    def lost(self, ping: subprocess.Popen[str]) -> tuple[int, int]:
        """Ends a ping that is answered; how many it sent, and how many of these, but for those still under way, had no answer."""
        file = self.folder / "ping.txt"

        def answered() -> set[int]:
            return {int(number) for number in re.findall(r"bytes from .* icmp_seq=(\d+) ", file.read_text())}

        # Else packets that are lost from some moment on, for good, would count as being under way.
        enough = len(answered()) + ANSWERS_TO_THE_END
        shell.until("answers to pings to the end", lambda: len(answered()) >= enough)
        ping.send_signal(signal.SIGINT)
        ping.wait(timeout=20)
        text = file.read_text()
        counts = re.search(r"(\d+) packets transmitted", text)
        assert counts, text[-2000:]
        # Whatever comes after the last answer was on its way when the ping ended.
        return int(counts[1]), max(answered()) - len(answered())

    def try_tcp(self, namespace: Namespace, address: str, port: int) -> str:
        """`open`, `refused` at once, or `timeout`."""
        done = subprocess.run(
            namespace.command("timeout", "5", "bash", "-c", f"exec 3<>/dev/tcp/{address}/{port}"),
            capture_output=True,
            check=False,
        )
        return {0: "open", 124: "timeout"}.get(done.returncode, "refused")

    def wait_for_port(self, namespace: Namespace, port: int) -> None:
        shell.until(f"TCP port {port}", lambda: f":{port} " in namespace.run("ss", "-Hltn"))

    def udp_sink(self, namespace: Namespace, port: int) -> UdpSink:
        return UdpSink(namespace, port, self.folder / f"udp-{port}")

    def active_peers(self) -> set[str]:
        return {peer["name"] for peer in self.agent.status()["peers"] if peer["active"]}

    def wireguard_devices(self) -> list[str]:
        return self.router.run("wg", "show", "interfaces").split()


def seconds_from_now(seconds: int) -> datetime:
    return datetime.now(timezone.utc).replace(microsecond=0) + timedelta(seconds=seconds)
