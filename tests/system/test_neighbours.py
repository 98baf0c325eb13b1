# SPDX-License-Identifier: Apache-2.0
"""Other traffic of the host is left alone, whether our table is loaded, reloaded or removed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import foreign_rules
import pytest
from foreign_rules import CONTAINER

from lab import shell
from lab.namespace import Namespace
from lab.topology import DATABASE, ROUTER
from lab.world import World

# What Docker and Kubernetes do to a host: forwarding dropped by policy but for their own, published ports, marks.
CONTAINER_RULES = f"""
table ip docker {{
  chain prerouting {{
    type nat hook prerouting priority dstnat;
    iifname != "docker0" tcp dport 8080 dnat to {CONTAINER}:80
  }}
  chain postrouting {{ type nat hook postrouting priority srcnat; ip saddr 172.17.0.0/16 oifname != "docker0" masquerade; }}
  chain forward {{
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "docker0" oifname != "docker0" accept
    oifname "docker0" ct status dnat accept
    iifname "cw-*" accept
  }}
}}
"""


@pytest.fixture
def container(world: World) -> Iterator[Namespace]:
    """A container on the router, as Docker would attach it, with a server whose port is published."""
    made = attach_container(world)
    world.router.nft(CONTAINER_RULES)
    yield made
    made.delete()


def attach_container(world: World) -> Namespace:
    """And a log-in service on the router."""
    (made,) = Namespace.make("container")
    world.router.ip(
        "link add docker0 type bridge forward_delay 0",
        "address add 172.17.0.1/16 dev docker0",
        "link set docker0 up",
        "link add veth0 type veth peer name eth0 netns container",
        "link set veth0 up master docker0",
    )
    made.ip("link set eth0 up", f"address add {CONTAINER}/16 dev eth0", "route add default via 172.17.0.1")
    made.start("socat", "TCP4-LISTEN:80,fork,reuseaddr", "SYSTEM:echo container")
    world.wait_for_port(made, 80)
    world.router.start("socat", "TCP4-LISTEN:22,fork,reuseaddr", "SYSTEM:echo ssh; cat")
    world.wait_for_port(world.router, 22)
    return made


@pytest.fixture
def shared_tables(world: World) -> Iterator[Namespace]:
    """A host where Docker and ufw were there before us; the container that it has."""
    world.agent.cli("down")
    world.agent.stop()
    made = attach_container(world)
    world.router.sysctl(net__ipv4__ip_forward=1)
    for rules in foreign_rules.TABLES.values():
        world.router.nft(rules)
    yield made
    made.delete()


def hello(namespace: Namespace, address: str, port: int) -> str:
    return namespace.run("socat", "-T5", "-", f"TCP4:{address}:{port},connect-timeout=20").strip()


class Login:
    """A log-in from the database to the router that stays open, as an operator's does."""

    def __init__(self, namespace: Namespace) -> None:
        self._process = subprocess.Popen(
            namespace.command("socat", "-", f"TCP4:{ROUTER}:22"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        assert self._read() == "ssh\n"

    def answers(self, text: str) -> bool:
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()
        return self._read() == text + "\n"

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def close(self) -> None:
        self._process.kill()


def check(world: World, container: Namespace) -> None:
    assert hello(world.topology.db, ROUTER, 22) == "ssh"
    assert hello(world.topology.db, ROUTER, 8080) == "container"
    assert container.succeeds("ping", "-c1", "-W5", DATABASE)


def test_a_container_host_works_with_our_table_loaded_reloaded_and_removed(
    world: World, container: Namespace
) -> None:
    check(world, container)
    world.connect("laptop")
    check(world, container)
    login = Login(world.topology.db)
    foreign = world.router.run("nft", "-s", "list", "table", "ip", "docker")
    world.agent.cli("reload")
    check(world, container)
    world.agent.stop()
    world.agent.start()
    check(world, container)
    world.agent.cli("down")
    # Forwarding itself was off before us, and is again: a container host has it on by its own choice.
    world.router.sysctl(net__ipv4__ip_forward=1)
    check(world, container)
    assert world.router.run("nft", "-s", "list", "table", "ip", "docker") == foreign
    assert login.answers("still here")
    login.close()


ONLY_PINGS = f"""
[[rule]]
name = "pings"
from = "laptop"
to = "{DATABASE}"
ports = "icmp"
"""


def test_tables_of_docker_and_ufw_stay_as_they_are_to_the_byte(world: World, shared_tables: Namespace) -> None:
    """With their handles: what was deleted and made again has others. Counters aside, which count on."""

    def listed() -> list[str]:
        return [world.router.run("nft", "-a", "-s", "list", "table", *name.split()) for name in foreign_rules.TABLES]

    def check_all() -> None:
        check(world, shared_tables)
        assert world.try_tcp(world.topology.db, ROUTER, 23) == "timeout"  # what ufw drops, and we would not
        assert listed() == before

    before = listed()
    check_all()
    world.agent.start()
    world.connect("laptop")
    check_all()
    assert world.try_tcp(world.client, DATABASE, 5432) == "open"
    world.network.set_policy(ONLY_PINGS)
    world.agent.cli("reload")
    check_all()
    assert world.client.succeeds("ping", "-c1", "-W5", DATABASE)
    assert world.try_tcp(world.client, DATABASE, 5432) == "refused"
    world.agent.cli("down")
    check_all()


def test_somebody_elses_forward_chain_that_drops_our_traffic_is_named(world: World) -> None:
    world.add("laptop")
    world.router.nft("table inet strict { chain gate { type filter hook forward priority filter; policy drop; }\n}")
    shell.until("status to name the chain", lambda: "strict" in world.agent.cli("status"), timeout=45)
    world.router.run("nft", "delete", "table", "inet", "strict")
    shell.until("status to forget it", lambda: "strict" not in world.agent.cli("status"), timeout=45)


def test_forwarding_does_not_cost_the_host_its_ipv6_default_route(world: World) -> None:
    """A router whose default route comes from router advertisements keeps accepting them."""
    world.agent.cli("down")
    world.agent.stop()
    world.router.sysctl(net__ipv6__conf__all__forwarding=0, net__ipv6__conf__eth0__accept_ra=1)
    world.router.run(*"ip -6 route replace default via 2001:db8:10::1 dev eth0 proto ra".split())
    world.agent.start()
    assert world.router.run("sysctl", "-n", "net.ipv6.conf.eth0.accept_ra").strip() == "2"
    assert "proto ra" in world.router.run("ip", "-6", "route", "show", "default")
