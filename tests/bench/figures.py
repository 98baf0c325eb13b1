# SPDX-License-Identifier: Apache-2.0
"""How benchmarks say what they measured, as tools/bench.sh has it."""

from __future__ import annotations


def report(name: str, value: float, limit: float, unit: str = "s") -> bool:
    """False where it falls short."""
    ok = value <= limit
    print(f"{name} {round(value, 3):g} {unit} (limit {round(limit, 3):g}) {'ok' if ok else 'falls short'}")
    return ok
