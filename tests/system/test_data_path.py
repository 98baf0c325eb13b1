# SPDX-License-Identifier: Apache-2.0
"""The main job: stock clients reach the VPC through the agent's data path, and only that."""

from __future__ import annotations

import pytest

from lab import shell
from lab.capture import PacketCounter
from lab.client import pgbench, psql
from lab.database import Database
from lab.router import DEVICE, GATEWAY_ADDRESS, UPPER_HALF, twin
from lab.topology import DATABASE, DATABASE_6, ROUTER, ROUTER_6
from lab.world import World, seconds_from_now

PSQL_ADDRESS = "SELECT host(inet_client_addr())"


def test_a_laptop_reaches_postgresql_through_wg_quick(world: World, database: Database) -> None:
    tunnel = world.connect("laptop")
    assert psql(world.client, database, PSQL_ADDRESS) == ROUTER
    assert psql(world.client, database, PSQL_ADDRESS, host=DATABASE_6) == ROUTER_6
    assert "tps" in pgbench(world.client, database, "-c", "2", "-t", "20")
    tunnel.wait_for_handshake()


def test_a_laptop_reaches_postgresql_through_wireguard_go(world: World, database: Database) -> None:
    world.connect("gopher", in_userspace=True)
    assert psql(world.client, database, PSQL_ADDRESS) == ROUTER


@pytest.mark.parametrize("port", [443, 4500])
def test_the_gateway_answers_on_ports_that_hotels_let_out(world: World, port: int) -> None:
    world.connect(f"hotel{port}", port=port)
    assert world.client.succeeds("ping", "-c1", "-W5", DATABASE)


def test_other_programs_keep_udp_443(world: World) -> None:
    """QUIC on the same port reaches whoever serves it on the router: only WireGuard's messages are redirected."""
    quic = PacketCounter(world.router, "udp dport 443 @th,64,8 0xc3", "quic")
    at_wireguard = world.udp_sink(world.router, 443)
    world.topology.internet.run("bash", "-c", "printf '\\xc3quic' >/dev/udp/198.51.100.10/443")
    assert at_wireguard.received() == b"\xc3quic"
    assert quic.packets() == 1


@pytest.mark.parametrize("address", [GATEWAY_ADDRESS, ROUTER, twin(GATEWAY_ADDRESS)])
def test_the_router_itself_answers_a_tunnel_with_icmp_only(world: World, address: str) -> None:
    world.router.start("socat", "TCP6-LISTEN:22,fork,reuseaddr,ipv6only=0", "SYSTEM:echo open")
    world.wait_for_port(world.router, 22)
    world.connect("laptop")
    assert world.client.succeeds("ping", "-c1", "-W5", address)
    refused = world.try_tcp(world.client, address, 22)
    assert refused == "refused", refused


def test_what_is_not_advertised_is_refused_at_once(world: World) -> None:
    world.connect("laptop", extra=("172.16.0.0/12", "169.254.0.0/16"))
    for address in ("172.16.0.1", "169.254.169.254"):
        answer = world.client.run("ping", "-c1", "-W5", address, check=False)
        assert "Packet filtered" in answer, answer


def test_nobody_uses_an_address_that_is_not_theirs(world: World) -> None:
    world.connect("laptop")
    witness = PacketCounter(world.topology.db, "ip saddr 10.0.0.10 icmp type echo-request")
    world.client.ip("address add 100.83.0.99/32 dev laptop")
    assert not world.client.succeeds("ping", "-c2", "-W1", "-I", "100.83.0.99", DATABASE)
    assert witness.packets() == 0


def test_the_site_and_other_peers_cannot_open_connections_to_a_peer(world: World) -> None:
    world.connect("laptop")
    world.topology.db.ip("route add 100.83.0.0/16 via 10.0.0.10")
    try:
        witness = PacketCounter(world.client, "iifname laptop ip saddr 10.0.1.5 icmp type echo-request")
        answer = world.topology.db.run("ping", "-c1", "-W2", world.devices["laptop"].address, check=False)
        assert "Packet filtered" in answer, answer
        assert witness.packets() == 0
    finally:
        world.topology.db.ip("route delete 100.83.0.0/16 via 10.0.0.10")


def test_a_source_in_the_pool_from_elsewhere_is_dropped(world: World) -> None:
    """The database forges a peer's address towards the router: nothing of it is forwarded."""
    witness = PacketCounter(world.topology.vpc, "ip saddr 100.83.0.10 ip daddr 10.0.0.1")
    world.topology.db.ip("address add 100.83.0.10/32 dev lo", "route add 198.18.0.0/24 via 10.0.0.10")
    try:
        world.topology.db.succeeds("ping", "-c1", "-W1", "-I", "100.83.0.10", "198.18.0.1")
        assert witness.packets() == 0
    finally:
        world.topology.db.ip("address delete 100.83.0.10/32 dev lo", "route delete 198.18.0.0/24 via 10.0.0.10")


def test_the_mss_fits_the_tunnel_in_both_directions(world: World) -> None:
    """1420 less 40 bytes of IPv4 and TCP headers."""
    big = PacketCounter(world.topology.db, "ip saddr 10.0.0.10 tcp flags syn tcp option maxseg size > 1380", "big")
    seen = PacketCounter(world.topology.db, "ip saddr 10.0.0.10 tcp flags syn tcp option maxseg size <= 1380", "seen")
    world.connect("laptop")
    world.client.ip("link set laptop mtu 1500")
    world.try_tcp(world.client, DATABASE, 5432)
    assert (big.packets(), seen.packets()) == (0, 1)


def test_two_gateways_on_one_router(world: World) -> None:
    """Each has its device, port and half of the pool; a peer of the second reaches the VPC while the first one's does."""
    world.connect("laptop")
    spare = world.network.add_gateway("spare", 51821, UPPER_HALF, "100.83.128.1")
    device = world.network.add("visitor", "100.83.128.10")
    world.agent.give_key("spare", spare.keys)
    world.agent.stop()
    world.agent.start()
    assert {DEVICE, spare.device} == set(world.wireguard_devices())
    assert world.client.succeeds("ping", "-c1", "-W5", DATABASE)
    tunnel = world.network.tunnel(device, world.topology.nat, world.folder, gateway=spare)
    tunnel.up()
    assert world.topology.nat.succeeds("ping", "-c1", "-W5", DATABASE)


def test_an_expired_peer_goes_on_time_and_without_a_reload(world: World) -> None:
    world.connect("laptop")
    assert world.client.succeeds("ping", "-c1", "-W5", DATABASE)
    world.network.write(world.devices["laptop"], expires=seconds_from_now(4))
    world.agent.cli("reload")
    assert world.client.succeeds("ping", "-c1", "-W2", DATABASE)
    shell.until("the peer gone", lambda: not world.client.succeeds("ping", "-c1", "-W1", DATABASE))
    assert world.router.run("wg", "show", DEVICE, "peers") == ""
