"""Strangers get no answer: a filter in the kernel, on Asterisk's own SIP sockets, drops what comes from nowhere we know.

Asterisk's access list alone answers a stranger with 403, which tells a scanner that somebody is there, and writes two lines to the log
for each of its packets. A socket filter (classic BPF, SO_ATTACH_FILTER) needs no root and no firewall: we borrow a handle of the socket
from the child process (pidfd_getfd) and attach the program; connections accepted later inherit it. Where the kernel does not let us,
the access list remains.
"""

from __future__ import annotations

import ctypes
import errno
import ipaddress
import os
import socket
import struct
from collections.abc import Iterable, Iterator

import psutil
import structlog

log = structlog.get_logger()

_SO_ATTACH_FILTER = 26
_PIDFD_GETFD = 438
#: Offsets from here on count from the start of the IP header (linux/filter.h).
_NETWORK_HEADER = 0xFFF00000
_IPV4_SOURCE, _IPV6_SOURCE = 12, 8

_LOAD_BYTE, _LOAD_WORD = 0x30, 0x20
_AND, _SHIFT_RIGHT, _JUMP_IF_EQUAL, _RETURN = 0x54, 0x74, 0x15, 0x06
_ACCEPT = (_RETURN, 0, 0, 0xFFFFFFFF)
_DROP = (_RETURN, 0, 0, 0)
#: The kernel's limit for a filter.
_LONGEST = 4096

Instruction = tuple[int, int, int, int]


def attach(pid: int, port: int, networks: Iterable[str]) -> tuple[str, ...]:
    """Let only these networks reach what process `pid` has bound to `port`; on which sockets it worked: "udp", "tcp".

    TCP needs CAP_NET_ADMIN on newer kernels: for an ordinary user strangers on TCP are refused by Asterisk instead.
    Raises OSError where the kernel allows nothing (no permission to look into the process, a kernel before 5.6), ValueError for more
    networks than a filter can hold.
    """
    filter_ = program(networks)
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in filter_)
    memory = ctypes.create_string_buffer(code)
    argument = struct.pack("HP", len(filter_), ctypes.addressof(memory))
    done: list[str] = []
    refused: OSError | None = None
    for descriptor in _sockets(pid, port):
        with socket.socket(fileno=_borrow(pid, descriptor)) as borrowed:
            try:
                borrowed.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, argument)
            except PermissionError as error:
                refused = error
                continue
            done.append("udp" if borrowed.type == socket.SOCK_DGRAM else "tcp")
    if refused is not None and not done:
        raise refused
    return tuple(sorted(set(done)))


def program(networks: Iterable[str]) -> list[Instruction]:
    """The filter: code, jump if true, jump if false, operand. Raises ValueError if it would be too long."""
    parsed = [ipaddress.ip_network(network, strict=False) for network in networks]
    four = [_DROP]
    six = [_DROP]
    for network in reversed(parsed):
        if isinstance(network, ipaddress.IPv4Network):
            four = _match(network, _IPV4_SOURCE) + four
        else:
            six = _match(network, _IPV6_SOURCE) + six
    whole: list[Instruction] = [
        (_LOAD_BYTE, 0, 0, _NETWORK_HEADER),
        (_SHIFT_RIGHT, 0, 0, 4),
        # A jump reaches 255 instructions at most, so IPv6 is reached by an unconditional one (BPF_JA).
        (_JUMP_IF_EQUAL, 0, 1, 6),
        (0x05, 0, 0, len(four)),
        *four,
        *six,
    ]
    if len(whole) > _LONGEST:
        raise ValueError(f"{len(parsed)} networks are more than a filter can hold")
    return whole


def _match(network: ipaddress.IPv4Network | ipaddress.IPv6Network, source: int) -> list[Instruction]:
    """Accept if the source address lies in the network, else fall through."""
    words = len(network.network_address.packed) // 4
    wanted = struct.unpack(f">{words}I", network.network_address.packed)
    masks = struct.unpack(f">{words}I", network.netmask.packed)
    steps: list[Instruction] = []
    used = [index for index in range(words) if masks[index]]
    for position, index in enumerate(used):
        left = 3 * (len(used) - position - 1) + 1
        steps += [
            (_LOAD_WORD, 0, 0, _NETWORK_HEADER + source + 4 * index),
            (_AND, 0, 0, masks[index]),
            (_JUMP_IF_EQUAL, 0, left, wanted[index]),
        ]
    return [*steps, _ACCEPT]


def _sockets(pid: int, port: int) -> Iterator[int]:
    """Descriptors of the sockets that take in what is sent to the port."""
    for connection in psutil.Process(pid).net_connections(kind="inet"):
        receives = connection.type == socket.SOCK_DGRAM or connection.status == psutil.CONN_LISTEN
        if receives and getattr(connection.laddr, "port", None) == port and connection.fd >= 0:
            yield connection.fd


def _borrow(pid: int, descriptor: int) -> int:
    """A descriptor of our own for another process's socket."""
    pidfd = os.pidfd_open(pid)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        found = int(libc.syscall(_PIDFD_GETFD, pidfd, descriptor, 0))
        if found < 0:
            number = ctypes.get_errno()
            raise OSError(number, errno.errorcode.get(number, "") + " from pidfd_getfd")
        return found
    finally:
        os.close(pidfd)
