# SPDX-License-Identifier: Apache-2.0
"""What others may do to our part of the kernel, and how to see that it is whole again."""

from __future__ import annotations

import re

from lab.router import DEVICE
from lab.world import World


def delete_rule(world: World) -> None:
    world.router.run("ip", "rule", "delete", "pref", "4910")


def delete_all_rules(world: World) -> None:
    rules = "".join(f"rule delete pref {priority}\n" for priority in (4900, 4910, 4920, 4930))
    for family in ("-4", "-6"):
        world.router.run("ip", family, "-batch", "-", stdin=rules)


def delete_route(world: World) -> None:
    world.router.run("ip", "route", "delete", "100.83.0.0/16", "table", "7920")


def delete_address(world: World) -> None:
    world.router.run("ip", "address", "delete", "100.83.0.1/32", "dev", DEVICE)


def take_link_down(world: World) -> None:
    world.router.ip(f"link set {DEVICE} down")


def change_mtu(world: World) -> None:
    world.router.ip(f"link set {DEVICE} mtu 1280")


def forwarding_off(world: World) -> None:
    world.router.sysctl(net__ipv4__ip_forward=0)


def forwarding_off_ipv6(world: World) -> None:
    world.router.sysctl(net__ipv6__conf__all__forwarding=0)


def flush_ruleset(world: World) -> None:
    world.router.run("nft", "flush", "ruleset")


def delete_chain_content(world: World) -> None:
    world.router.run("nft", "flush", "chain", "inet", "causeway", "nat_postrouting")


def delete_set_element(world: World) -> None:
    world.router.run("nft", "delete", "element", "inet", "causeway", "peer4", "{ 100.83.0.10 }")


def add_to_a_set(world: World) -> None:
    world.router.run("nft", "add", "element", "inet", "causeway", "route4", "{ 172.16.0.0/12 }")


def delete_filter(world: World) -> None:
    world.router.run("tc", "filter", "delete", "dev", DEVICE, "ingress")


def replace_filter(world: World) -> None:
    """By another kind of filter, at once: the first of these is announced."""
    foreign = f"filter add dev {DEVICE} egress prio 7920 handle 1 protocol all matchall action pass"
    world.router.run("tc", "-batch", "-", stdin=f"filter delete dev {DEVICE} egress\n{foreign}\n")


def delete_clsact(world: World) -> None:
    world.router.run("tc", "qdisc", "delete", "dev", DEVICE, "clsact")


def replace_clsact(world: World) -> None:
    """By what has one list of filters, whichever way it is asked for."""
    world.router.run("tc", "-batch", "-", stdin=f"qdisc delete dev {DEVICE} clsact\nqdisc add dev {DEVICE} ingress\n")


ANNOUNCED = [
    delete_rule,
    delete_all_rules,
    delete_route,
    delete_address,
    take_link_down,
    change_mtu,
    forwarding_off,
    forwarding_off_ipv6,
    flush_ruleset,
    delete_chain_content,
    delete_set_element,
    add_to_a_set,
]

# Announced, too; the kernel takes its time to take a program again.
OF_A_TRANSLATOR = [
    delete_filter,
    replace_filter,
    delete_clsact,
    replace_clsact,
]


def everything(world: World) -> str:
    """All of ours in the kernel, as text."""
    show = lambda *command: world.router.run(*command, check=False)  # noqa: E731
    return "\n".join(
        [
            *(show("ip", family, "rule") for family in ("-4", "-6")),
            *(show("ip", family, "route", "show", "table", "7920") for family in ("-4", "-6")),
            show("ip", "-br", "address", "show", "dev", DEVICE),
            show("cat", f"/sys/class/net/{DEVICE}/mtu"),
            show("sysctl", "net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"),
            translator(world),
            ruleset(world),
        ]
    )


def translator(world: World) -> str:
    """What is in our place, by the name that says what it does; its number is another one each time."""
    show = (world.router.run("tc", "filter", "show", "dev", DEVICE, way, check=False) for way in ("ingress", "egress"))
    qdiscs = world.router.run("tc", "qdisc", "show", "dev", DEVICE, "ingress", check=False)
    return "\n".join([qdiscs, *(re.sub(r" (id|tag|jited).*", "", text) for text in show)])


def ruleset(world: World) -> str:
    """Our table, its elements in order, for the kernel has none. Not in it: the digest and the seal, which are ours to
    renew, and the clients remembered for their redirected port, who after a repair are all those there might be."""
    listing = world.router.run("nft", "-s", "list", "table", "inet", "causeway", check=False)
    listing = re.sub(r"\tset (digest|seal|redirected[46]) \{.*?\n\t\}\n", "", listing, flags=re.DOTALL)
    return re.sub(r"elements = \{(.*?)\}", lambda found: _sorted(found[1]), listing, flags=re.DOTALL)


def _sorted(elements: str) -> str:
    return ", ".join(sorted(element.strip() for element in elements.split(",")))
