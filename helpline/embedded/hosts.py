"""Addresses as a client must write them."""

from __future__ import annotations


def client_host(bind: str) -> str:
    """Where to reach what is bound to `bind`: a wildcard is reached by the loopback, IPv6 stands in brackets."""
    if bind in {"", "0.0.0.0"}:  # noqa: S104
        return "127.0.0.1"
    if bind == "::":
        return "[::1]"
    return f"[{bind}]" if ":" in bind else bind
