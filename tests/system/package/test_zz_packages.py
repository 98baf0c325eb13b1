# SPDX-License-Identifier: Apache-2.0
"""The packages' own life: upgrade, down, remove, purge. Runs last, because it ends with nothing installed."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import (
    BPF,
    DPKG_SECONDS,
    ETC,
    Deployment,
    Ping,
    Transactions,
    conntrack,
    forwarding,
    install,
    mounted,
    packages,
    start,
    unit,
)

from lab import shell
from lab.namespace import Namespace
from lab.topology import DATABASE

LINUX_ESTABLISHED = 432_000  # seconds, nf_conntrack_proto_tcp.c


def newer(package: Path, folder: Path) -> Path:
    """The same package under a higher version; its program is another file."""
    tree = folder / package.stem
    shell.run("dpkg-deb", "--raw-extract", str(package), str(tree))
    control = tree / "DEBIAN/control"
    version = shell.run("dpkg-deb", "--field", str(package), "Version").strip()
    control.write_text(
        control.read_text()
        .replace(f"Version: {version}\n", f"Version: {version}+next\n")
        .replace(f"causeway (= {version})", f"causeway (= {version}+next)")
    )
    # Compression is most of the work, and no part of what is tested.
    return Path(shell.run("dpkg-deb", "-Znone", "--build", str(tree), str(folder)).split("'")[3])


def left_in_the_kernel() -> list[str]:
    found = [line for line in shell.run("ip", "-o", "link").splitlines() if ": cw-" in line]
    for family in ("-4", "-6"):
        found += [line for line in shell.run("ip", family, "rule").splitlines() if line.startswith("49")]
        found += shell.run("ip", family, "route", "show", "table", "7920", check=False).splitlines()
    return found + [line for line in shell.run("nft", "list", "tables").splitlines() if "causeway" in line]


def test_an_upgrade_costs_no_packet_and_no_transaction(
    running: Deployment, ping: Ping, transactions: Transactions, tmp_path: Path
) -> None:
    before = unit("MainPID")
    install(*(newer(package, tmp_path) for package in packages()))
    assert unit("ActiveState") == "active"
    assert unit("MainPID") != before
    assert (ping.lost(), transactions.failures()) == (0, [])


def test_down_leaves_nothing_and_restores_forwarding(running: Deployment, laptop: Namespace) -> None:
    sized = conntrack()
    assert list(BPF.iterdir()) != []
    shell.run("causeway", "down")
    assert left_in_the_kernel() == []
    assert list(BPF.iterdir()) == []
    assert forwarding() == running.forwarding_before
    assert conntrack()["tcp_timeout_established"] == LINUX_ESTABLISHED
    assert all(conntrack()[name] < sized[name] for name in ("buckets", "max"))
    shell.run("causeway", "reload")
    shell.until("the laptop back", lambda: laptop.succeeds("ping", "-c1", "-W1", DATABASE), timeout=60)


@pytest.mark.parametrize("agent", ["running", "stopped"])
def test_removal_takes_the_data_path_down(deployment: Deployment, agent: str) -> None:
    install(*packages())
    start()
    if agent == "stopped":
        shell.run("systemctl", "stop", "causewayd")
    assert left_in_the_kernel() != []
    assert mounted() == ["bpf"]
    shell.run("dpkg", "--remove", "causeway-router", timeout=DPKG_SECONDS)
    assert left_in_the_kernel() == []
    assert mounted() == []
    assert forwarding() == deployment.forwarding_before
    assert not shell.succeeds("systemctl", "is-active", "causewayd")


def test_purge_leaves_only_what_a_person_wrote(deployment: Deployment) -> None:
    written = {str(path) for path in ETC.rglob("*")} | {str(ETC)}
    shell.run("dpkg", "--purge", "causeway-router", "causeway", timeout=DPKG_SECONDS)
    find = ("find", "/etc", "/usr", "/var", "/run", "-xdev", "-name", "*causeway*")
    found = {line for line in shell.run(*find, timeout=DPKG_SECONDS).splitlines() if not line.startswith("/var/log")}
    assert {path for path in found if path not in written} == set()
    assert mounted() == []
    assert (ETC / "keys").is_dir()


def test_installed_again_it_finds_its_configuration(deployment: Deployment, laptop: Namespace) -> None:
    install(*packages())
    start()
    # Nobody remembers where the laptop is; it tries again by itself 15 s after its session has gone dead.
    shell.until("the laptop back", lambda: laptop.succeeds("ping", "-c1", "-W1", DATABASE), timeout=60)
