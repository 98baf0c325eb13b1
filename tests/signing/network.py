# SPDX-License-Identifier: Apache-2.0
"""A small network directory, and `causeway` in a folder of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CAUSEWAY = Path(sys.argv.pop(1)).resolve()

GATEWAY_KEY = "aPxGwq8zERHQ3Q1cOZFdJ+cvJX5Ka4mLN38AyYKYF10="
ALICE_KEY = "bPxGwq8zERHQ3Q1cOZFdJ+cvJX5Ka4mLN38AyYKYF10="
BOB_KEY = "cPxGwq8zERHQ3Q1cOZFdJ+cvJX5Ka4mLN38AyYKYF10="


class InAFolder(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_(self, *command: str, status: int = 0, stdin: str = "") -> str:
        """What it printed, on both channels."""
        done = subprocess.run(
            command, cwd=self.folder, input=stdin, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120
        )
        self.assertEqual(done.returncode, status, f"{command}: {done.stdout}")
        return done.stdout

    def causeway(self, *words: str, status: int = 0) -> str:
        return self.run_(str(CAUSEWAY), *words, status=status)

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def keygen(self, name: str) -> str:
        """Makes a signing key without a passphrase; the public key as text."""
        self.causeway("netmap", "keygen", name, "--no-passphrase")
        return self.read(f"{name}.pub").splitlines()[1]

    def write_network(self, *signers: str, revokers: tuple[str, ...] = (), endpoint: str = "vpn.example.com") -> None:
        def texts(keys: tuple[str, ...]) -> str:
            return ", ".join(f'"{key}"' for key in keys)

        self.write(
            "net/network.toml",
            f'name = "example"\npool = "100.83.0.0/16"\nula = "fd5e:3a1c:9b04::/48"\n'
            f"signers = [{texts(signers)}]\nrevokers = [{texts(revokers)}]\n",
        )
        self.write(
            "net/sites/production.toml",
            f'id = 7\nroutes = ["10.0.0.0/16"]\n[[router]]\nname = "router-a"\n[[gateway]]\nname = "prod-a"\n'
            f'public_key = "{GATEWAY_KEY}"\nendpoint = "{endpoint}:51820"\naddress = "100.83.0.1"\n',
        )
        self.write_peer("alice", ALICE_KEY, "100.83.0.5")

    def write_peer(self, name: str, key: str, address: str, more: str = "") -> None:
        self.write(f"net/peers/{name}.toml", f'public_key = "{key}"\naddress = "{address}"\n{more}')
