# SPDX-License-Identifier: Apache-2.0
"""How often an agent wakes up that has nothing to do, in virtual time, where waiting costs nothing."""

from __future__ import annotations

import os
import time
from pathlib import Path

from lab.world import World

AUDIT_SECONDS = 30  # kAudit; systemd's watchdog is answered on the same wake-up
IDLE_SECONDS = 3 * AUDIT_SECONDS
SETTLED_SECONDS = 10  # after its start it gives back what that took


def wake_ups(process: int) -> int:
    """Of all its threads since they began."""
    return sum(
        int(line.split()[1])
        for thread in Path(f"/proc/{process}/task").iterdir()
        for line in (thread / "status").read_text().splitlines()
        if line.startswith("voluntary_ctxt_switches:")
    )


def test_an_idle_agent_wakes_up_for_its_audit_alone(tmp_path: Path) -> None:
    assert os.environ.get("CW_VIRTUAL_TIME"), "a busy machine's seconds prove nothing: ./dev vm --icount"
    with World(None, tmp_path) as world:
        assert world.agent.process
        time.sleep(SETTLED_SECONDS)
        before = wake_ups(world.agent.process.pid)
        time.sleep(IDLE_SECONDS)
        woke = wake_ups(world.agent.process.pid) - before
    print(f"idle for {IDLE_SECONDS} s: {woke} wake-ups")
    assert 0 < woke <= IDLE_SECONDS / AUDIT_SECONDS
