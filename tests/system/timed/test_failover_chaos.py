# SPDX-License-Identifier: Apache-2.0
"""Two routers share a gateway, and one thing after the other goes wrong (lab/faults.py): never do both answer for it beyond the
bounded window, nothing flaps, a stock client is served again and its connections go on. In virtual time. What the simulator does
ten thousand times (tests/sim/ha), with real kernels, etcd and WireGuard.

A round that fails tells its seed, and how to have it again.
"""

from __future__ import annotations

import os
import random
import time
from dataclasses import replace
from pathlib import Path

import pytest
from length import LONG

from lab.chaos import Chaos, Round
from lab.faults import ALONE, FAULTS

ASKED_SEED, ASKED_ROUND = os.environ.get("CW_CHAOS_SEED"), os.environ.get("CW_CHAOS_ROUND")
SEEDS = (int(ASKED_SEED),) if ASKED_SEED else (1, 2, 3, 4) if LONG else (1,)
SECONDS = 900  # of each seed in the long form: an hour in all
LONGEST = 10.0 if LONG else 1.5  # that a fault lasts, in seconds
OWNER_IS_HIT = 0.7 if LONG else 1.0  # and not its sibling
SUCCEEDS_SECONDS = 6.0  # more than `successor_silence` in ha/timers.h
MODES = ("routed", "floating")  # where open connections go on
LOOK_SECONDS = 0.5  # at most between two looks at who answers: fewer would show nothing


def rounds(chaos: Chaos, seed: int) -> list[Round]:
    """Each kind of fault once, and a standby that is alone for so long that it takes over; or what the seed draws, until the time
    is up.
    """
    each_once = [fault for fault in FAULTS if not fault.long_only]
    random.Random(seed).shuffle(each_once)
    if ASKED_ROUND:
        number = int(ASKED_ROUND)
        return [chaos.round(number, chaos.draw(number) if LONG else [each_once[number]], LONGEST, OWNER_IS_HIT)]
    if not LONG:
        done = [chaos.round(number, [fault], LONGEST, OWNER_IS_HIT) for number, fault in enumerate(each_once)]
        succeeds = replace(ALONE, lasts=(SUCCEEDS_SECONDS, SUCCEEDS_SECONDS))
        return [*done, chaos.round(len(done), [succeeds], SUCCEEDS_SECONDS, 0.0)]
    until = time.monotonic() + SECONDS
    done = []
    while time.monotonic() < until:
        done.append(chaos.round(len(done), chaos.draw(len(done)), LONGEST, OWNER_IS_HIT))
    return done


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_fails_no_two_routers_go_on_answering_and_the_client_is_served_again(tmp_path: Path, seed: int) -> None:
    assert os.environ.get("CW_VIRTUAL_TIME"), "a busy machine's seconds prove nothing: ./dev vm --icount"
    with Chaos(tmp_path, MODES[(seed - 1) % len(MODES)], seed) as chaos:
        began = time.monotonic()
        done = rounds(chaos, seed)
        chaos.connections_went_on()
        both = max((until - since for each in done for since, until in each.both()), default=0.0)
        print(
            f"seed {seed}: {len(done)} rounds in {time.monotonic() - began:.0f} s; the client answered"
            f" {max(each.back for each in done):.2f} s after the end of a fault at most; two routers answered for {both:.2f} s"
            f" at most; {chaos.watch.looks} looks, {chaos.watch.longest:.3f} s from one to the next at most"
        )
        assert chaos.watch.longest <= LOOK_SECONDS
