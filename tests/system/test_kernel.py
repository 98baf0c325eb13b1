# SPDX-License-Identifier: Apache-2.0
"""The sinks' own tests (tests/kernel) against this kernel, each counted."""

from __future__ import annotations

import functools
import json
import re
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from length import LONG, TEST_SECONDS

from lab import shell

# The same property from another seed, or of more: a minute under emulation, for the long form.
FURTHER_SEED = re.compile(r"^(Seeds|Counts)/.*/[1-9]\d*$")


def cases() -> list[str]:
    """gtest's list: a suite on a line of its own, its cases indented below."""
    found, suite = [], ""
    for line in shell.run("kernel_test", "--gtest_list_tests").splitlines():
        name = line.split("#")[0].rstrip()
        if name.endswith(".") and not line.startswith(" "):
            suite = name
        elif line.startswith("  "):
            found.append(suite + name.strip())
    return [case for case in found if LONG or not FURTHER_SEED.match(case)]


CASES = cases()


def suite_of(case: str) -> str:
    return case.partition(".")[0]


@functools.cache
def run_suite(suite: str) -> dict[str, dict[str, Any]]:
    """What became of each of its cases, from one process, whose start takes longer than most of them. Nothing, so that each
    is run by itself, where the process died, hung or failed of something that is no case's (a leak, at its end)."""
    mine = [case for case in CASES if suite_of(case) == suite]
    done = False
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = ("kernel_test", f"--gtest_filter={':'.join(mine)}", f"--gtest_output=json:{report}")
        with suppress(subprocess.TimeoutExpired):
            done = shell.succeeds(*command, timeout=TEST_SECONDS / 2)  # as much is left for the first case by itself
        suites = json.loads(report.read_text())["testsuites"] if report.exists() else []
    found = {f"{each['name']}.{case['name']}": case for each in suites for case in each["testsuite"]}
    return found if done or any(case.get("failures") for case in found.values()) else {}


@pytest.mark.parametrize("case", CASES)
def test_sinks(case: str, record_property: Callable[[str, object], None]) -> None:
    found = run_suite(suite_of(case)).get(case)
    if found is None:
        shell.run("kernel_test", f"--gtest_filter={case}", "--gtest_brief=1")
        return
    record_property("seconds", float(found["time"].removesuffix("s")))
    for name, words in found.items():  # RecordProperty() of the case
        if name.startswith("told_"):
            record_property("told", f"{name.removeprefix('told_')}: {words}")
    assert found["status"] == "RUN"
    assert found["result"] == "COMPLETED"  # and not skipped
    assert not found.get("failures"), "\n".join(failure["failure"] for failure in found["failures"])
