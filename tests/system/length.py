# SPDX-License-Identifier: Apache-2.0
"""The short form of the tests, or the long one: full numbers (./dev test --long)."""

from __future__ import annotations

import os

LONG = os.environ.get("CW_LONG") == "1"
