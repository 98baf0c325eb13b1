# SPDX-License-Identifier: Apache-2.0
"""Restart, upgrade and crash of the agent lose nothing, and a start on an unchanged network writes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from length import LONG

from lab import shell
from lab.capture import Announcements, Writes
from lab.database import PASSWORD, USER, Database
from lab.router import DEVICE
from lab.world import World


# Of each of two connections: enough to go on through two disturbances, emulated or not.
TRANSACTIONS = 3000 if LONG else 300
TRANSACTIONS_SECONDS = 600.0 if LONG else 180.0


def crash(world: World) -> None:
    world.agent.kill()
    world.agent.start()


def stop_and_start(world: World) -> None:
    world.agent.stop()
    world.agent.start()


def reload(world: World) -> None:
    world.agent.cli("reload")


@pytest.mark.parametrize("disturb", [crash, stop_and_start, reload], ids=lambda f: f.__name__)
def test_no_packet_and_no_transaction_is_lost(
    world: World, database: Database, disturb: Callable[[World], None]
) -> None:
    world.connect("laptop")
    ping = world.ping()
    # Ends by itself when it has made all of them; a lost connection ends it early, with another status.
    log = world.folder / "pgbench.txt"
    with log.open("w") as output:
        bench = world.client.start(
            *("env", f"PGPASSWORD={PASSWORD}", database.program("pgbench"), "-n", "-c", "2", "-t", str(TRANSACTIONS)),
            database.address(),
            output=output,
        )

    def wait_for_transactions() -> None:
        answered = "SELECT count(*) FROM pgbench_history"
        before = database.sql(answered, USER)
        shell.until("transactions going on", lambda: database.sql(answered, USER) != before)

    for _ in range(2):
        wait_for_transactions()
        assert bench.poll() is None, log.read_text()
        disturb(world)
    wait_for_transactions()
    assert bench.wait(timeout=TRANSACTIONS_SECONDS) == 0, log.read_text()
    assert f"transactions actually processed: {2 * TRANSACTIONS}/{2 * TRANSACTIONS}" in log.read_text()
    sent, lost = world.lost(ping)
    assert (sent > 100, lost) == (True, 0)


def test_a_start_on_an_unchanged_network_writes_nothing(world: World, tmp_path: Path) -> None:
    world.connect("laptop")
    world.agent.stop()
    with Announcements(world.router, tmp_path) as announcements, Writes("causewayd") as writes:
        world.agent.start()
        assert writes.seen() == []
        assert announcements.events() == []


def test_stopping_leaves_the_data_path_and_down_removes_it(world: World) -> None:
    before = world.router.run("sysctl", "-n", "net.ipv4.ip_forward")
    world.connect("laptop")
    world.agent.stop()
    assert world.wireguard_devices() == [DEVICE]
    world.agent.start()
    world.agent.cli("down")
    assert world.wireguard_devices() == []
    assert "causeway" not in world.router.run("nft", "list", "tables")
    for family in ("-4", "-6"):
        assert not re.search(r"^49\d\d:", world.router.run("ip", family, "rule"), re.MULTILINE)
        assert world.router.run("ip", family, "route", "show", "table", "7920", check=False) == ""
    assert before.strip() == "1"


def test_down_restores_the_sysctls_it_changed(world: World) -> None:
    """The agent found forwarding off when it first started; it was told so across a restart."""
    world.agent.stop()
    world.agent.start()
    world.agent.cli("down")
    for key in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
        assert world.router.run("sysctl", "-n", key).strip() == "0", key
    established = world.router.run("sysctl", "-n", "net.netfilter.nf_conntrack_tcp_timeout_established")
    assert established.strip() == "432000"
