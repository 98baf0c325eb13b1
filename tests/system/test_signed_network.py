# SPDX-License-Identifier: Apache-2.0
"""A network that is fetched over HTTPS: what is offered and must not be taken moves no packet; a revocation is quick."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import shell
from lab.capture import Writes
from lab.router import READY_SECONDS, Network
from lab.topology import DATABASE
from lab.world import World

PORT = 8443
URL = f"https://127.0.0.1:{PORT}/net"
SERVER = Path(__file__).parents[2] / "lab/https_server.py"
LONGEST_FETCH = 130.0  # fetch::kNetmapLimits, and some more
LARGEST_ANSWER = 64 << 10  # KiB, of the same
REVOKED_WITHIN = 10.0
SILENCE = 50  # pings in a row, one every 10 ms: a single answer may be late under emulation


class Published:
    """A world whose router fetches its network from a server on its own loopback."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.web = world.folder / "web"
        self.web.mkdir()
        self.file = self.web / "net"
        self.key, self.stranger = (self.make_key(name) for name in ("daily", "stranger"))
        self.server = self.serve("good")
        world.connect("laptop")
        self.older = self.publish()
        world.add_without_reload("phone")
        self.good = self.publish()
        world.agent.stop()
        self.point_at_the_server()
        world.agent.start()
        self.serial = self.has_serial(2)

    def make_key(self, name: str) -> Path:
        file = self.world.folder / f"{name}.key"
        self.world.router.run("causeway", "netmap", "keygen", str(file), "--no-passphrase")
        return file

    def serve(self, certificate: str) -> subprocess.Popen[str]:
        said = self.world.folder / "server.txt"
        with said.open("w") as output:
            command = ("python3", "-B", str(SERVER), str(self.web), "--port", str(PORT), "--certificate", certificate)
            server = self.world.router.start(*command, output=output)
        shell.until("the web server", lambda: "listening" in said.read_text())
        return server

    def serve_with(self, certificate: str) -> None:
        self.server.kill()
        self.server.wait()
        self.server = self.serve(certificate)

    def point_at_the_server(self) -> None:
        config = self.world.agent.config
        public = self.key.with_name(self.key.name + ".pub").read_text().splitlines()[-1]
        source = f'network = "{URL}"\ntrusted_keys = ["{public}"]\nca_file = "{self.web}/tls/ca.pem"\n'
        config.write_text(config.read_text().replace(f'network = "{self.world.network.folder}"\n', source))

    def publish(self, key: Path | None = None, network: Network | None = None, to: str = URL) -> bytes:
        """As the one that routers fetch; what is there then."""
        folder = (network or self.world.network).folder
        self.command("netmap", "publish", str(folder), to, "--key", str(key or self.key), *self.tls(to))
        return (self.file if to == URL else Path(to)).read_bytes()

    def needing(self, feature: str, folder: Path) -> bytes:
        """A newer one than is in force, by the key that is trusted, that no version of ours reads."""
        comment, _, trusted, _, body = self.good.decode().split("\n", maxsplit=4)
        folder.mkdir()
        (folder / "body").write_text(body.replace('"features":[]', f'"features":["{feature}"]'))
        said = trusted.removeprefix("trusted comment: ").replace("serial=2 ", "serial=3 ")
        told = ("-c", comment.removeprefix("untrusted comment: "), "-t", said)
        shell.run("minisign", "-S", "-s", str(self.key), "-m", str(folder / "body"), "-x", str(folder / "signature"), *told)
        return (folder / "signature").read_bytes() + (folder / "body").read_bytes()

    def tls(self, to: str = URL) -> tuple[str, ...]:
        return ("--ca-file", f"{self.web}/tls/ca.pem") if to.startswith("https") else ()

    def command(self, *args: str) -> str:
        return self.world.router.run("causeway", *args)

    def offer(self, content: bytes) -> None:
        draft = self.file.with_name("draft")
        draft.write_bytes(content)
        draft.rename(self.file)

    def has_serial(self, serial: int) -> int:
        def now() -> bool:
            return self.world.agent.status().get("signed_source", {}).get("serial") == serial

        shell.until(f"serial {serial}", now, READY_SECONDS)
        return serial

    def reload(self) -> str:
        """What `causeway reload` says of what is there."""
        agent = self.world.agent
        done = subprocess.run(
            agent.namespace.command("causeway", "--socket", str(agent.socket), "reload"),
            capture_output=True,
            text=True,
            timeout=LONGEST_FETCH,
            check=False,
        )
        assert done.returncode != 0, done.stdout
        return done.stdout + done.stderr

    def memory(self) -> int:
        """The most that the agent ever had, in KiB."""
        assert self.world.agent.process is not None
        status = Path(f"/proc/{self.world.agent.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


@pytest.fixture
def published(world: World) -> Iterator[Published]:
    made = Published(world)
    yield made
    made.server.kill()


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def test_what_is_refused_moves_no_packet(published: Published, tmp_path: Path) -> None:
    world, good = published.world, published.good
    elsewhere = world.network.copied_to(tmp_path / "elsewhere")
    text = (elsewhere.folder / "network.toml").read_text()
    (elsewhere.folder / "network.toml").write_text(text.replace("fd5e:3a1c:9b04", "fd99:9999:9999"))
    contents = {
        "cut off": good[:-1],
        "altered": flipped(good),
        "not trusted": published.publish(published.stranger, to=str(tmp_path / "by-a-stranger")),
        "older": published.older,
        "another network": published.publish(network=elsewhere, to=str(tmp_path / "of-another")),
        "needs the feature `ospf`": published.needing("ospf", tmp_path / "of-the-future"),
        "no minisign signature": b"<!DOCTYPE html>\n<html>\n<body>\nlog in\n</body>\n</html>\n",
    }
    behaviours = {
        "too slow": "drip",
        'Protocol "file"': "redirect file:///etc/hostname",
        "status 503": "status 503",
        "cannot be fetched": "cut",
        "over the limit": "huge",  # the last one: half a minute of work, and the agent asks again by itself
    }
    before = published.memory()
    ping = world.ping()
    with Writes("causewayd") as writes:
        for words, content in contents.items():
            published.offer(content)
            assert words in published.reload()
        published.offer(good)
        behaviour = published.web / "net.behaviour"
        for words, what in behaviours.items():
            behaviour.write_text(what)
            assert words in published.reload(), what
        behaviour.unlink()
        published.serve_with("expired")
        assert "expired" in published.reload()
        published.serve_with("good")
        status = world.agent.status()
        assert (status["phase"], status["signed_source"]["serial"]) == ("running", published.serial)
        assert writes.seen() == []
    sent, lost = world.lost(ping)
    assert (sent > 100, lost) == (True, 0)
    assert published.memory() - before < 2 * LARGEST_ANSWER
    world.add_without_reload("tablet")
    published.publish()
    published.has_serial(published.serial + 1)


def test_a_revocation_ends_a_flow_within_ten_seconds(published: Published) -> None:
    world = published.world
    ping = world.ping()
    output = world.folder / "ping.txt"
    shell.until("answers", lambda: "icmp_seq=50 " in output.read_text())
    began = time.monotonic()
    published.command("revoke", "laptop", "--target", URL, "--key", str(published.key), *published.tls())

    def silent() -> bool:
        last = output.read_text().splitlines()[-SILENCE:]
        return len(last) == SILENCE and all("no answer yet" in line for line in last)

    shell.until("the last answer", silent, REVOKED_WITHIN)
    assert time.monotonic() - began < REVOKED_WITHIN
    ping.kill()
    assert not world.client.succeeds("ping", "-c1", "-W2", DATABASE)
    assert world.agent.status()["revoked"] == ["laptop"]


def test_a_revocation_on_the_router_is_in_force_at_once(published: Published) -> None:
    world = published.world
    assert "locked out" in world.agent.cli("revoke", "laptop")
    assert not world.client.succeeds("ping", "-c1", "-W2", DATABASE)
    world.agent.stop()
    world.agent.start()
    assert not world.client.succeeds("ping", "-c1", "-W2", DATABASE)
