# SPDX-License-Identifier: Apache-2.0
"""4via6 by the sandboxed unit: its programs load, and the bpf file system of the package keeps their counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import BPF, Deployment, mounted, systemctl, unit

from lab import shell
from lab.namespace import Namespace
from lab.router import DEVICE, via
from lab.topology import DATABASE


def translators() -> dict[str, Any]:
    """What the status says of those on the gateway's device."""
    (gateway,) = json.loads(shell.run("causeway", "status", "--json"))["gateways"]
    found: dict[str, Any] = gateway["via6"]
    return found


def translated() -> int:
    (packets,) = [each for each in translators()["packets"] if each["outcome"] == "translated"]
    return int(packets["from_peers"])


@pytest.fixture
def by_via(running: Deployment) -> str:
    """The site's host by 4via6."""
    return via(DATABASE)


def test_the_bpf_file_system_is_the_agents_own(running: Deployment) -> None:
    assert systemctl("is-active", "run-causeway-bpf.mount").strip() == "active"
    assert mounted() == ["bpf"]
    assert shell.run("stat", "-c", "%a %U:%G", str(BPF)).strip() == "1700 causeway:causeway"
    options = shell.run("findmnt", "--noheadings", "--output", "OPTIONS", str(BPF)).strip().split(",")
    assert {"nosuid", "nodev", "noexec"} <= set(options)


def test_a_laptop_reaches_the_site_by_4via6_and_is_counted(by_via: str, laptop: Namespace) -> None:
    assert translators()["counted"] is True
    before = translated()
    assert laptop.succeeds("ping", "-c3", "-i0.2", "-W5", by_via)
    assert translated() >= before + 3
    assert [file.name for file in BPF.iterdir()] == [DEVICE]


@pytest.mark.parametrize("how", ["restart", "kill"])
def test_counts_go_on_over_an_end_of_the_agent(by_via: str, laptop: Namespace, how: str) -> None:
    assert laptop.succeeds("ping", "-c3", "-i0.2", "-W5", by_via)
    before, agent = translated(), unit("MainPID")
    if how == "restart":
        systemctl("restart", "causewayd")
    else:
        shell.run("kill", "-9", agent)
    shell.until("another agent", lambda: unit("SubState") == "running" and unit("MainPID") != agent)
    assert translators()["counted"] is True
    assert translated() >= before
    assert laptop.succeeds("ping", "-c1", "-W5", by_via)
    assert translated() > before


def test_without_the_mount_it_serves_and_says_that_it_does_not_count(by_via: str, laptop: Namespace) -> None:
    systemctl("stop", "causewayd", "run-causeway-bpf.mount")
    systemctl("mask", "--runtime", "run-causeway-bpf.mount")
    try:
        systemctl("start", "causewayd")
        assert mounted() == []
        assert laptop.succeeds("ping", "-c1", "-W5", by_via)
        assert translators()["counted"] is False
    finally:
        systemctl("unmask", "--runtime", "run-causeway-bpf.mount")
    systemctl("restart", "causewayd")  # which wants it
    assert mounted() == ["bpf"]
    assert laptop.succeeds("ping", "-c1", "-W5", by_via)
    assert translators()["counted"] is True
