# SPDX-License-Identifier: Apache-2.0
"""flows.py serve | use HOST: TCP connections that a takeover must not end, from a client to a server.

`serve` answers on three ports: it echoes lines (request and response), streams numbers to a client that says nothing, and waits
for a line (idle, then resumed). `use` opens one of each, prints `open`, uses them until a line comes on stdin, resumes the idle
one, and prints a JSON object: for each the longest time without a byte, in seconds, or what ended it.
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
    listening = socket.create_server(("", port))
    while True:
        peer, _ = listening.accept()
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.last = time.monotonic()
        self.stall = 0.0
        self.ended = ""

    def receive(self) -> None:
        try:
            if not self.socket.recv(65536):
                self.ended = "closed"
        except OSError as error:
            self.ended = str(error)
        now = time.monotonic()
        self.stall, self.last = max(self.stall, now - self.last), now

    def send(self) -> None:
        try:
            self.socket.send(b"x")
        except OSError as error:
            self.ended = str(error)

    def told(self) -> float | str:
        return self.ended or round(max(self.stall, time.monotonic() - self.last), 3)


def use(host: str) -> None:
    flows = {what: Flow(host, port) for what, port in PORTS.items()}
    asking, streaming, idle = flows.values()
    idle.send()
    idle.receive()
    print("open", flush=True)
    ended = False
    while not ended:
        if not asking.ended:
            asking.send()
        live = [flow.socket for flow in (asking, streaming) if not flow.ended]
        ready, _, _ = select.select([sys.stdin, *live], [], [], EVERY_SECONDS)
        ended = sys.stdin in ready
        for flow in (asking, streaming):
            if flow.socket in ready:
                flow.receive()
    idle.last = time.monotonic()
    idle.socket.settimeout(PATIENCE_SECONDS)
    idle.send()
    idle.receive()
    print(json.dumps({what: flow.told() for what, flow in flows.items()}), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        use(sys.argv[2])
