"""The kernel's filter against strangers, run by a small interpreter of its instructions."""

from __future__ import annotations

import ipaddress

import pytest

from helpline.embedded.source_filter import Instruction, program

_HEADER = 0xFFF00000


def passes(filter_: list[Instruction], source: str) -> bool:
    """What the kernel would do with a packet from this address (linux/filter.h: the seven instructions used)."""
    address = ipaddress.ip_address(source)
    packet = bytearray(40)
    packet[0] = 0x45 if address.version == 4 else 0x60
    at = 12 if address.version == 4 else 8
    packet[at : at + len(address.packed)] = address.packed
    value, index = 0, 0
    while True:
        code, if_true, if_false, operand = filter_[index]
        index += 1
        match code:
            case 0x30:
                value = packet[operand - _HEADER]
            case 0x20:
                value = int.from_bytes(packet[operand - _HEADER : operand - _HEADER + 4], "big")
            case 0x54:
                value &= operand
            case 0x74:
                value >>= operand
            case 0x15:
                index += if_true if value == operand else if_false
            case 0x05:
                index += operand
            case 0x06:
                return operand != 0
            case _:
                raise AssertionError(code)


@pytest.mark.parametrize(
    ("source", "known"),
    [
        ("203.0.113.7", True), ("203.0.113.8", False), ("10.255.255.255", True), ("11.0.0.0", False), ("172.31.0.1", True),
        ("172.32.0.1", False), ("2001:db8::7", True), ("2001:db8::8", False), ("fd12::1", True), ("fe80::1", False),
        ("2001:db9:0:0:8000::1", True), ("2001:db9:0:1::1", False),
    ],
)  # fmt: skip
def test_only_known_networks_pass(source: str, known: bool) -> None:
    """Single addresses and networks of any length, of both families."""
    networks = ["203.0.113.7", "10.0.0.0/8", "172.16.0.0/12", "2001:db8::7", "fc00::/7", "2001:db9::/64"]
    assert passes(program(networks), source) is known


def test_without_networks_nobody_passes() -> None:
    """An empty list is not an open door."""
    assert not passes(program([]), "127.0.0.1")
    assert not passes(program([]), "::1")


def test_everything_may_be_let_in() -> None:
    """A network of all addresses, as an operator may want it."""
    assert passes(program(["0.0.0.0/0"]), "8.8.8.8")
    assert not passes(program(["0.0.0.0/0"]), "2001:db8::1")
    assert passes(program(["::/0"]), "2001:db8::1")


def test_hundreds_of_networks_work_and_too_many_are_refused() -> None:
    """Jumps are short and the kernel takes 4096 instructions."""
    many = [f"10.{high}.{low}.1" for high in range(4) for low in range(200)]
    assert passes(program(many), "10.3.199.1")
    assert not passes(program(many), "10.3.200.1")
    assert passes(program([*many, "2001:db8::1"]), "2001:db8::1")
    with pytest.raises(ValueError, match="more than"):
        program([f"10.{high}.{low}.1" for high in range(8) for low in range(200)])
