# SPDX-License-Identifier: Apache-2.0
"""A network directory, and the agent that serves it in a router's namespace."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from lab import shell
from lab.client import KeyPair, Peer, Tunnel, configuration, make_keys
from lab.namespace import Namespace
from lab.topology import ROUTER, ROUTER_PUBLIC, VPC_PREFIX, VPC_PREFIX_6

POOL = "100.83.0.0/16"
ULA = "fd5e:3a1c:9b04"
GATEWAY = "prod"
GATEWAY_ADDRESS = "100.83.0.1"
DEVICE = f"cw-{GATEWAY}"
PORT = 51820
LOWER_HALF = "100.83.0.0/17"
UPPER_HALF = "100.83.128.0/17"
SANITIZER_REPORT = re.compile(r"(AddressSanitizer|LeakSanitizer|runtime error):")
READY_SECONDS = 60.0  # software emulation and sanitizers included


def twin(address: str) -> str:
    """A peer's IPv6 address: the ULA with its IPv4 address as the last 32 bits."""
    a, b, c, d = (int(part) for part in address.split("."))
    return f"{ULA}::{a << 8 | b:x}:{c << 8 | d:x}"


VIA = f"{ULA}:b1a::/64"
SITE_ID = 1


def via(address: str, site: int = SITE_ID) -> str:
    """An address of a site, by 4via6."""
    a, b, c, d = (int(part) for part in address.split("."))
    return f"{ULA}:b1a:0:{site:x}:{a << 8 | b:x}:{c << 8 | d:x}"


def image(address: str) -> str:
    """What a peer's packets by 4via6 come from, inside the router."""
    _, b, c, d = (int(part) for part in address.split("."))
    return f"240.{b & 0x3F}.{c}.{d}"


@dataclass
class Device:
    """A peer of the network, with the key that only its owner has."""

    name: str
    address: str
    keys: KeyPair = field(default_factory=make_keys)


@dataclass
class Gateway:
    """A gateway beside the first one."""

    name: str
    port: int
    address: str
    keys: KeyPair = field(default_factory=make_keys)

    @property
    def device(self) -> str:
        return f"cw-{self.name}"


class Network:
    """A network directory in `folder`: one site `prod` with one router and one gateway; peers are added."""

    def __init__(self, folder: Path, routes: tuple[str, ...] = (VPC_PREFIX, VPC_PREFIX_6)) -> None:
        self.folder = folder
        self.keys = make_keys()
        for name in ("sites", "peers"):
            (folder / name).mkdir(parents=True, exist_ok=True)  # the package makes them
        (folder / "network.toml").write_text(f'name = "acme"\npool = "{POOL}"\nula = "{ULA}::/48"\n')
        (folder / "sites/prod.toml").write_text(
            f"""id = {SITE_ID}
routes = {json.dumps(routes)}

[[router]]
name = "r1"
address = "{ROUTER}"

[[gateway]]
name = "{GATEWAY}"
public_key = "{self.keys.public}"
endpoint = "{ROUTER_PUBLIC}:{PORT}"
address = "{GATEWAY_ADDRESS}"
"""
        )

    def copied_to(self, folder: Path) -> Network:
        """The same network in another directory, for changes that are to be looked at first."""
        shutil.copytree(self.folder, folder)
        copied = copy(self)
        copied.folder = folder
        return copied

    def add(self, name: str, address: str, **settings: Any) -> Device:
        device = Device(name, address)
        self.write(device, **settings)
        return device

    def write(self, device: Device, **settings: Any) -> None:
        lines = [f'public_key = "{device.keys.public}"', f'address = "{device.address}"']
        lines += [f"{key} = {_toml(value)}" for key, value in settings.items()]
        (self.folder / f"peers/{device.name}.toml").write_text("\n".join(lines) + "\n")

    def set_routes(self, *routes: str) -> None:
        """Of the site."""
        site = self.folder / "sites/prod.toml"
        site.write_text(re.sub(r"^routes = .*$", f"routes = {json.dumps(routes)}", site.read_text(), flags=re.MULTILINE))

    def set_egress(self, table: str) -> None:
        """Of the last gateway: `{ mode = "routed" }`."""
        site = self.folder / "sites/prod.toml"
        text = re.sub(r"^egress = .*\n", "", site.read_text(), flags=re.MULTILINE)
        site.write_text(f"{text}egress = {table}\n")

    def set_policy(self, text: str | None) -> None:
        """policy.toml, replaced in one go; None: there is none."""
        file = self.folder / "policy.toml"
        if text is None:
            file.unlink(missing_ok=True)
            return
        draft = self.folder / ".policy.toml"  # no file of a network begins with a dot
        draft.write_text(text)
        draft.rename(file)

    def remove(self, device: Device) -> None:
        (self.folder / f"peers/{device.name}.toml").unlink()

    def add_gateway(self, name: str, port: int, block: str, address: str) -> Gateway:
        """One more gateway for the same router; the first one keeps the lower half of the pool."""
        gateway = Gateway(name, port, address)
        site = self.folder / "sites/prod.toml"
        text = site.read_text()
        if "block" not in text:
            text += f'block = "{LOWER_HALF}"\n'
        site.write_text(
            text + f"""
[[gateway]]
name = "{name}"
public_key = "{gateway.keys.public}"
endpoint = "{ROUTER_PUBLIC}:{port}"
block = "{block}"
address = "{address}"
"""
        )
        return gateway

    def replace_gateway(self, name: str, port: int) -> Gateway:
        """A gateway with a new key beside the first one, which it replaces."""
        gateway = Gateway(name, port, GATEWAY_ADDRESS)
        with (self.folder / "sites/prod.toml").open("a") as site:
            site.write(
                f"""
[[gateway]]
name = "{name}"
public_key = "{gateway.keys.public}"
endpoint = "{ROUTER_PUBLIC}:{port}"
address = "{GATEWAY_ADDRESS}"
replaces = "{GATEWAY}"
"""
            )
        return gateway

    def retire_first_gateway(self) -> None:
        """What replaces it has its place from now on."""
        site = self.folder / "sites/prod.toml"
        head, _, rest = site.read_text().partition("[[gateway]]")
        kept = rest.partition("[[gateway]]")[2].replace(f'replaces = "{GATEWAY}"\n', "")
        site.write_text(f"{head}[[gateway]]{kept}")

    def tunnel(
        self, device: Device, client: Namespace, folder: Path, port: int = PORT, gateway: Gateway | None = None
    ) -> Tunnel:
        """The stock client's side: what it reaches is the VPC and the gateway itself."""
        public = gateway.keys.public if gateway else self.keys.public
        address = gateway.address if gateway else GATEWAY_ADDRESS
        routes = (VPC_PREFIX, VPC_PREFIX_6, f"{address}/32", f"{twin(address)}/128")
        peer = Peer(public, f"{ROUTER_PUBLIC}:{gateway.port if gateway else port}", routes)
        addresses = (f"{device.address}/32", f"{twin(device.address)}/128")
        return Tunnel(client, device.name, configuration(device.keys.private, addresses, peer), folder)


