# SPDX-License-Identifier: Apache-2.0
"""The short form of the tests, or the long one: full numbers (./dev test --long). And how long a test may take."""

from __future__ import annotations

import os

LONG = os.environ.get("CW_LONG") == "1"
TEST_SECONDS = 1800 if LONG else 240  # one that takes longer hangs, software emulation included
