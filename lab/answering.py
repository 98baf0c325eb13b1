# SPDX-License-Identifier: Apache-2.0
"""answering.py DEVICE INTERFACE ADDRESS NAMESPACE...: which of these routers answer for a gateway, looked at every 20 ms.

One answers whose interface is up and has the address, so that its kernel says so to whoever asks the LAN, and whose gate is
open. For each line on stdin it prints what it has seen since the line before, as JSON (see Seen in chaos.py), with times of the
monotonic clock; it ends with stdin. It looks from outside of the namespaces, through a socket in each, so that it starts no
process, and a router that is switched off does not take it along.
"""

from __future__ import annotations

import array
import ctypes
import fcntl
import json
import os
import select
import socket
import struct
import sys
import threading
import time
from pathlib import Path

EVERY_SECONDS = 0.02
OPEN_MARK = 0x40000000  # of mask 0x60000000; closed it is 0x60000000 (ownership.h)
MOST_ADDRESSES = 32

CLONE_NEWNET = 0x40000000
SIOCGIFCONF, SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8912, 0x8913, 0x8914
IFF_UP = 1
IFREQ_BYTES = 40
NETLINK_GENERIC = 16
NLM_F_REQUEST, NLM_F_DUMP = 1, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 16, 3, 1, 2
WG_CMD_GET_DEVICE, WGDEVICE_A_IFNAME, WGDEVICE_A_FWMARK = 0, 2, 7


def file_of(namespace: str) -> Path:
    return Path("/run/netns", namespace)


def sockets_in(namespace: str, *kinds: tuple[int, int, int]) -> list[socket.socket]:
    """Opened in that namespace, where they stay; by a thread of their own, since a thread's namespace is changed for it."""
    made: list[socket.socket] = []
    libc = ctypes.CDLL(None, use_errno=True)

    def enter_and_open() -> None:
        try:
            file = os.open(file_of(namespace), os.O_RDONLY)
        except FileNotFoundError:
            return  # a machine that was switched off meanwhile; the caller is told below
        try:
            if libc.setns(file, CLONE_NEWNET) == 0:
                made.extend(socket.socket(*kind) for kind in kinds)
        finally:
            os.close(file)

    thread = threading.Thread(target=enter_and_open)
    thread.start()
    thread.join()
    if len(made) != len(kinds):
        raise OSError(f"no sockets in network namespace {namespace}")
    return made


def datagram_socket_in(namespace: str) -> socket.socket:
    (made,) = sockets_in(namespace, (socket.AF_INET, socket.SOCK_DGRAM, 0))
    return made


def flags_of(asking: socket.socket, interface: str) -> int:
    asked = fcntl.ioctl(asking, SIOCGIFFLAGS, struct.pack("16sh22x", interface.encode(), 0))
    return int(struct.unpack_from("h", asked, 16)[0])


def take_down(asking: socket.socket, interface: str) -> None:
    flags = flags_of(asking, interface) & ~IFF_UP
    fcntl.ioctl(asking, SIOCSIFFLAGS, struct.pack("16sh22x", interface.encode(), flags))


def has_address(asking: socket.socket, interface: str, address: str) -> bool:
    room = array.array("B", bytes(IFREQ_BYTES * MOST_ADDRESSES))
    where, size = room.buffer_info()
    used = struct.unpack("iL", fcntl.ioctl(asking, SIOCGIFCONF, struct.pack("iL", size, where)))[0]
    entries = (room[at : at + IFREQ_BYTES].tobytes() for at in range(0, used, IFREQ_BYTES))
    wanted = interface.encode(), socket.inet_aton(address)
    return any((entry[:16].rstrip(b"\0"), entry[20:24]) == wanted for entry in entries)


def attributes(data: bytes) -> dict[int, bytes]:
    found = {}
    while len(data) >= 4:
        size, kind = struct.unpack_from("HH", data)
        found[kind & 0x3FFF] = data[4:size]
        data = data[(max(size, 4) + 3) & ~3 :]
    return found


def ask(generic: socket.socket, family: int, flags: int, command: int, attribute: int, name: str) -> dict[int, bytes] | None:
    """The attributes of the first message of the answer; None: an error."""
    text = name.encode() + b"\0"
    told = struct.pack("HH", 4 + len(text), attribute) + text + bytes(-len(text) % 4)
    generic.send(struct.pack("IHHIIBBH", 20 + len(told), family, NLM_F_REQUEST | flags, 1, 0, command, 1, 0) + told)
    first: dict[int, bytes] | None = None
    while True:
        answer = generic.recv(1 << 16)
        while len(answer) >= 16:
            size, kind = struct.unpack_from("IH", answer)
            if kind in (NLMSG_ERROR, NLMSG_DONE):
                return first
            first = first or attributes(answer[20:size])
            if not flags & NLM_F_DUMP:
                return first
            answer = answer[(size + 3) & ~3 :]


class Router:
    """One namespace. Another one of its name, after the machine was switched on again, is looked at instead."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.answers = False
        self._inode = 0
        self._asking: socket.socket | None = None
        self._generic: socket.socket | None = None
        self._family = 0

    def look(self, device: str, interface: str, address: str) -> bool:
        try:
            self._be_inside()
            return self._is_answering(device, interface, address)
        except OSError:
            return False  # it is switched off, or not yet on

    def _be_inside(self) -> None:
        inode = file_of(self.name).stat().st_ino
        if inode == self._inode:
            return
        for old in (self._asking, self._generic):
            if old is not None:
                old.close()
        self._inode = 0
        kinds = (socket.AF_INET, socket.SOCK_DGRAM, 0), (socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
        self._asking, self._generic = sockets_in(self.name, *kinds)
        found = ask(self._generic, GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME, "wireguard")
        if found is None:
            raise OSError("this kernel has no WireGuard")
        self._family = struct.unpack("H", found[CTRL_ATTR_FAMILY_ID])[0]
        self._inode = inode

    def _is_answering(self, device: str, interface: str, address: str) -> bool:
        assert self._asking is not None
        assert self._generic is not None
        if not flags_of(self._asking, interface) & IFF_UP or not has_address(self._asking, interface, address):
            return False
        found = ask(self._generic, self._family, NLM_F_DUMP, WG_CMD_GET_DEVICE, WGDEVICE_A_IFNAME, device)
        mark = (found or {}).get(WGDEVICE_A_FWMARK, bytes(4))
        return int(struct.unpack("I", mark)[0]) == OPEN_MARK


class Look:
    """All that was seen since it was last told."""

    def __init__(self) -> None:
        self.changes: list[tuple[float, str, bool]] = []
        self.count, self.longest = 0, 0.0

    def tell(self) -> None:
        print(json.dumps({"changes": self.changes, "count": self.count, "longest": self.longest}), flush=True)
        self.changes, self.count, self.longest = [], 0, 0.0


def main(device: str, interface: str, address: str, *names: str) -> None:
    routers = [Router(name) for name in names]
    seen = Look()
    last = due = time.monotonic()
    while True:
        if select.select([sys.stdin], [], [], max(0.0, due - time.monotonic()))[0]:
            if not sys.stdin.readline():
                return
            seen.tell()
            continue
        for router in routers:
            answers = router.look(device, interface, address)
            if answers != router.answers:
                seen.changes.append((time.monotonic(), router.name, answers))
                router.answers = answers
        now = time.monotonic()
        seen.count, seen.longest, last = seen.count + 1, max(seen.longest, now - last), now
        due = max(due + EVERY_SECONDS, now)


if __name__ == "__main__":
    main(*sys.argv[1:])
