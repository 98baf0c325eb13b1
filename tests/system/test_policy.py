# SPDX-License-Identifier: Apache-2.0
"""Who may reach what: the kernel lets through what policy.toml allows, to whom it allows it, for as long as it does."""

from __future__ import annotations

import re

from lab import shell
from lab.client import psql
from lab.database import Database
from lab.namespace import Namespace
from lab.topology import DATABASE, DATABASE_6
from lab.world import World

OTHER_PORT = 8080
EVERYTHING_IPV4 = "100.83.0.0/16"

DBA_ONLY = f"""
[groups]
dba = ["laptop"]

[hosts]
db = {{ address = "{DATABASE}", site = "prod" }}

[[rule]]
name = "dba-postgres"
from = "group:dba"
to = "db"
ports = ["tcp/5432", "icmp"]

[[test]]
from = "laptop"
accept = "db:5432/tcp"
deny = "db:22/tcp"
"""

NOBODY = ""

FTP_ONLY = f"""
[[rule]]
name = "ftp"
from = "laptop"
to = "{DATABASE}"
ports = ["tcp/21"]
"""

# Another program's, for connections of its own: conntrack then expects what an FTP server says.
FTP_HELPER = """
table inet other {
  ct helper ftp { type "ftp" protocol tcp; }
  chain prerouting { type filter hook prerouting priority filter - 10; tcp dport 21 ct helper set "ftp"; }
}
"""
FTP_SERVER = """
import socket, time
with socket.create_server(("10.0.1.5", 21)) as server:
    connection, _ = server.accept()
    connection.sendall(b"220 ready\\r\\n")  # conntrack reads a line behind another
    time.sleep(0.5)
    connection.sendall(b"227 Entering Passive Mode (10,0,1,5,21,56)\\r\\n")  # 21 * 256 + 56 = 5432
    time.sleep(60)
"""

BOTH_WAYS = """
[[rule]]
name = "up"
from = "site:prod"
to = "peer:laptop"
ports = "icmp"

[[rule]]
name = "neighbours"
from = "laptop"
to = "peer:guest"
ports = ["icmp", "tcp/8080"]
"""


def take(world: World, policy: str) -> None:
    (world.network.folder / "policy.toml").write_text(policy)
    world.agent.cli("reload")


def serve(world: World, namespace: Namespace) -> None:
    namespace.start("socat", f"TCP6-LISTEN:{OTHER_PORT},fork,reuseaddr,ipv6only=0", "SYSTEM:echo open")
    world.wait_for_port(namespace, OTHER_PORT)


def connect_guest(world: World) -> Namespace:
    """A second person, on the NAT itself, who may send to and hear from everybody in the overlay."""
    tunnel = world.network.tunnel(world.add("guest"), world.topology.nat, world.folder)
    text = tunnel.file.read_text()
    tunnel.file.write_text(re.sub("AllowedIPs = (.*)", rf"AllowedIPs = \1, {EVERYTHING_IPV4}", text))
    tunnel.up()
    return world.topology.nat


def test_a_policy_opens_what_it_names_to_whom_it_names(world: World, database: Database) -> None:
    serve(world, world.topology.db)
    world.connect("laptop")
    guest = connect_guest(world)
    shell.until("the guest connected", lambda: guest.succeeds("ping", "-c1", "-W2", DATABASE))
    assert world.try_tcp(world.client, DATABASE, OTHER_PORT) == "open"
    take(world, DBA_ONLY)
    assert psql(world.client, database, "SELECT 1") == "1"
    assert world.client.succeeds("ping", "-c1", "-W5", DATABASE)
    assert world.try_tcp(world.client, DATABASE, OTHER_PORT) == "refused"
    assert world.try_tcp(world.client, DATABASE_6, 5432) == "refused"
    assert world.try_tcp(guest, DATABASE, 5432) == "refused"
    assert "Packet filtered" in guest.run("ping", "-c1", "-W5", DATABASE, check=False)


def test_what_conntrack_expects_because_of_what_is_allowed_is_judged_like_all_else(world: World) -> None:
    """A server may not open another port of its own for a peer by naming it."""
    world.connect("laptop")
    take(world, FTP_ONLY)
    world.router.nft(FTP_HELPER)
    db = world.topology.db
    server = db.start("python3", "-c", FTP_SERVER)
    world.wait_for_port(db, 21)
    control = world.client.start("bash", "-c", f"exec 3<>/dev/tcp/{DATABASE}/21; cat <&3")
    shell.until("5432 expected", lambda: "dport=5432" in world.router.run("conntrack", "-L", "expect"))
    assert world.try_tcp(world.client, DATABASE, 5432) == "refused"
    control.kill()
    server.kill()


def test_what_is_open_ends_with_its_permission(world: World) -> None:
    world.connect("laptop")
    take(world, DBA_ONLY)
    ping = world.ping()
    output = world.folder / "ping.txt"
    shell.until("a first answer", lambda: "bytes from" in output.read_text())
    take(world, NOBODY)
    shell.until("a refusal", lambda: "Packet filtered" in output.read_text())
    last = output.read_text().rindex("bytes from")
    ping.kill()
    assert output.read_text().rindex("bytes from") == last


def test_sites_and_peers_open_connections_to_peers_where_the_policy_says_so(world: World) -> None:
    world.connect("laptop", extra=(EVERYTHING_IPV4,))
    guest = connect_guest(world)
    serve(world, guest)
    serve(world, world.client)
    laptop_at, guest_at = (world.devices[name].address for name in ("laptop", "guest"))
    world.topology.db.ip("route add 100.83.0.0/16 via 10.0.0.10")
    try:
        assert world.try_tcp(world.client, guest_at, OTHER_PORT) == "refused"
        take(world, BOTH_WAYS)
        assert world.topology.db.succeeds("ping", "-c1", "-W5", laptop_at)
        assert not world.topology.db.succeeds("ping", "-c1", "-W2", guest_at)
        assert world.try_tcp(world.topology.db, laptop_at, OTHER_PORT) == "refused"
        assert world.try_tcp(world.client, guest_at, OTHER_PORT) == "open"
        assert world.try_tcp(guest, laptop_at, OTHER_PORT) == "refused"
    finally:
        world.topology.db.ip("route delete 100.83.0.0/16 via 10.0.0.10")
