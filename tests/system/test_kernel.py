# SPDX-License-Identifier: Apache-2.0
"""The sinks' own tests (tests/kernel) against this kernel, each counted."""

from __future__ import annotations

import re

import pytest
from length import LONG

from lab import shell

# The same property from another seed: a minute under emulation, for the long form.
FURTHER_SEED = re.compile(r"^Seeds/.*/[1-9]\d*$")


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


@pytest.mark.parametrize("case", cases())
def test_sinks(case: str) -> None:
    shell.run("kernel_test", f"--gtest_filter={case}", "--gtest_brief=1")
