# SPDX-License-Identifier: Apache-2.0
"""What is wrong is told once, with what to do about it; the running data path stays as it was."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab import shell
from lab.capture import Writes
from lab.namespace import Namespace
from lab.router import DEVICE, PORT, READY_SECONDS, Agent, Network

# sysexits.h, as causewayd(8) lists them.
UNAVAILABLE, SYSTEM, NO_PERMISSION, CONFIG = 69, 71, 77, 78


@dataclass
class Router:
    """A router with two peers and nothing around it."""

    namespace: Namespace
    network: Network
    agent: Agent

    def refuses_to_start(self, *wrap: str, config: Path | None = None, runtime: Path | None = None) -> tuple[int, str]:
        """Exit status and stderr of a start that ends by itself; the data path that was there is as it was."""
        before = self.data_path()
        assert f"PrivateKey = {self.network.keys.private}" in before
        command = [*wrap, "causewayd", "--config", str(config or self.agent.config)]
        command += ["--runtime-dir", str(runtime or self.agent.runtime)]
        done = subprocess.run(
            self.namespace.command(*command), capture_output=True, text=True, timeout=shell.COMMAND_SECONDS, check=False
        )
        assert self.data_path() == before
        return done.returncode, done.stderr

    def data_path(self) -> str:
        """Everything that is ours in the kernel, byte for byte."""
        commands = ("wg showconf " + DEVICE, "nft list ruleset", "ip rule", "ip -6 rule", "ip route show table 7920")
        return "".join(self.namespace.run("sh", "-c", command, check=False) for command in commands)

    def problems(self) -> str:
        return "\n".join(f"{p['text']} {p['hint']}" for p in self.agent.status().get("problems", []))

    def shows(self, *words: str) -> None:
        shell.until(f"status with {words}", lambda: all(word in self.problems() for word in words), READY_SECONDS)

    def runs(self) -> None:
        shell.until("the agent running", self.agent.is_running, READY_SECONDS)


@pytest.fixture
def router(make_namespace: Callable[[str], Namespace], tmp_path: Path) -> Iterator[Router]:
    namespace = make_namespace("router")
    network = Network(tmp_path / "network", routes=("10.0.0.0/16",))
    network.add("alice", "100.83.0.10")
    network.add("bob", "100.83.0.11")
    agent = Agent(namespace, network, tmp_path)
    yield Router(namespace, network, agent)
    agent.close()


@pytest.fixture
def left(router: Router) -> Router:
    """With the data path of an agent that is no more."""
    router.agent.start()
    router.agent.stop()
    return router


def append(file: Path, text: str) -> None:
    file.write_text(text + file.read_text())


# Before there is anything to do: an exit status and one message.


def test_a_missing_router_toml(left: Router, tmp_path: Path) -> None:
    status, said = left.refuses_to_start(config=tmp_path / "none.toml")
    assert (status, "none.toml" in said) == (CONFIG, True), said


def test_a_malformed_router_toml_is_underlined(left: Router) -> None:
    append(left.agent.config, 'name "r1"\n')
    status, said = left.refuses_to_start()
    assert (status, "router.toml:1" in said, "^" in said) == (CONFIG, True, True), said


def test_an_unknown_key_in_router_toml_suggests_the_nearest(left: Router) -> None:
    append(left.agent.config, 'lan_interfaces = "eth0"\n')
    status, said = left.refuses_to_start()
    assert (status, "lan_interface" in said.replace("lan_interfaces", "")) == (CONFIG, True), said


@pytest.mark.parametrize("mode", [0o644, 0o660])
def test_a_key_that_others_may_read_or_change(left: Router, tmp_path: Path, mode: int) -> None:
    (tmp_path / "prod.key").chmod(mode)
    status, said = left.refuses_to_start()
    if mode == 0o660 and status == 0:
        pytest.fail("a key that the group may write was taken")
    assert (status, str(tmp_path / "prod.key") in said) == (CONFIG, True), said
    assert left.network.keys.private not in said


def test_a_key_that_belongs_to_somebody_else(left: Router, tmp_path: Path) -> None:
    os.chown(tmp_path / "prod.key", 65534, 65534)
    status, said = left.refuses_to_start()
    assert (status, "key" in said) == (CONFIG, True), said


def test_a_missing_capability(left: Router) -> None:
    status, said = left.refuses_to_start("setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin")
    assert (status, "CAP_NET_ADMIN" in said) == (NO_PERMISSION, True), said


def test_a_runtime_folder_without_a_parent(left: Router, tmp_path: Path) -> None:
    status, said = left.refuses_to_start(runtime=tmp_path / "no/run")
    assert (status, "--runtime-dir" in said) == (SYSTEM, True), said


def test_a_second_agent_is_told_of_the_first(router: Router) -> None:
    router.agent.start()
    status, said = router.refuses_to_start()
    assert (status, "another causewayd is running" in said) == (UNAVAILABLE, True), said
    assert router.agent.is_running()


def test_another_program_on_the_socket(left: Router) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(left.agent.socket))
        other.listen()
        status, said = left.refuses_to_start()
    assert (status, str(os.getpid()) in said) == (UNAVAILABLE, True), said


def test_a_socket_left_by_a_crash_is_replaced(router: Router) -> None:
    router.agent.start()
    router.agent.kill()
    assert router.agent.socket.exists()
    router.agent.start()


# A network that is wrong is refused, and what was in force stays.


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("peers/eve.toml", "address = 100.83.0.12\n", "eve.toml:1"),
        ("peers/eve.toml", "[" * 100_000, "eve.toml"),
        ("sites/prod.toml", os.urandom(5000).hex() + "\n", "prod.toml"),
        ("network.toml", "\x00\x01\x02" * 1000, "network.toml"),
        ("policy.toml", "[[rule]\n", "policy.toml:1"),
    ],
    ids=["malformed", "100,000 brackets", "garbage", "not text", "a broken policy"],
)
def test_a_bad_network_is_refused_and_the_old_one_stays(router: Router, file: str, content: str, said: str) -> None:
    router.agent.start()
    before = router.data_path()
    path = router.network.folder / file
    was = path.read_text() if path.exists() else None
    path.write_text(content)
    answer = subprocess.run(
        router.namespace.command("causeway", "--socket", str(router.agent.socket), "reload"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1 and said in answer.stderr, answer.stderr
    assert said in router.agent.status()["refused"]["text"]
    assert router.agent.is_running() and router.data_path() == before
    path.unlink() if was is None else path.write_text(was)
    shell.until("the refusal gone", lambda: "refused" not in router.agent.status())


def test_a_bad_network_at_start_leaves_a_running_data_path(router: Router) -> None:
    router.agent.start()
    before = router.data_path()
    router.agent.stop()
    shutil.rmtree(router.agent.state)
    good = (router.network.folder / "network.toml").read_text()
    (router.network.folder / "network.toml").write_text("pool = 3\n")
    router.agent.start(wait=False)
    shell.until("the refusal", lambda: "refused" in router.agent.status())
    assert router.agent.status()["phase"] == "waiting"
    assert router.data_path() == before
    (router.network.folder / "network.toml").write_text(good)
    router.runs()
    assert router.data_path() == before


def test_with_a_bad_network_at_start_the_last_one_is_repaired(router: Router) -> None:
    router.agent.start()
    before = router.data_path()
    router.agent.stop()
    (router.network.folder / "network.toml").write_text("pool = 3\n")
    with Writes("causewayd") as writes:
        router.agent.start()
        assert writes.seen() == []
    router.shows("running on the network of", "network.toml")
    assert "refused" in router.agent.status() and router.data_path() == before
    router.namespace.ip("route flush table 7920")
    shell.until("the routes back", lambda: router.data_path() == before)
    assert "running on the network of" in router.agent.log.read_text()


def test_a_network_directory_that_comes_later(router: Router, tmp_path: Path) -> None:
    router.network.folder.rename(tmp_path / "elsewhere")
    router.agent.start(wait=False)
    shell.until("the refusal", lambda: "refused" in router.agent.status())
    (tmp_path / "elsewhere").rename(router.network.folder)
    router.runs()


def test_an_unwatched_change_that_removes_many_peers_waits_for_a_person(router: Router) -> None:
    for number in range(8):
        router.network.add(f"p{number}", f"100.83.1.{number + 1}")
    router.agent.start()
    before = router.data_path()
    shutil.rmtree(router.network.folder / "peers")
    shell.until("the change held back", lambda: router.agent.status().get("refused", {}).get("reason") == "held-back")
    assert router.data_path() == before
    router.agent.cli("reload")
    assert router.namespace.run("wg", "show", DEVICE, "peers") == ""


def test_a_router_that_the_network_does_not_name(router: Router) -> None:
    config = router.agent.config.read_text()
    router.agent.config.write_text(config.replace('"r1"', '"r2"'))
    router.agent.start(wait=False)
    shell.until("the refusal", lambda: "r2" in router.agent.status().get("refused", {}).get("text", ""))


# What may pass by itself is tried again.


def test_a_lan_interface_that_comes_later(router: Router) -> None:
    append(router.agent.config, 'lan_interface = "lan7"\n')
    router.agent.start(wait=False)
    router.shows("there is no interface lan7")
    router.namespace.ip("link add lan7 type veth peer name lan8")
    shell.until("the problem gone", lambda: "lan7" not in router.problems())


def test_a_port_in_use_is_taken_when_it_is_free(router: Router) -> None:
    holder = router.namespace.start(
        "python3", "-c", f"import socket,time; s=socket.socket(2,2); s.bind(('',{PORT})); time.sleep(600)"
    )
    shell.until("the port taken", lambda: str(PORT) in router.namespace.run("ss", "-Huln"))
    router.agent.start(wait=False)
    router.shows("in use", "ss -ulpn")
    holder.kill()
    holder.wait()
    router.runs()


def test_a_pool_that_the_host_uses_is_not_taken_from_it(router: Router) -> None:
    router.namespace.ip("link add pods type dummy", "link set pods up", "route add 100.64.0.0/10 dev pods")
    router.agent.start()
    router.shows("100.83.0.0/16 overlaps 100.64.0.0/10", "by pods", "another pool")
    assert not router.namespace.succeeds("ip", "link", "show", DEVICE)
    assert " dev pods " in router.namespace.run("ip", "route", "get", "100.83.0.10")
    router.namespace.ip("link delete pods")
    shell.until("the gateway", lambda: router.namespace.succeeds("ip", "link", "show", DEVICE), READY_SECONDS)
    shell.until("the problem gone", lambda: "overlaps" not in router.problems())


def test_a_route_that_comes_later_takes_no_gateway_away(router: Router) -> None:
    router.agent.start()
    before = router.data_path()
    router.agent.stop()
    router.namespace.ip("link add pods type dummy", "link set pods up", "route add 100.64.0.0/10 dev pods")
    router.agent.start()
    router.shows("100.83.0.0/16 overlaps 100.64.0.0/10", "which came later")
    assert router.data_path() == before


def test_exhausted_inotify_watches_are_named_and_the_directory_is_read_all_the_same(router: Router) -> None:
    limit = Path("/proc/sys/fs/inotify/max_user_watches")
    was = limit.read_text()
    limit.write_text("0\n")
    try:
        router.agent.start()
        router.shows("fs.inotify.max_user_watches")
        router.network.add("carol", "100.83.0.12")
        shell.until("carol let in", lambda: len(router.agent.status()["peers"]) == 3, READY_SECONDS)
    finally:
        limit.write_text(was)
    router.agent.reload()
    shell.until("the problem gone", lambda: "inotify" not in router.problems())


def test_a_metrics_port_in_use_stops_no_routing(router: Router) -> None:
    append(router.agent.config, 'metrics_listen = "127.0.0.1:9586"\n')
    listen = "import socket,time; s=socket.create_server(('127.0.0.1',9586)); time.sleep(600)"
    router.namespace.ip("link set lo up")
    holder = router.namespace.start("python3", "-c", listen)
    shell.until("the port taken", lambda: "9586" in router.namespace.run("ss", "-Htln"))
    router.agent.start()
    router.shows("metrics_listen", "ss -tlpn")
    holder.kill()
    holder.wait()
    shell.until("the problem gone", lambda: "metrics_listen" not in router.problems(), READY_SECONDS)


def test_a_kernel_without_wireguard(router: Router) -> None:
    loader = Path("/proc/sys/kernel/modprobe")
    was = loader.read_text()
    shell.run("modprobe", "-r", "wireguard")
    loader.write_text("/bin/false\n")
    try:
        router.agent.start(wait=False)
        router.shows("no WireGuard", "modprobe wireguard")
    finally:
        loader.write_text(was)
        shell.run("modprobe", "wireguard")
    router.runs()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    shell.run("mount", "-t", "tmpfs", "-o", "size=256k,nr_inodes=64", "none", str(disk))
    (disk / "causeway").mkdir()
    yield disk
    shell.run("umount", "-l", str(disk))


def test_a_full_disk_for_the_runtime_folder(router: Router, small_disk: Path) -> None:
    """The sysctls of before cannot be remembered, so none is changed until they can."""
    router.namespace.sysctl(net__ipv4__ip_forward=0)
    router.agent.runtime = small_disk / "causeway"
    filling = small_disk / "filling"
    with filling.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 1024)
        except OSError as error:
            assert error.errno == errno.ENOSPC
    router.agent.start(wait=False)
    router.shows("No space left")
    assert router.namespace.run("sysctl", "-n", "net.ipv4.ip_forward").strip() == "0"
    filling.unlink()
    router.runs()
    assert router.namespace.run("sysctl", "-n", "net.ipv4.ip_forward").strip() == "1"


def test_status_without_an_agent_says_how_to_start_one(router: Router) -> None:
    done: Any = subprocess.run(
        router.namespace.command("causeway", "--socket", str(router.agent.socket), "status"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "systemctl start causewayd" in done.stderr) == (UNAVAILABLE, True), done.stderr
