# SPDX-License-Identifier: Apache-2.0
"""udp_probe.py serve PORT | use HOST PORT: for how long a host does not answer.

`serve` sends each datagram back. `use` sends one every 10 ms. For each line on stdin it prints what it has seen since the line
before, as JSON (see Seen in takeover.py), with times of the monotonic clock; it ends with stdin.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time

EVERY_SECONDS = 0.01


def serve(port: int) -> None:
    echo = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    echo.bind(("", port))
    while True:
        data, sender = echo.recvfrom(64)
        echo.sendto(data, sender)


class Answers:
    """The longest time from one answer to the next, also to one that has not come yet."""

    def __init__(self) -> None:
        self.last = time.monotonic()
        self.begin()

    def begin(self) -> None:
        self.count, self.gap, self.gap_end = 0, 0.0, self.last

    def take(self) -> None:
        now = time.monotonic()
        self.count += 1
        if now - self.last > self.gap:
            self.gap, self.gap_end = now - self.last, now
        self.last = now

    def tell(self) -> None:
        silent = time.monotonic() - self.last
        seen = {"answers": self.count, "gap": self.gap, "gap_end": self.gap_end, "silent": silent}
        print(json.dumps(seen), flush=True)


def send(probe: socket.socket) -> None:
    try:
        probe.send(b"x" * 8)
    except OSError:
        pass  # an ICMP error of the one before: no answer either


def receive(probe: socket.socket, answers: Answers) -> None:
    try:
        probe.recv(64)
    except OSError:
        return
    answers.take()


def use(host: str, port: int) -> None:
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probe.connect((host, port))
    answers = Answers()
    waiting = select.poll()
    waiting.register(probe, select.POLLIN)
    waiting.register(sys.stdin, select.POLLIN)
    due = time.monotonic()
    while True:
        now = time.monotonic()
        if now >= due:
            send(probe)
            due = max(due + EVERY_SECONDS, now)
        for ready, _ in waiting.poll(max(0.0, due - time.monotonic()) * 1000):
            if ready == probe.fileno():
                receive(probe, answers)
            elif sys.stdin.readline():
                answers.tell()
                answers.begin()
            else:
                return


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    else:
        use(sys.argv[2], int(sys.argv[3]))
