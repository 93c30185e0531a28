"""One source of free ports for the whole test run; safe beside another run on the same machine."""

from __future__ import annotations

from helpline.demo.ports import Ports, is_free

_ports = Ports()

free_port = _ports.one
free_range = _ports.range

__all__ = ["free_port", "free_range", "is_free"]
