# SPDX-License-Identifier: Apache-2.0
"""test_clients.py CAUSEWAY: what is printed for random networks is, route for route, what WireGuard has after loading it, and
what its QR code says.

wg-quick does the loading, in a network namespace of its own: with the kernel's WireGuard where there is one (the system tests
run this, too), else with wireguard-go. No packet leaves.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from command import run, scanned

NETWORKS = int(os.environ.get("CW_NETWORKS", "8"))


def enter() -> list[str]:
    """A prefix that runs a command in new user, network and mount namespaces."""
    ours = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *ours, "--net", "--mount"]


def loaded(configuration: Path) -> dict[str, set[str]]:
    """The allowed IPs of each peer while wg-quick has the file's tunnel up."""
    script = f"""
        set -e
        mount -t tmpfs none /var/run
        wg-quick up {configuration} >&2
        wg show {configuration.stem} allowed-ips
        wg-quick down {configuration} >&2
    """
    done = subprocess.run([*enter(), "bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return {key: set(routes) for key, *routes in (line.split() for line in done.stdout.splitlines())}


def printed(configuration: Path) -> dict[str, set[str]]:
    text = configuration.read_text()
    keys = re.findall(r"(?m)^PublicKey = (.*)$", text)
    routes = [each.split(", ") for each in re.findall(r"(?m)^AllowedIPs = (.*)$", text)]
    for each in routes:
        assert len(each) == len(set(each)), each
    return {key: set(each) for key, each in zip(keys, routes, strict=True)}


class Clients(unittest.TestCase):
    def test_what_wireguard_has_is_what_was_printed(self) -> None:
        seed = int(os.environ.get("CW_SEED", time.time_ns()))
        pick = random.Random(seed)
        for number in range(NETWORKS):
            with self.subTest(seed=seed, network=number), tempfile.TemporaryDirectory() as folder:
                configuration = self.configuration_of_a_random_network(pick, Path(folder))
                self.assertEqual(loaded(configuration), printed(configuration))
                self.assertEqual(scanned(configuration.with_suffix(".png")), configuration.read_text())

    def configuration_of_a_random_network(self, pick: random.Random, folder: Path) -> Path:
        network = folder / "net"
        self.done("network", "init", network, "--no-keys", "--site", "s0", "--router", "r0", "--routes", "10.0.0.0/16")
        if pick.random() < 0.5:
            with (network / "network.toml").open("a") as file:
                file.write('client_routes = ["10.0.0.0/8", "172.16.0.0/12"]\n')
        for site in range(pick.randint(1, 4)):
            routes = {f"10.{pick.randint(0, 3)}.0.0/16", f"172.{pick.randint(16, 18)}.0.0/16", "2001:db8::/48"}
            chosen = ", ".join(f'"{route}"' for route in sorted(pick.sample(sorted(routes), pick.randint(0, 3))))
            (network / f"sites/s{site}.toml").write_text(
                f'id = {site * 7 + 1}\nroutes = [{chosen}]\n[[router]]\nname = "r{site}"\n'
            )
            self.done("gateway", "add", f"g{site}", "--network", network, "--site", f"s{site}", "--endpoint",
                      f"192.0.2.{site + 1}:51820")  # fmt: skip
        options = [option for option in ("--ipv4-only", "--for=phone", "--mtu=1300") if pick.random() < 0.3]
        file = folder / "net.conf"
        image = file.with_suffix(".png")
        self.done("peer", "add", "device", "--network", network, "--output", file, "--png", image, *options)
        return file

    def done(self, *arguments: str | Path) -> None:
        result = run(*arguments)
        self.assertEqual(result.returncode, 0, result.stderr)


if __name__ == "__main__":
    unittest.main()
