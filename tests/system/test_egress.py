# SPDX-License-Identifier: Apache-2.0
"""How packets leave towards the site: by an address of the gateway's own, or as the peer's."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import shell
from lab.client import PASSWORD, pgbench, psql
from lab.database import Database
from lab.namespace import Namespace
from lab.router import POOL, VIA, twin, via
from lab.topology import DATABASE, DATABASE_6, ROUTER, ROUTER_6
from lab.world import World

FLOATING = "10.0.0.20"
FLOATING_6 = "2001:db8:10::20"
PSQL_ADDRESS = "SELECT host(inet_client_addr())"
POOL_6 = f"{twin('100.83.0.0')}/112"
LISTENER = 8080

FROM_SITE = f"""
[[rule]]
name = "monitoring"
from = "site:prod"
to = "peer:laptop"
ports = ["icmp", "tcp/9100"]

[[rule]]
name = "database"
from = "laptop"
to = "{DATABASE}"
ports = ["icmp", "tcp/5432"]
"""


class Session:
    """psql that asks once, waits for a file to appear, and asks again in the same session."""

    def __init__(self, client: Namespace, database: Database, folder: Path) -> None:
        self._go_on = folder / "go-on"
        self._output = folder / "session.txt"
        wait = f"\\! until test -e {self._go_on}; do sleep 0.1; done"
        command = (database.program("psql"), "-AtX", "-v", "ON_ERROR_STOP=1")
        statements = ("-c", "SELECT 'begun'", "-c", wait, "-c", PSQL_ADDRESS)
        with self._output.open("w") as output:
            self._process = client.start(
                "env", f"PGPASSWORD={PASSWORD}", *command, *statements, database.address(), output=output
            )
        shell.until("a session", lambda: "begun" in self._output.read_text())

    def goes_on(self) -> str:
        self._go_on.touch()
        self._process.wait(timeout=60)
        return self._output.read_text().splitlines()[-1]


@pytest.fixture
def floating(database: Database, tmp_path: Path) -> World:
    world = World(database, tmp_path)
    world.network.set_egress(f'{{ mode = "floating", address = "{FLOATING}", address_ipv6 = "{FLOATING_6}" }}')
    # As a fabric would put them there.
    world.router.ip(
        f"address add {FLOATING}/32 dev eth0",
        f"address add {FLOATING_6}/128 dev eth0 nodad preferred_lft 0",
    )
    return world


@pytest.fixture
def routed(database: Database, tmp_path: Path) -> World:
    world = World(database, tmp_path)
    world.network.set_egress('{ mode = "routed" }')
    world.topology.vpc.ip(f"route add {POOL} via {ROUTER}", f"route add {POOL_6} via {ROUTER_6}")
    return world


def test_floating_connections_come_from_the_gateways_own_address(floating: World, database: Database) -> None:
    with floating as world:
        world.connect("laptop", extra=(VIA,))
        assert psql(world.client, database, PSQL_ADDRESS) == FLOATING
        assert psql(world.client, database, PSQL_ADDRESS, host=DATABASE_6) == FLOATING_6
        assert psql(world.client, database, PSQL_ADDRESS, host=via(DATABASE)) == FLOATING
        assert "tps" in pgbench(world.client, database, "-c", "2", "-t", "20")

        # Whatever listens, and wherever nothing does: an answer would end what another router has.
        world.router.start("socat", f"TCP4-LISTEN:{LISTENER},reuseaddr,fork", "EXEC:cat")
        world.wait_for_port(world.router, LISTENER)
        assert world.try_tcp(world.topology.db, ROUTER, LISTENER) == "open"
        assert world.try_tcp(world.topology.db, FLOATING, LISTENER) == "timeout"
        assert world.try_tcp(world.topology.db, FLOATING, LISTENER + 1) == "timeout"

        # As on a router that took over: it knows no connection.
        session = Session(world.client, database, world.folder)
        world.router.run("conntrack", "-F")
        assert session.goes_on() == FLOATING

        world.network.set_egress('{ mode = "masquerade" }')
        world.agent.reload()
        assert psql(world.client, database, PSQL_ADDRESS) == ROUTER


def test_routed_connections_come_from_the_peer_itself(routed: World, database: Database) -> None:
    with routed as world:
        world.connect("laptop", extra=(VIA,))
        address = world.devices["laptop"].address
        assert psql(world.client, database, PSQL_ADDRESS) == address
        assert psql(world.client, database, PSQL_ADDRESS, host=DATABASE_6) == twin(address)
        assert psql(world.client, database, PSQL_ADDRESS, host=via(DATABASE)) == address
        assert "tps" in pgbench(world.client, database, "-c", "2", "-t", "20")
        assert "tps" in pgbench(world.client, database, "-c", "2", "-t", "20", host=via(DATABASE))

        site = world.topology.db
        assert not site.succeeds("ping", "-c1", "-W1", address), "nobody said that it may"
        world.network.set_policy(FROM_SITE)
        world.agent.reload()
        assert site.succeeds("ping", "-c1", "-W5", address)
        assert site.succeeds("ping", "-c1", "-W5", twin(address))
        world.client.start("socat", "TCP4-LISTEN:9100,reuseaddr,fork", "EXEC:cat")
        world.wait_for_port(world.client, 9100)
        assert world.try_tcp(site, address, 9100) == "open"
        assert world.try_tcp(site, address, 9101) == "refused"
        assert psql(world.client, database, PSQL_ADDRESS) == address

        session = Session(world.client, database, world.folder)
        world.router.run("conntrack", "-F")
        assert session.goes_on() == address
        # A permission that goes takes the session along, also where nothing is translated.
        (world.folder / "second").mkdir()
        Session(world.client, database, world.folder / "second")
        assert "dport=5432" in world.router.run("conntrack", "-L", "-p", "tcp")
        world.network.set_policy(FROM_SITE.replace("tcp/5432", "tcp/5433"))
        world.agent.reload()
        assert "dport=5432" not in world.router.run("conntrack", "-L", "-p", "tcp")
