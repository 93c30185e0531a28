"""Choosing free ports."""

from __future__ import annotations

import socket
import subprocess
import sys

from helpline.demo.ports import Ports, is_free


def test_no_port_is_given_twice() -> None:
    """Also across the boundary of a block."""
    ports = Ports()
    try:
        given = [ports.one() for _ in range(600)]
        assert len(set(given)) == 600
    finally:
        ports.close()


def test_two_runs_share_no_port() -> None:
    """Two choosers in one process and one in another one never meet, although nothing is bound."""
    first, second = Ports(), Ports()
    try:
        code = "from helpline.demo.ports import Ports; p = Ports(); print([p.one() for _ in range(50)])"
        numbers = [first.one() for _ in range(50)] + [second.one() for _ in range(50)]
        # Gives its block back at its end: ours must be taken by then.
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
        theirs = {int(word) for word in other.stdout.strip("[]\n ").split(",")}
        assert len(set(numbers)) == 100
        assert len(theirs) == 50
        assert not theirs & set(numbers)
    finally:
        first.close()
        second.close()


def test_a_taken_port_is_skipped() -> None:
    """A range starts behind a port that somebody holds, and at an even number."""
    ports = Ports()
    try:
        before = ports.one()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
            holder.bind(("127.0.0.1", before + 3))
            assert not is_free(before + 3)
            first = ports.range(10)
            assert first > before + 3
            assert first % 2 == 0
    finally:
        ports.close()
