# SPDX-License-Identifier: Apache-2.0
"""What `causeway peer add` prints is what stock WireGuard takes, route for route, and it works as it is."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from length import LONG

from lab import shell
from lab.client import Tunnel, psql
from lab.database import Database
from lab.topology import DATABASE, ROUTER
from lab.world import World


def printed_routes(text: str) -> dict[str, set[str]]:
    """The allowed IPs of each [Peer]'s key."""
    keys = re.findall(r"(?m)^PublicKey = (.*)$", text)
    routes = re.findall(r"(?m)^AllowedIPs = (.*)$", text)
    return {key: set(each.split(", ")) for key, each in zip(keys, routes, strict=True)}


def loaded_routes(tunnel: Tunnel) -> dict[str, set[str]]:
    shown = tunnel.namespace.run("wg", "show", tunnel.name, "allowed-ips")
    return {key: set(routes) for key, *routes in (line.split() for line in shown.splitlines())}


@pytest.mark.parametrize("userspace", [False, True], ids=["wg-quick", "wireguard-go"])
def test_a_printed_configuration_works_as_it_is(
    shared_world: World, database: Database, userspace: bool
) -> None:
    world = shared_world
    name = "gopher" if userspace else "quick"
    text = world.agent.cli("peer", "add", name, "--network", str(world.network.folder))
    world.agent.cli("reload")
    tunnel = Tunnel(world.client, name, text, world.folder)
    if userspace:
        tunnel.up_in_userspace()
    else:
        tunnel.up()
    try:
        assert loaded_routes(tunnel) == printed_routes(text)
        shell.until("the tunnel", lambda: world.client.succeeds("ping", "-c1", "-W2", DATABASE))
        assert psql(world.client, database, "SELECT host(inet_client_addr())") == ROUTER
    finally:
        tunnel.down()
        world.agent.cli("peer", "remove", name, "--network", str(world.network.folder))
        world.agent.cli("reload")


RANDOM_NETWORKS = Path(__file__).parents[1] / "cli/test_clients.py"


def test_what_is_printed_for_random_networks_is_what_the_kernel_has() -> None:
    causeway = shutil.which("causeway")
    assert causeway
    # wg-quick has no other WireGuard than the kernel's to fall back to.
    variables = ("WG_QUICK_USERSPACE_IMPLEMENTATION=/bin/false", f"CW_NETWORKS={20 if LONG else 3}")
    shell.run("env", *variables, "python3", "-B", str(RANDOM_NETWORKS), causeway, timeout=600.0)
