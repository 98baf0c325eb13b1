# SPDX-License-Identifier: Apache-2.0
"""The sinks' own tests (tests/kernel) against this kernel, each counted."""

from __future__ import annotations

import pytest

from lab import shell


def cases() -> list[str]:
    """gtest's list: a suite on a line of its own, its cases indented below."""
    found, suite = [], ""
    for line in shell.run("kernel_test", "--gtest_list_tests").splitlines():
        name = line.split("#")[0].rstrip()
        if name.endswith(".") and not line.startswith(" "):
            suite = name
        elif line.startswith("  "):
            found.append(suite + name.strip())
    return found


@pytest.mark.parametrize("case", cases())
def test_sinks(case: str) -> None:
    shell.run("kernel_test", f"--gtest_filter={case}", "--gtest_brief=1")
