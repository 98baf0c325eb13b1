# SPDX-License-Identifier: Apache-2.0
"""The agent as a unit: its sandbox, what it tells the service manager, and that its end costs no packet."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from conftest import ETC, UNIT, Deployment, Ping, Transactions, conntrack, modules, networkd_restart, systemctl, unit
from length import LONG

from lab import shell
from lab.namespace import Namespace
from lab.router import DEVICE
from lab.topology import DATABASE

EXPOSURE_LIMIT = 2.5
# linux/capability.h: CAP_NET_ADMIN 12, CAP_PERFMON 38, CAP_BPF 39
CAPABILITIES = 1 << 12 | 1 << 38 | 1 << 39
EX_CONFIG = 78
NETWORKD_RESTARTS = 10 if LONG else 2


def test_without_a_configuration_it_is_not_started(installed: None) -> None:
    assert unit("ActiveState") == "inactive"
    assert unit("ConditionResult") == "no"
    assert systemctl("is-enabled", UNIT).strip() == "enabled"


def test_the_folders_of_the_readmes_deployment_are_there(installed: None) -> None:
    folders = ("keys", "network/sites", "network/peers")
    found = shell.run("stat", "-c", "%a %U:%G", *(str(ETC / folder) for folder in folders)).splitlines()
    assert found == ["710 root:causeway", "750 root:causeway", "750 root:causeway"]


def test_its_exposure_is_low() -> None:
    report = shell.run("systemd-analyze", "security", "--no-pager", UNIT)
    level = re.search(r"exposure level for causewayd.service: ([\d.]+)", report)
    assert level is not None and float(level[1]) <= EXPOSURE_LIMIT, report


def test_a_laptop_reaches_the_site(running: Deployment, laptop: Namespace) -> None:
    assert laptop.succeeds("ping", "-c1", "-W5", DATABASE)


def test_the_kernel_loads_its_modules_for_the_sandboxed_agent(running: Deployment) -> None:
    wanted = {"wireguard", "nf_tables", "nft_ct", "nft_masq", "nft_flow_offload", "nf_flow_table_inet"}
    wanted |= {"sch_ingress", "cls_bpf"}
    assert not wanted & running.modules_before, "the machine had them before: this shows nothing"
    assert wanted <= modules()


def test_it_tells_its_status(running: Deployment) -> None:
    assert unit("StatusText") in systemctl("status", "--no-pager", UNIT)
    assert "acme" in unit("StatusText")


def test_it_is_its_own_user_with_three_capabilities_and_no_way_to_more(running: Deployment) -> None:
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{unit('MainPID')}/status").read_text().splitlines()
    )
    user = int(shell.run("id", "-u", "causeway"))
    assert user != 0
    assert {int(number) for number in status["Uid"].split()} == {user}
    assert {name: int(status[name], 16) for name in ("CapPrm", "CapEff", "CapBnd")} == {
        "CapPrm": CAPABILITIES,
        "CapEff": CAPABILITIES,
        "CapBnd": CAPABILITIES,
    }
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


def test_connection_tracking_is_sized_to_the_machine(running: Deployment) -> None:
    """By the unit's own user: these sysctls are root's, and the kernel takes CAP_NET_ADMIN for it."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    tracking = conntrack()
    assert memory // 8192 - 8192 < tracking["max"] <= memory // 8192
    assert tracking["buckets"] == tracking["max"]
    assert tracking["tcp_timeout_established"] == 86400


def test_the_journal_has_fields_for_programs(running: Deployment) -> None:
    output = shell.run("journalctl", "--no-pager", "--output", "json", "--unit", UNIT, "CAUSEWAY_NETWORK=acme")
    entries = [json.loads(line) for line in output.splitlines()]
    assert entries
    assert all(re.fullmatch("[0-9a-f]{32}", entry["MESSAGE_ID"]) for entry in entries)


def test_the_control_socket_is_for_root_and_the_group(running: Deployment) -> None:
    assert shell.run("stat", "-c", "%a %U:%G", "/run/causeway").strip() == "750 causeway:causeway"
    assert shell.run("stat", "-c", "%a %G", "/run/causeway/control.sock").strip() == "660 causeway"


