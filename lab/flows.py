# SPDX-License-Identifier: Apache-2.0
"""flows.py serve | use HOST | watch HOST...: TCP connections through a takeover, from a client to a server.

`serve` answers on three ports: it echoes lines (request and response), streams numbers to a client that says nothing, and waits
for a line (idle, then resumed). `use` opens one of each, prints `open`, uses them until `end` comes on stdin, resumes the idle
one, and prints a JSON object: for each the longest time without a byte, in seconds, or what ended it. At each `look` before that
it prints the same of those in use, with the seconds since their last byte. `watch` uses them the same way, but for the idle one,
on which nothing is said any more, until each has ended or a line comes; it prints for each what ended it and when, in seconds of
the wall clock, or null.

What was not acknowledged yet holds back what comes after it (no TCP_NODELAY), so a connection has one packet under way, as one
has that is used by a person.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import threading
import time
from collections.abc import Callable

ECHO, STREAM, IDLE = 7001, 7002, 7003
PORTS = {"request and response": ECHO, "streaming to a silent client": STREAM, "idle, then resumed": IDLE}
EVERY_SECONDS = 0.02
PATIENCE_SECONDS = 30.0


def echo(peer: socket.socket) -> None:
    while data := peer.recv(4096):
        peer.sendall(data)


def stream(peer: socket.socket) -> None:
    while True:
        peer.sendall(b"x")
        time.sleep(EVERY_SECONDS)


def serve_one(port: int, handle: Callable[[socket.socket], None]) -> None:
    listening = socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    while True:
        peer, _ = listening.accept()
        threading.Thread(target=guarded, args=(handle, peer), daemon=True).start()


def guarded(handle: Callable[[socket.socket], None], peer: socket.socket) -> None:
    try:
        handle(peer)
    except OSError:
        peer.close()


def serve() -> None:
    for port, handle in ((ECHO, echo), (STREAM, stream)):
        threading.Thread(target=serve_one, args=(port, handle), daemon=True).start()
    serve_one(IDLE, echo)


class Flow:
    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), timeout=PATIENCE_SECONDS)
        self.last = time.monotonic()
        self.stall = 0.0
        self.ended = ""
        self.ended_at = 0.0

    def receive(self) -> None:
        try:
            if not self.socket.recv(65536):
                self.end("closed")
        except OSError as error:
            self.end(str(error))
        now = time.monotonic()
        self.stall, self.last = max(self.stall, now - self.last), now

    def send(self) -> None:
        try:
            self.socket.send(b"x")
        except OSError as error:
            self.end(str(error))

    def end(self, why: str) -> None:
        if not self.ended:  # what comes behind an error is no news
            self.ended, self.ended_at = why, time.time()

    def silent(self) -> float | str:
        return self.ended or round(time.monotonic() - self.last, 3)

    def told(self) -> float | str:
        return self.ended or round(max(self.stall, time.monotonic() - self.last), 3)


def opened(host: str) -> dict[str, Flow]:
    flows = {what: Flow(host, port) for what, port in PORTS.items()}
    _, _, idle = flows.values()
    idle.send()
    idle.receive()
    return flows


def watch(hosts: list[str]) -> None:
    flows: dict[str, Flow] = {}
    asking = []
    for host in hosts:
        more = opened(host)
        asking.append(next(iter(more.values())))
        flows |= {f"{what}, to {host}": flow for what, flow in more.items()}
    print("open", flush=True)
    while live := {flow.socket: flow for flow in flows.values() if not flow.ended}:
        for flow in asking:
            if not flow.ended:
                flow.send()
        ready, _, _ = select.select([sys.stdin, *live], [], [], EVERY_SECONDS)
        if sys.stdin in ready:
            break
        for each in ready:
            live[each].receive()
    print(json.dumps({what: [flow.ended, flow.ended_at] if flow.ended else None for what, flow in flows.items()}), flush=True)


def use(host: str) -> None:
    flows = opened(host)
    asking, streaming, idle = flows.values()
    print("open", flush=True)
    ended = False
    while not ended:
        if not asking.ended:
            asking.send()
        live = [flow.socket for flow in (asking, streaming) if not flow.ended]
        ready, _, _ = select.select([sys.stdin, *live], [], [], EVERY_SECONDS)
        for flow in (asking, streaming):
            if flow.socket in ready:
                flow.receive()
        if sys.stdin in ready:
            ended = sys.stdin.readline() != "look\n"
            if not ended:
                print(json.dumps({what: flow.silent() for what, flow in flows.items() if flow is not idle}), flush=True)
    idle.last = time.monotonic()
    idle.socket.settimeout(PATIENCE_SECONDS)
    idle.send()
    idle.receive()
    print(json.dumps({what: flow.told() for what, flow in flows.items()}), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    elif sys.argv[1] == "watch":
        watch(sys.argv[2:])
    else:
        use(sys.argv[2])
