# SPDX-License-Identifier: Apache-2.0
"""test_model.py HISTORIES [unittest's arguments]: what Spin finds in ha/model/causeway.pml, and whether what the simulator
does is something that the model can do.

Exhaustive: two routers, safety (I1, I2, I4, I9) under one crash, one outage, one loss, one succession, one handover; and
that it settles (I5). Three routers, safety, through a handover with one loss, and (CW_LONG=1) with one crash. All faults at
once are more than fits in memory with three: those are searched by bitstate (-DBITSTATE), where a state may be taken for
one that was seen, so that is a search for mistakes and no proof.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

MODEL = Path(__file__).resolve().parents[2] / "ha/model/causeway.pml"
HISTORIES = sys.argv.pop(1)
FIRST, COUNT = 1, 40  # seeds whose histories are judged: each kind four times
LONG = os.environ.get("CW_LONG") == "1"
ARBITER_ANSWERS = ["-DOUTAGES=0", "-DSUCCESSIONS=0"]
MARKS = ("ask", "written", "own", "call", "landed", "open", "relay", "close", "die", "start")


def build(folder: str, model: list[str], compiler: list[str]) -> None:
    subprocess.run(["spin", "-a", *model, str(MODEL)], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cc", "-O2", "-w", *compiler, "-o", "pan", "pan.c"], cwd=folder, check=True)


def pan(folder: str, *arguments: str) -> str:
    done = subprocess.run(["./pan", *arguments], cwd=folder, capture_output=True, text=True)
    return done.stdout + done.stderr


class Model(unittest.TestCase):
    def search(self, model: list[str], compiler: list[str], *arguments: str, least: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            build(folder, model, compiler)
            said = pan(folder, *arguments)
        states = re.search(r"(\d+) states, stored", said)
        self.assertIn("errors: 0", said, said)
        self.assertNotIn("max search depth too small", said, said)
        self.assertGreater(int(states.group(1)) if states else 0, least, said)
        print(f"{' '.join(model) or 'defaults'}: {states.group(0) if states else '?'}")

    def test_two_routers_are_safe(self) -> None:
        self.search([], ["-DSAFETY", "-DCOLLAPSE"], "-m500000", least=1_000_000)

    def test_two_routers_settle(self) -> None:
        model = ["-DLIVE", "-DLOSSES=0", "-DHANDOVERS=0", "-DCRASHES=0"]
        self.search(model, ["-DNFAIR=5", "-DCOLLAPSE"], "-m2000000", "-a", "-f", least=100_000)

    def test_three_routers_are_safe_in_a_handover_with_a_lost_answer(self) -> None:
        model = ["-DROUTERS=3", "-DCRASHES=0", *ARBITER_ANSWERS]
        self.search(model, ["-DSAFETY", "-DCOLLAPSE"], "-m500000", least=1_000_000)

    @unittest.skipUnless(LONG, "the long form's")
    def test_three_routers_are_safe_in_a_handover_with_a_crash(self) -> None:
        model = ["-DROUTERS=3", "-DLOSSES=0", *ARBITER_ANSWERS]
        self.search(model, ["-DSAFETY", "-DCOLLAPSE"], "-m500000", least=4_000_000)

    def test_three_routers_under_all_faults_are_not_caught(self) -> None:
        bits = "-w28" if LONG else "-w24"
        self.search(["-DROUTERS=3"], ["-DSAFETY", "-DBITSTATE"], "-m500000", bits, least=1_000_000)

    def test_a_successor_that_may_change_is_found_out(self) -> None:
        """The model sees mistakes: with any router as successor two gates have one epoch."""
        text = MODEL.read_text()
        broken = text.replace("successor_of[view[me]] == me && believed_owner", "believed_owner")
        self.assertNotEqual(text, broken)
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "broken.pml").write_text(broken)
            options = ["-DROUTERS=3", "-DSUCCESSIONS=2", "-DHANDOVERS=0", "-DLOSSES=0", "-DCRASHES=0"]
            subprocess.run(["spin", "-a", *options, "broken.pml"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            subprocess.run(
                ["cc", "-O2", "-w", "-DSAFETY", "-DBITSTATE", "-o", "pan", "pan.c"], cwd=folder, check=True
            )
            self.assertIn("assertion violated", pan(folder, "-m500000", "-w26"))


class Histories(unittest.TestCase):
    """A history is one of the model's if it comes to its end: there the model's assertion fails."""

    folders: dict[int, tempfile.TemporaryDirectory[str]]

    @classmethod
    def setUpClass(cls) -> None:
        cls.folders = {}
        for routers in (2, 3, 4):
            folder = cls.folders[routers] = tempfile.TemporaryDirectory()
            build(folder.name, ["-DTRACE", f"-DROUTERS={routers}", "-DTERMS=60"], ["-DSAFETY", "-DNOREDUCE"])

    @classmethod
    def tearDownClass(cls) -> None:
        for folder in cls.folders.values():
            folder.cleanup()

    def judge(self, routers: int, marks: list[str]) -> bool:
        folder = self.folders[routers].name
        Path(folder, "trace").write_text("\n".join(marks) + "\n")
        said = pan(folder, "-m100000", "-n")
        self.assertRegex(said, r"errors: [01]\b", said)
        return "errors: 1" in said

    def histories(self, first: int, count: int) -> list[tuple[str, int, list[str]]]:
        lines = subprocess.run([HISTORIES, str(first), str(count)], capture_output=True, text=True, check=True)
        found: list[tuple[str, int, list[str]]] = []
        heading = True
        for line in lines.stdout.splitlines():
            heading = line.startswith("seed ")
            if heading:
                _, seed, gateway, routers = line.split()
                found.append((f"seed {seed}, gateway {gateway}", int(routers), []))
            else:
                found[-1][2].append(line)
        return found

    def test_the_simulators_are_the_models(self) -> None:
        histories = self.histories(FIRST, COUNT)
        self.assertGreater(len(histories), COUNT)
        for name, routers, marks in histories:
            with self.subTest(name):
                if self.judge(routers, marks):
                    continue
                end = next(n for n in range(1, len(marks) + 1) if not self.judge(routers, marks[:n]))
                what, router, epoch = marks[end - 1].split()
                self.fail(f"the model cannot do mark {end}: r{router} {MARKS[int(what)]} {epoch}")
        print(f"{len(histories)} histories, {sum(len(marks) for _, _, marks in histories)} marks")

    def test_one_that_is_not_is_refused(self) -> None:
        name, routers, marks = self.histories(1, 1)[0]
        self.assertTrue(self.judge(routers, marks), name)
        written = next(i for i, mark in enumerate(marks) if mark.startswith("1 "))
        opened = next(i for i, mark in enumerate(marks) if mark.startswith("5 "))
        _, router, epoch = marks[opened].split()
        other = (int(router) + 1) % routers
        self.assertFalse(self.judge(routers, marks[:written] + marks[written + 1 :]), "owner without the arbiter")
        self.assertFalse(self.judge(routers, marks[: opened + 1] + [f"5 {other} {epoch}"]), "a second open gate")
        self.assertFalse(self.judge(routers, marks[: opened + 1] + [f"7 {router} 0"]), "an owner closes its gate")


if __name__ == "__main__":
    unittest.main()