def test_the_last_network_is_kept_for_the_agent_alone(running: Deployment) -> None:
    assert shell.run("stat", "-c", "%a %U:%G", "/var/lib/causeway").strip() == "700 causeway:causeway"
    kept = shell.run("stat", "-c", "%a %U:%G", "/var/lib/causeway/netmap.json").strip()
    assert kept == "600 causeway:causeway"


@pytest.mark.parametrize("how", ["kill", "restart", "stop and start"])
def test_its_end_costs_no_packet(running: Deployment, ping: Ping, how: str) -> None:
    before = unit("MainPID")
    if how == "kill":
        shell.run("kill", "-9", before)
        shell.until("another process", lambda: unit("SubState") == "running" and unit("MainPID") != before)
    elif how == "restart":
        systemctl("restart", UNIT)
    else:
        systemctl("stop", UNIT)
        systemctl("start", UNIT)
    assert unit("MainPID") != before
    assert ping.lost() == 0


def test_networkd_restarts_cost_no_packet_no_transaction_and_nothing_of_ours(
    running: Deployment, ping: Ping, transactions: Transactions
) -> None:
    def ours() -> str:
        return shell.run("ip", "rule") + shell.run("ip", "-6", "rule") + shell.run("ip", "route", "show", "table", "7920")

    before = ours()
    assert DEVICE in before
    systemctl("stop", UNIT)  # nobody repairs
    for _ in range(NETWORKD_RESTARTS):
        networkd_restart()
    assert ours() == before
    assert (ping.lost(), transactions.failures()) == (0, [])


def test_by_hand_as_root_it_runs_on_the_same_configuration(running: Deployment, tmp_path: Path) -> None:
    """The key is root's and can be read by the group causeway, which root is not in."""
    systemctl("stop", UNIT)
    agent = subprocess.Popen(["causewayd", "--config", str(ETC / "router.toml"), "--runtime-dir", str(tmp_path)])
    try:
        status = ("causeway", "--socket", str(tmp_path / "control.sock"), "status")
        shell.until("the agent answering", lambda: agent.poll() is not None or shell.succeeds(*status))
        assert agent.poll() is None
    finally:
        agent.terminate()
        assert agent.wait(timeout=30) == 0


def test_networkd_and_networkmanager_are_told_to_keep_off(running: Deployment) -> None:
    assert "unmanaged" in shell.run("networkctl", "--no-pager", "--no-legend", "list", DEVICE)
    assert "NM_UNMANAGED=1" in shell.run("udevadm", "info", f"/sys/class/net/{DEVICE}")


def test_threaded_napi_can_be_chosen_by_the_agent(running: Deployment) -> None:
    knob = f"/sys/class/net/{DEVICE}/threaded"
    assert shell.run("stat", "-c", "%a %U:%G", knob).strip() == "664 root:causeway"


def test_reload_says_whether_the_network_was_taken(running: Deployment, laptop: Namespace) -> None:
    wrong = ETC / "network/peers/wrong.toml"
    wrong.write_text("public_key = 7\n")
    try:
        assert not shell.succeeds("systemctl", "reload", UNIT)
        assert unit("ActiveState") == "active"
        assert laptop.succeeds("ping", "-c1", "-W5", DATABASE)
    finally:
        wrong.unlink()
    systemctl("reload", UNIT)


def test_a_file_that_the_agent_may_not_read_is_named_and_costs_no_packet(running: Deployment, ping: Ping) -> None:
    secret = ETC / "network/peers/secret.toml"
    secret.touch(mode=0o600)
    try:
        assert not shell.succeeds("causeway", "reload")
        said = shell.run("causeway", "status", check=False)
        assert "secret.toml" in said and "ermission" in said, said
        assert ping.lost() == 0
    finally:
        secret.unlink()
    systemctl("reload", UNIT)


def test_what_only_a_person_can_mend_is_not_tried_again(running: Deployment, ping: Ping) -> None:
    config = ETC / "router.toml"
    right = config.read_text()
    config.write_text("name = 7\n")
    try:
        assert not shell.succeeds("systemctl", "restart", UNIT)
        shell.until("the unit at rest", lambda: unit("ActiveState") == "failed")
        assert unit("ExecMainStatus") == str(EX_CONFIG)
        assert unit("NRestarts") == "0"
        assert ping.lost() == 0
    finally:
        config.write_text(right)
