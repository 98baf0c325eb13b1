# SPDX-License-Identifier: Apache-2.0
"""What the router's translator says of itself."""

from __future__ import annotations

from lab.router import Agent


def counted(agent: Agent, direction: str, outcome: str) -> int:
    """Packets `from_peers` or `to_peers`, on the only gateway."""
    (gateway,) = agent.status()["gateways"]
    (packets,) = [each for each in gateway["via6"]["packets"] if each["outcome"] == outcome]
    return int(packets[direction])
