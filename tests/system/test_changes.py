# SPDX-License-Identifier: Apache-2.0
"""Changes of the network, as people and time make them."""

from __future__ import annotations

from lab import shell
from lab.router import DEVICE, GATEWAY, GATEWAY_ADDRESS, UPPER_HALF
from lab.topology import DATABASE
from lab.world import World, seconds_from_now

# Where gateways change the firewall's table is written whole, which may cost a packet or two (README).
WHOLE_TABLE_COSTS = 2


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


def test_peers_move_to_a_gateways_new_key_one_by_one(world: World) -> None:
    """Old and new configurations work side by side; each peer's packets follow it, and the old key goes in the end."""
    old = world.connect("laptop")
    world.connect("visitor", client=world.topology.nat)
    replacement = world.network.replace_gateway("prod-2", 51821)
    world.agent.give_key(replacement.name, replacement.keys)
    world.agent.stop()
    world.agent.start()
    assert world.client.succeeds("ping", "-c1", "-W5", DATABASE)

    old.down()
    laptop = world.devices["laptop"]
    world.network.tunnel(laptop, world.client, world.folder, gateway=replacement).up()
    shell.until("packets following the laptop", lambda: world.client.succeeds("ping", "-c1", "-W1", DATABASE))
    assert replacement.device in world.router.run("ip", "route", "get", laptop.address, "mark", "0x20000000")
    assert world.topology.nat.succeeds("ping", "-c1", "-W5", DATABASE)
    assert world.client.succeeds("ping", "-c1", "-W5", GATEWAY_ADDRESS)
    (status,) = [each for each in world.agent.status()["gateways"] if each["name"] == replacement.name]
    assert (status["replaces"], status["moved"], status["peers"]) == (GATEWAY, 1, 2)

    ping = world.ping()
    world.network.retire_first_gateway()
    world.agent.cli("reload")
    assert world.wireguard_devices() == [replacement.device]
    assert world.client.succeeds("ping", "-c1", "-W5", DATABASE)
    assert world.lost(ping)[1] <= WHOLE_TABLE_COSTS
    assert not world.topology.nat.succeeds("ping", "-c1", "-W1", DATABASE)


def test_an_expired_peer_goes_on_time_and_without_a_reload(world: World) -> None:
    world.connect("laptop")
    assert world.client.succeeds("ping", "-c1", "-W5", DATABASE)
    world.network.write(world.devices["laptop"], expires=seconds_from_now(4))
    world.agent.cli("reload")
    assert world.client.succeeds("ping", "-c1", "-W2", DATABASE)
    shell.until("the peer gone", lambda: not world.client.succeeds("ping", "-c1", "-W1", DATABASE))
    assert world.router.run("wg", "show", DEVICE, "peers") == ""
