# SPDX-License-Identifier: Apache-2.0
"""Two routers share a gateway of a signed network; one is cut off from its source, and a failover lets nobody in again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import shell
from lab.client import Tunnel
from lab.failover import ARBITER, Member, Site
from lab.router import DEVICE
from lab.takeover import SETTLED_SECONDS
from lab.topology import DATABASE

PORT = 8443
SERVER = Path(__file__).parents[2] / "lab/https_server.py"
HANDED_OVER_SECONDS = 10.0  # within some seconds, under emulation
CUT_OFF = f"""
table ip cut_off {{
  chain output {{
    type filter hook output priority filter;
    ip daddr {ARBITER} tcp dport {PORT} reject with tcp reset
  }}
}}
"""


class Published:
    """The network of a site that is not started yet, signed and on a web server beside etcd; one client."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.web = site.folder / "web"
        self.web.mkdir()
        self.key = site.folder / "daily.key"
        self.run("netmap", "keygen", str(self.key), "--no-passphrase")
        people = (("alice", 10), ("bob", 11), ("carol", 12))
        self.alice, self.bob, self.carol = (site.network.add(name, f"100.83.0.{n}") for name, n in people)
        self.publish()
        self.server = self.serve()
        for router in site.routers.values():
            self.point_at_the_server(router)

    def run(self, *args: str) -> str:
        return self.site.topology.vpc.run("causeway", *args)

    def publish(self) -> None:
        self.run("netmap", "publish", str(self.site.network.folder), str(self.web / "net"), "--key", str(self.key))

    def revoke(self, name: str) -> None:
        self.run("revoke", name, "--target", str(self.web / "net"), "--key", str(self.key))

    def serve(self) -> subprocess.Popen[str]:
        said = self.site.folder / "server.txt"
        with said.open("w") as output:
            command = ("python3", "-B", str(SERVER), str(self.web), "--address", ARBITER, "--port", str(PORT))
            server = self.site.topology.vpc.start(*command, output=output)
        shell.until("the web server", lambda: "listening" in said.read_text())
        return server

    def point_at_the_server(self, router: Member) -> None:
        config = router.agent.config
        public = self.key.with_name(self.key.name + ".pub").read_text().splitlines()[-1]
        source = (
            f'network = "https://{ARBITER}:{PORT}/net"\ntrusted_keys = ["{public}"]\n'
            f'ca_file = "{self.web}/tls/ca.pem"\nfetch_interval = "5s"\n'
        )
        config.write_text(config.read_text().replace(f'network = "{self.site.network.folder}"\n', source))

    def tunnel(self) -> Tunnel:
        tunnel = self.site.network.tunnel(self.alice, self.site.topology.client, self.site.folder)
        tunnel.up()
        shell.until("the client reaching the VPC", self.reaches)
        return tunnel

    def reaches(self) -> bool:
        return self.site.topology.client.succeeds("ping", "-c1", "-W2", DATABASE)


@pytest.fixture
def published(tmp_path: Path) -> Iterator[Published]:
    site = Site(None, tmp_path)
    try:
        made = Published(site)
        with site:
            yield made
        made.server.kill()
    finally:
        site.close()


def serial(member: Member) -> int:
    return int(member.agent.status().get("signed_source", {}).get("serial", 0))


def lets_in(member: Member, key: str) -> bool:
    return key in member.namespace.run("wg", "show", DEVICE, "peers")


def sibling(of: Member) -> dict[str, object]:
    return dict(of.failover.status()["gateways"][0]["siblings"][0])


def test_nobody_revoked_returns_by_a_failover(published: Published) -> None:
    site, alice = published.site, published.alice
    published.tunnel()
    owner = shell.until("one owner", site.owner, SETTLED_SECONDS)
    assert owner is not None
    standby = site.other(owner)
    standby.namespace.nft(CUT_OFF)
    assert (serial(owner), serial(standby)) == (1, 1)

    # Its agent is down: the netmap waits for it, and the standby is known to be behind.
    standby.agent.stop()
    site.network.write(alice, enabled=False)
    published.publish()
    shell.until("the owner having serial 2", lambda: serial(owner) == 2, SETTLED_SECONDS)
    shell.until("the standby known to be behind", lambda: sibling(owner)["behind"], SETTLED_SECONDS)
    shell.until("the netmap at the standby", (standby.failover.runtime / "netmap.offered").exists, HANDED_OVER_SECONDS)
    shell.until("the standby unfit", lambda: sibling(owner)["fitness"] == "unfit", SETTLED_SECONDS)
    status = standby.failover.status()
    assert (status["serial"], status["newest_serial"]) == (1, 2)
    print(told := standby.failover.cli("status"))
    assert "the netmap is behind: it has serial 1, and there is 2" in told
    assert "1 (behind)" in owner.failover.cli("status")
    assert lets_in(standby, alice.keys.public)

    standby.agent.start()
    shell.until("the standby having serial 2", lambda: serial(standby) == 2, SETTLED_SECONDS)
    assert not lets_in(standby, alice.keys.public)
    shell.until("the standby not behind any more", lambda: not sibling(owner)["behind"], SETTLED_SECONDS)
    shell.until("the standby fit", lambda: sibling(owner)["fitness"] != "unfit", SETTLED_SECONDS)

    # With the agent there, it takes seconds.
    site.network.write(published.bob, enabled=False)
    published.publish()
    shell.until("the owner having serial 3", lambda: serial(owner) == 3, SETTLED_SECONDS)
    shell.until("the standby having serial 3", lambda: serial(standby) == 3, HANDED_OVER_SECONDS)
    assert standby.agent.status()["signed_source"]["trouble"], "it is cut off all the time"
    assert not lets_in(standby, published.bob.keys.public)

    # As does a list of revocations.
    assert lets_in(standby, published.carol.keys.public)
    published.revoke("carol")
    shell.until("carol out at the owner", lambda: not lets_in(owner, published.carol.keys.public), SETTLED_SECONDS)
    shell.until("carol out at the standby", lambda: not lets_in(standby, published.carol.keys.public), HANDED_OVER_SECONDS)

    owner.die()
    shell.until("the sibling serving", lambda: standby.failover.role() == "active", SETTLED_SECONDS)
    assert not published.reaches()
    print(standby.agent.log.read_text()[-2000:], standby.failover.log.read_text()[-2000:])


def test_a_router_that_is_behind_serves_where_nobody_has_the_newer_netmap(published: Published) -> None:
    site = published.site
    published.tunnel()
    owner = shell.until("one owner", site.owner, SETTLED_SECONDS)
    assert owner is not None
    standby = site.other(owner)
    standby.namespace.nft(CUT_OFF)
    standby.agent.stop()
    site.network.write(published.bob, enabled=False)
    published.publish()
    shell.until("the owner having serial 2", lambda: serial(owner) == 2, SETTLED_SECONDS)
    shell.until("the standby unfit", lambda: sibling(owner)["fitness"] == "unfit", SETTLED_SECONDS)
    owner.die()
    shell.until("the sibling serving", lambda: standby.failover.role() == "active", SETTLED_SECONDS)
    assert standby.failover.status()["serial"] == 1
    shell.until("the client reaching the VPC", published.reaches, SETTLED_SECONDS)
