# SPDX-License-Identifier: Apache-2.0
"""Single packets, made and read by hand, and sockets inside a namespace for which no process has to run there."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from dataclasses import dataclass
from ipaddress import ip_address

from lab.namespace import Namespace

ETH_P_ALL = 3
RECEIVE_BYTES = 16 << 20  # a whole batch waits in a tap until it is read
SO_RCVBUFFORCE = 33  # linux/socket.h; Python has no name for it
HOP_LIMIT = 64
ECHO_REQUEST = {4: (1, 8), 6: (58, 128)}  # protocol and type
FLAGS_SYN = 0x02
FLAGS_ACK = 0x10
MAGIC = 0xCA5E0000  # the upper half of a packet's mark, the number is the lower


def open_socket(namespace: Namespace, family: int, kind: int, protocol: int) -> socket.socket:
    """A socket stays in the namespace in which it was made."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace.name}", os.O_RDONLY)
    try:
        if libc.setns(there, 0) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace.name}")
        try:
            return socket.socket(family, kind, protocol)
        finally:
            if libc.setns(home, 0) != 0:
                raise OSError(ctypes.get_errno(), "cannot come back")
    finally:
        os.close(home)
        os.close(there)


@dataclass(frozen=True)
class Probe:
    """One packet that would open a connection of its own. `number`: 0 to 65535, and no other's."""

    number: int
    protocol: str  # "tcp", "udp" or "icmp"
    source: str
    destination: str
    source_port: int = 0
    port: int = 0

    def packet(self) -> bytes:
        source, destination = ip_address(self.source), ip_address(self.destination)
        protocol, body = self._body(source.version)
        # TCP and UDP have their checksum over a header like IPv6's in IPv6, and a shorter one in IPv4; the sum is the same.
        pseudo = source.packed + destination.packed + struct.pack("!II", len(body), protocol)
        at = {6: 16, 17: 6}.get(protocol, 2)
        sum_of = _checksum(body if protocol == 1 else pseudo + body)
        body = body[:at] + struct.pack("!H", sum_of or 0xFFFF) + body[at + 2 :]
        if source.version == 6:
            header = struct.pack("!IHBB", 6 << 28, len(body), protocol, HOP_LIMIT)
        else:
            # Length, identification and checksum are the kernel's to fill in, raw(7).
            header = struct.pack("!BBHHHBBH", 0x45, 0, 0, 0, 0, HOP_LIMIT, protocol, 0)
        return header + source.packed + destination.packed + body

    def _body(self, version: int) -> tuple[int, bytes]:
        mark = struct.pack("!I", MAGIC | self.number)
        if self.protocol == "icmp":
            protocol, kind = ECHO_REQUEST[version]
            return protocol, struct.pack("!BBHHH", kind, 0, 0, self.number, 1) + mark
        ports = struct.pack("!HH", self.source_port, self.port)
        if self.protocol == "tcp":
            return 6, ports + mark + struct.pack("!IBBHHH", 0, 5 << 4, FLAGS_SYN, 1024, 0, 0)
        return 17, ports + struct.pack("!HH", 12, 0) + mark


def number_of(packet: bytes) -> int | None:
    """Which probe a packet is, as it was sent: an answer to it or an error about it is none."""
    version = packet[0] >> 4
    protocol, body = (packet[9], packet[(packet[0] & 15) * 4 :]) if version == 4 else (packet[6], packet[40:])
    if protocol == 6 and len(body) >= 20 and body[13] & (FLAGS_SYN | FLAGS_ACK) == FLAGS_SYN:
        mark = body[4:8]
    elif protocol == 17 or (len(body) > 0 and (protocol, body[0]) == ECHO_REQUEST.get(version)):
        mark = body[8:12]
    else:
        return None
    if len(mark) < 4:
        return None
    (value,) = struct.unpack("!I", mark)
    return value & 0xFFFF if value & 0xFFFF0000 == MAGIC else None


class Sender:
    """Sends probes as they are from a namespace, whatever source they name."""

    def __init__(self, namespace: Namespace) -> None:
        self._sockets = {
            4: open_socket(namespace, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
            6: open_socket(namespace, socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW),
        }

    def send(self, probe: Probe) -> None:
        version = ip_address(probe.source).version
        self._sockets[version].sendto(probe.packet(), (probe.destination, 0))

    def close(self) -> None:
        for each in self._sockets.values():
            each.close()


class Tap:
    """The numbers of the probes that came in on a device, before its namespace's firewall sees them."""

    def __init__(self, namespace: Namespace, device: str) -> None:
        self._socket = open_socket(namespace, socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BYTES)
        self._socket.bind((device, ETH_P_ALL))
        self._socket.setblocking(False)

    def read(self) -> set[int]:
        """Since the last call."""
        numbers: set[int] = set()
        while True:
            try:
                packet, address = self._socket.recvfrom(2048)
            except BlockingIOError:
                return numbers
            if address[2] != socket.PACKET_OUTGOING and address[1] in (0x0800, 0x86DD):
                number = number_of(packet)
                numbers |= {number} if number is not None else set()

    def close(self) -> None:
        self._socket.close()


def _checksum(data: bytes) -> int:
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
