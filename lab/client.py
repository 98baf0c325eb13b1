# SPDX-License-Identifier: Apache-2.0
"""Stock WireGuard clients. They know nothing of Causeway: a configuration file and the official tools."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from lab import shell
from lab.database import PASSWORD, Database
from lab.namespace import Namespace
from lab.topology import DATABASE

KEEPALIVE_SECONDS = 25


@dataclass(frozen=True)
class KeyPair:
    private: str = field(repr=False)
    public: str


def make_keys() -> KeyPair:
    private = shell.run("wg", "genkey").strip()
    return KeyPair(private, shell.run("wg", "pubkey", stdin=private).strip())


@dataclass(frozen=True)
class Peer:
    """One [Peer] of a client's configuration."""

    public_key: str
    endpoint: str
    allowed_ips: tuple[str, ...]


def configuration(private_key: str, addresses: tuple[str, ...], *peers: Peer) -> str:
    lines = ["[Interface]", f"PrivateKey = {private_key}", f"Address = {', '.join(addresses)}"]
    for peer in peers:
        lines += [
            "",
            "[Peer]",
            f"PublicKey = {peer.public_key}",
            f"Endpoint = {peer.endpoint}",
            f"AllowedIPs = {', '.join(peer.allowed_ips)}",
            f"PersistentKeepalive = {KEEPALIVE_SECONDS}",
        ]
    return "\n".join(lines) + "\n"


class Tunnel:
    """A client's tunnel: `wg-quick` on the kernel's WireGuard, or `wireguard-go`.

    wireguard-go names its control socket after the interface in a folder all namespaces share, so each tunnel of a test
    needs an interface name of its own.
    """

    def __init__(self, namespace: Namespace, name: str, text: str, folder: Path) -> None:
        self.namespace = namespace
        self.name = name
        self.file = folder / f"{name}.conf"
        self.file.touch(mode=0o600)
        self.file.write_text(text)

    def up(self) -> None:
        self.namespace.run("wg-quick", "up", str(self.file))

    def up_in_userspace(self) -> None:
        """The same by wireguard-go: wg-quick would take the kernel's WireGuard, so its steps are done here."""
        self.namespace.run("wireguard-go", self.name)
        stripped = shell.run("wg-quick", "strip", str(self.file))
        self.namespace.run("wg", "setconf", self.name, "/dev/stdin", stdin=stripped)
        addresses, routes = _addresses_and_routes(self.file.read_text())
        self.namespace.ip(
            *(f"address add {address} dev {self.name}" for address in addresses),
            f"link set {self.name} mtu 1420 up",
            *(f"route add {route} dev {self.name}" for route in routes),
        )

    def down(self) -> None:
        self.namespace.run("ip", "link", "delete", self.name)

    def handshake_age(self) -> float | None:
        """Seconds since the newest handshake with any peer, None before the first."""
        lines = self.namespace.run("wg", "show", self.name, "latest-handshakes").splitlines()
        newest = max((int(line.split()[1]) for line in lines), default=0)
        return None if newest == 0 else max(0.0, float(shell.run("date", "+%s")) - newest)

    def wait_for_handshake(self, timeout: float = 20.0) -> None:
        shell.until(f"handshake of {self.name}", lambda: self.handshake_age() is not None, timeout)


def psql(client: Namespace, database: Database, statement: str, host: str = DATABASE) -> str:
    """Runs one statement on `client`, over TLS with the certificate fully checked."""
    address = database.address(host)
    command = (database.program("psql"), "-AtX", "-v", "ON_ERROR_STOP=1", "-c", statement, address)
    return client.run("env", f"PGPASSWORD={PASSWORD}", *command).strip()


def pgbench(client: Namespace, database: Database, *args: str, host: str = DATABASE, timeout: float = 300) -> str:
    command = (database.program("pgbench"), "-n", *args, database.address(host))
    return client.run("env", f"PGPASSWORD={PASSWORD}", *command, timeout=timeout)


def _addresses_and_routes(text: str) -> tuple[list[str], list[str]]:
    found: dict[str, list[str]] = {"Address": [], "AllowedIPs": []}
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if key.strip() in found:
            found[key.strip()] += [part.strip() for part in value.split(",")]
    return found["Address"], found["AllowedIPs"]
