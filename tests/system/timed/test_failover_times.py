# SPDX-License-Identifier: Apache-2.0
"""How long a stock client waits when its gateway changes hands, in virtual time; ./dev bench failover has the full numbers."""

from __future__ import annotations

import os
import statistics
from pathlib import Path

from length import LONG

from lab import takeover

GATEWAYS = 6 if LONG else 3  # each a site of its own
MODES = ("floating", "routed")


def test_a_crash_a_drain_and_a_move_take_no_longer_than_promised_and_cut_no_connection(tmp_path: Path) -> None:
    assert os.environ.get("CW_VIRTUAL_TIME"), "a busy machine's seconds prove nothing: ./dev vm --icount"
    gateways = []
    for number in range(GATEWAYS):
        folder = tmp_path / str(number)
        folder.mkdir()
        gateways.append(takeover.hand_over(folder, MODES[number % len(MODES)], number))
        print(gateways[-1])
    crashes = [each.gaps["crash"] for each in gateways]
    assert statistics.median(crashes) <= takeover.CRASH_MEDIAN_SECONDS
    assert max(crashes) <= takeover.CRASH_WORST_SECONDS
    for each in gateways:
        assert max(each.gaps["move"], each.gaps["drain"]) <= takeover.MOVE_SECONDS
        assert max(each.after_address.values()) <= takeover.AFTER_ADDRESS_SECONDS
        assert not each.cut()
        assert each.stall() <= 2 * each.gaps["crash"] + takeover.STALL_SECONDS
