"""UUID version 7."""

from __future__ import annotations

import threading
import time
from uuid import RFC_4122

from core.ids import IdFactory, new_id


def test_ids_are_version_7_of_the_rfc() -> None:
    """Version and variant bits are where the RFC wants them."""
    identity = new_id()
    assert (identity.version, identity.variant) == (7, RFC_4122)


def test_ids_carry_the_time_in_milliseconds() -> None:
    """The example of RFC 9562, appendix A.6: 0x017F22E279B0."""
    identity = IdFactory(lambda: 0x017F22E279B0 * 1_000_000, bytes)()
    assert identity.hex[:12] == "017f22e279b0"
    assert abs((new_id().int >> 80) - time.time_ns() // 1_000_000) < 1000


def test_ids_grow_even_when_the_clock_stands_or_goes_back() -> None:
    """Order within a process is never lost."""
    times = iter([5_000_000, 5_000_000, 5_000_000, 1_000_000, 6_000_000, 5_999_999])
    make = IdFactory(lambda: next(times))
    made = [make() for _ in range(6)]
    assert made == sorted(made)
    assert len(set(made)) == 6


def test_many_threads_make_different_ids() -> None:
    """Also when many are made in one millisecond."""
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.extend(str(new_id()) for _ in range(2000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(set(made)) == 8000
