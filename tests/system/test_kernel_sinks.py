# SPDX-License-Identifier: Apache-2.0
"""The sinks against this kernel: the suites of kernel_test, which makes a network namespace for each of its tests."""

from __future__ import annotations

import re
import subprocess

import pytest


def suites() -> list[str]:
    listing = subprocess.run(["kernel_test", "--gtest_list_tests"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^(\w+)\.$", listing, re.MULTILINE)


@pytest.mark.parametrize("suite", suites())
def test_kernel_sink(suite: str) -> None:
    done = subprocess.run(
        ["kernel_test", f"--gtest_filter={suite}.*", "--gtest_brief=1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^\[  PASSED  \] [1-9]", done.stdout, re.MULTILINE), "no test has run"
