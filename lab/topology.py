# SPDX-License-Identifier: Apache-2.0
"""The world of the lab and the system tests: a laptop behind a NAT, the internet, a VPC with a router and a database.

    client ---- nat ---- internet ---- vpc ---+--- router
    192.168.1.10  203.0.113.2            10.0.0.1  10.0.0.10 (public: 198.51.100.10)
                                              +--- db
                                                   10.0.1.5, 2001:db8:10::1:5

`vpc` is what a cloud does around a subnet: the internet gateway's one-to-one NAT and the default route. It has no route
to the overlay, so the database can answer only what comes from the router's own address.
"""

from __future__ import annotations

from lab import shell
from lab.namespace import Namespace

NAT_PUBLIC = "203.0.113.2"
ROUTER_PUBLIC = "198.51.100.10"
ROUTER2_PUBLIC = "192.0.2.10"  # of a second VPC
ROUTER = "10.0.0.10"
ROUTER_6 = "2001:db8:10::10"
DATABASE = "10.0.1.5"
DATABASE_6 = "2001:db8:10::1:5"
VPC_PREFIX = "10.0.0.0/16"
VPC_PREFIX_6 = "2001:db8:10::/64"

# Port-restricted: a reply is let in only from the very address and port that was written to.
NAT_RULES = """
table ip nat {
  chain postrouting { type nat hook postrouting priority srcnat; oifname "wan" masquerade; }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" accept
  }
}
"""

INTERNET_GATEWAY_RULES = """
table ip internet_gateway {{
  chain prerouting {{ type nat hook prerouting priority dstnat; ip daddr {public} dnat to {router}; }}
  chain postrouting {{ type nat hook postrouting priority srcnat; oifname "wan" ip saddr {router} snat to {public}; }}
}}
"""


class Topology:
    """Builds the world; `close` removes it. Use as a context manager.

    `db` may be a namespace that outlives the topology (a running database): it is plugged in, and left alone on close.
    `clients` more than one: client2, client3 ... sit behind the same NAT at 192.168.1.11, .12 ...
    """

    def __init__(self, prefix: str = "", db: Namespace | None = None, clients: int = 1) -> None:
        names = ["client", *(f"client{n}" for n in range(2, clients + 1)), "nat", "internet", "vpc", "router"]
        self._made = Namespace.make(*(prefix + name for name in names + ([] if db else ["db"])))
        self.clients = self._made[:clients]
        self.nat, self.internet, self.vpc, self.router = self._made[clients : clients + 4]
        self.db = db or self._made[-1]
        self._lent = db is not None
        try:
            self._plug_in()
            self._home()
            self._internet()
            self._vpc()
        except BaseException:
            self.close()
            raise

    @property
    def client(self) -> Namespace:
        return self.clients[0]

    def close(self) -> None:
        if self._lent:  # a namespace that is deleted takes its end of the cable along only later
            self.db.run("ip", "link", "delete", "eth0", check=False)
        for namespace in reversed(self._made):
            namespace.delete()
        self._made.clear()

    def __enter__(self) -> Topology:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _plug_in(self) -> None:
        # Duplicate address detection ends some second or two later, and its end is announced: that would be taken for a
        # change of what runs on the router.
        self.router.sysctl(net__ipv6__conf__default__accept_dad=0)
        cables = [(client, "eth0", self.nat, f"port{n}") for n, client in enumerate(self.clients)]
        cables += [
            (self.nat, "wan", self.internet, "home"),
            (self.vpc, "wan", self.internet, "cloud"),
            (self.router, "eth0", self.vpc, "port0"),
            (self.db, "eth0", self.vpc, "port1"),
        ]
        plug_in(cables)

    def _home(self) -> None:
        for n, client in enumerate(self.clients):
            client.ip(
                "link set eth0 up",
                f"address add 192.168.1.{10 + n}/24 dev eth0",
                "route add default via 192.168.1.1",
            )
        self.nat.ip(
            *_bridge("lan", *(f"port{n}" for n in range(len(self.clients)))),
            "address add 192.168.1.1/24 dev lan",
            "link set wan up",
            f"address add {NAT_PUBLIC}/24 dev wan",
            "route add default via 203.0.113.1",
        )
        self.nat.sysctl(net__ipv4__ip_forward=1)
        self.nat.nft(NAT_RULES)

    def _internet(self) -> None:
        self.internet.ip(
            "link set home up",
            "link set cloud up",
            "address add 203.0.113.1/24 dev home",
            "address add 198.51.100.1/24 dev cloud",
        )
        self.internet.sysctl(net__ipv4__ip_forward=1)

    def _vpc(self) -> None:
        _build_vpc(self.vpc, self.router, self.db, "198.51.100", ROUTER_PUBLIC)


class SecondVpc:
    """One more VPC on the internet of `topology`, with the very addresses of the first. `close` removes it.

    `db` is plugged in, and left alone on close.
    """

    def __init__(self, topology: Topology, db: Namespace) -> None:
        self.db = db
        self._made = Namespace.make("vpc2", "router2")
        self.vpc, self.router = self._made
        try:
            cables = [
                (self.vpc, "wan", topology.internet, "cloud2"),
                (self.router, "eth0", self.vpc, "port0"),
                (self.db, "eth0", self.vpc, "port1"),
            ]
            plug_in(cables)
            topology.internet.ip("link set cloud2 up", "address add 192.0.2.1/24 dev cloud2")
            _build_vpc(self.vpc, self.router, self.db, "192.0.2", ROUTER2_PUBLIC)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self.db.run("ip", "link", "delete", "eth0", check=False)
        for namespace in reversed(self._made):
            namespace.delete()
        self._made.clear()


def plug_in(cables: list[tuple[Namespace, str, Namespace, str]]) -> None:
    batch = (
        f"link add {a_name} netns {a.name} type veth peer name {b_name} netns {b.name}\n" for a, a_name, b, b_name in cables
    )
    shell.run("ip", "-batch", "-", stdin="".join(batch))


def _build_vpc(vpc: Namespace, router: Namespace, db: Namespace, outside: str, public: str) -> None:
    """`outside`: the /24 of its way to the internet, without the last number."""
    vpc.ip(
        *_bridge("subnet", "port0", "port1"),
        "address add 10.0.0.1/16 dev subnet",
        "address add 2001:db8:10::1/64 dev subnet nodad",
        # The internet gateway answers for the router's public address.
        "link set wan up",
        f"address add {outside}.2/24 dev wan",
        f"address add {public}/32 dev wan",
        f"route add default via {outside}.1",
    )
    vpc.sysctl(net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
    vpc.nft(INTERNET_GATEWAY_RULES.format(public=public, router=ROUTER))
    for host, v4, v6 in ((router, ROUTER, ROUTER_6), (db, DATABASE, DATABASE_6)):
        host.ip(
            "link set eth0 up",
            f"address add {v4}/16 dev eth0",
            f"address add {v6}/64 dev eth0 nodad",
            "route add default via 10.0.0.1",
            "route add default via 2001:db8:10::1",
        )


def _bridge(name: str, *ports: str) -> tuple[str, ...]:
    # No forwarding delay: a port works at once.
    plugged = (f"link set {port} up master {name}" for port in ports)
    return (f"link add {name} type bridge forward_delay 0 mcast_snooping 0", f"link set {name} up", *plugged)