def _toml(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else json.dumps(value)


class Agent:
    """`causewayd` by hand, as root, in a namespace; its data path outlives it, as the product promises.

    It is router `r1` of the network's one site, or what the text `config` says.
    """

    def __init__(self, namespace: Namespace, network: Network | None, folder: Path, config: str = "") -> None:
        self.namespace = namespace
        self.runtime = folder / "run"
        self.state = folder / "state"
        self.failover = folder / "failover"  # of causeway-failover (lab/failover.py)
        self.log = folder / "causewayd.log"
        self.config = folder / "router.toml"
        self.process: subprocess.Popen[str] | None = None
        self.runtime.mkdir(exist_ok=True)
        self.config.write_text(config)
        if network is not None:
            self.config.write_text(f'name = "r1"\nsite = "prod"\nnetwork = "{network.folder}"\n')
            self.give_key(GATEWAY, network.keys)

    def give_key(self, gateway: str, keys: KeyPair) -> None:
        """Takes effect when the agent starts."""
        file = self.config.with_name(f"{gateway}.key")
        file.touch(mode=0o600)
        file.write_text(keys.private + "\n")
        with self.config.open("a") as config:
            config.write(f'\n[[key]]\ngateway = "{gateway}"\nsource = "{file}"\n')

    @property
    def socket(self) -> Path:
        return self.runtime / "control.sock"

    @property
    def counters(self) -> Path:
        """The bpf file system that keeps what the translators count; the package has a unit that mounts it."""
        return self.runtime / "bpf"

    def start(self, wait: bool = True) -> Agent:
        self.counters.mkdir(exist_ok=True)
        if not self.counters.is_mount():
            shell.run("mount", "-t", "bpf", "bpf", str(self.counters))
        with self.log.open("a") as output:
            self.process = self.namespace.start(
                *("causewayd", "--config", str(self.config)),
                *("--runtime-dir", str(self.runtime), "--state-dir", str(self.state)),
                *("--failover-dir", str(self.failover)),
                output=output,
            )
        if wait:
            try:
                shell.until("the agent running", self.is_running, READY_SECONDS)
            except TimeoutError as error:
                raise TimeoutError(f"{error}\n{self.log.read_text()[-4000:]}") from None
        return self

    def is_running(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"causewayd exited {self.process.returncode}:\n{self.log.read_text()[-4000:]}")
        return self.socket.exists() and self.status().get("phase") == "running"

    def status(self) -> dict[str, Any]:
        """As `causeway status --json` prints it, without a process; empty where nobody answers."""
        try:
            return dict(self._ask("GET", "/v1/status"))
        except (OSError, http.client.HTTPException):
            return {}

    def cli(self, *args: str, check: bool = True) -> str:
        """`causeway` on the router."""
        return self.namespace.run("causeway", "--socket", str(self.socket), *args, check=check)

    def reload(self) -> list[str]:
        """As `causeway reload` does, without a process; the steps it took. A refused network is an error."""
        answer = self._ask("POST", "/v1/reload")
        if not answer.get("done"):
            raise shell.CommandFailed(f"reload: {json.dumps(answer, indent=1)}")
        return list(answer["steps"])

    def _ask(self, method: str, path: str) -> Any:
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(shell.COMMAND_SECONDS)  # the connection's own is for one that it opens itself
        try:
            connection.sock.connect(str(self.socket))
            connection.request(method, path)
            return json.load(connection.getresponse())
        finally:
            connection.close()

    def signal(self, number: int) -> None:
        """Sends a signal to the agent itself, whatever wraps it, and waits where it ends it."""
        assert self.process is not None
        os.kill(self.process.pid, number)
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.process.wait(timeout=30)
            self.process = None

    def kill(self) -> None:
        self.signal(signal.SIGKILL)

    def stop(self) -> None:
        self.signal(signal.SIGTERM)

    def close(self) -> None:
        """Ends it. What a sanitizer has found in it fails the test."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        if self.counters.is_mount():
            shell.run("umount", "--lazy", str(self.counters))
        log = self.log.read_text(errors="replace") if self.log.exists() else ""
        found = SANITIZER_REPORT.search(log)
        if found:
            raise AssertionError(log[found.start() :][:4000])
