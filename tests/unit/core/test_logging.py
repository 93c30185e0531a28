"""Logs: no number ever, never in the way."""

from __future__ import annotations

import io
import json
import logging as stdlib_logging
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from core import logging, metrics
from core.redaction import NUMBER, REDACTED, redact, redact_text
from core.settings import LogSettings

CALL = UUID("01912345-6789-7012-8345-678901234567")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Leave structlog and the standard library's logging as they were."""
    root = stdlib_logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()
    stdlib_logging.captureWarnings(capture=False)
    root.handlers[:], root.level = handlers, level


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        """Somebody is looking."""
        return True


def written(stream: io.StringIO, sink: logging.Sink) -> list[str]:
    """What came out."""
    sink.close()
    return stream.getvalue().splitlines()


def test_json_lines_off_a_terminal_with_what_was_bound() -> None:
    """One object a line: event, level, UTC time, and the call it belongs to."""
    stream = io.StringIO()
    sink = logging.configure(LogSettings(), stream)
    structlog.contextvars.bind_contextvars(call_id=CALL)
    structlog.get_logger().info("call_claimed", took_ms=1.25, 이름="둘")
    (line,) = written(stream, sink)
    record = json.loads(line)
    assert {key: record[key] for key in ("event", "level", "call_id", "took_ms", "이름")} == {
        "event": "call_claimed", "level": "info", "call_id": str(CALL), "took_ms": 1.25, "이름": "둘",
    }  # fmt: skip
    assert datetime.fromisoformat(record["timestamp"]).tzinfo == UTC
    assert "둘" in line


def test_readable_lines_on_a_terminal() -> None:
    """For the person who runs the demo."""
    stream = Terminal()
    sink = logging.configure(LogSettings(), stream)
    structlog.get_logger().info("call_claimed", call_id=CALL)
    text = "".join(written(stream, sink))
    assert "call_claimed" in text
    assert not text.startswith("{")


@pytest.mark.parametrize(("chosen", "stream"), [("json", Terminal()), ("console", io.StringIO())])
def test_the_setting_wins_over_the_terminal(chosen: str, stream: io.StringIO) -> None:
    """`auto` is only the default."""
    sink = logging.configure(LogSettings.model_validate({"format": chosen}), stream)
    structlog.get_logger().info("call_claimed")
    assert written(stream, sink)[0].startswith("{") == (chosen == "json")


def test_lines_below_the_level_are_left_out() -> None:
    """As set."""
    stream = io.StringIO()
    sink = logging.configure(LogSettings(level="warning"), stream)
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")
    assert [json.loads(line)["event"] for line in written(stream, sink)] == ["loud"]


NUMBERS = [
    "01012345678",
    "010-1234-5678",
    "+82 10 1234 5678",
    "+821012345678",
    "02-984-6777",
    "1577-0199",
    "+1 (202) 555-0123",
    "0507.1234.5678",
]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_never_comes_out_however_it_is_passed(number: str) -> None:
    """As event, value, key's value, nested, in an exception, in an object, and through a library."""

    class Holder:
        def __repr__(self) -> str:
            return f"Holder({number})"

    stream = io.StringIO()
    sink = logging.configure(LogSettings(), stream)
    log = structlog.get_logger()
    structlog.contextvars.bind_contextvars(note=number)
    log.info(number, number=number, text=f"x{' '}{number}!", inner={"a": [number, {"b": (number,)}]}, thing=Holder())
    log.info("positional", caller=number, digits="1234", pin="987654", deep={"pin": "987654", "x": {"y": {"z": {"w": {"v": number}}}}})
    try:
        int(f"n {number}")
    except ValueError:
        log.exception("failed")
    stdlib_logging.getLogger("library").warning("called %s", number)
    stdlib_logging.getLogger("library").warning("called %d", number)
    text = "\n".join(written(stream, sink))
    assert len(text.splitlines()) == 5
    assert number not in text
    assert "1234-5678" not in text
    assert "987654" not in text
    assert json.dumps(number)[1:-1] not in text


@pytest.mark.parametrize(
    "key", ["number", "caller_number", "digit", "digits", "pin", "new_pin", "secret", "password", "token", "dtmf", "caller"]
)
@pytest.mark.parametrize("value", ["5", 5, "1234", "홍길동", ["5"], {"a": "5"}])
def test_a_value_under_a_telling_key_is_never_shown(key: str, value: object) -> None:
    """Even a single digit."""
    assert redact(None, "info", {"event": "x", key: value, "nested": {key: value}}) == {
        "event": "x", key: REDACTED, "nested": {key: REDACTED},
    }  # fmt: skip


@given(st.integers(10**9, 10**15))
def test_a_whole_number_as_long_as_a_telephone_number_is_not_shown(value: int) -> None:
    """Unless its key says that it is a measurement."""
    assert redact(None, "info", {"event": "x", "n": value})["n"] == NUMBER
    assert redact(None, "info", {"event": "x", "took_ns": value})["took_ns"] == value


@pytest.mark.parametrize(
    "text",
    [
        str(CALL), CALL.hex, "2026-03-02T03:04:05.678901+00:00", "2026-03-02", "10.20.30.40:50600", "192.168.100.200", "PJSIP/101-0000001f",
        "PJSIP/trunk-a-00000012", "1772420645.1234", "port 5060", "extension 101", "revision 0001",
    ],
)  # fmt: skip
def test_ids_addresses_and_instants_stay_readable(text: str) -> None:
    """A log without them would be useless."""
    assert redact_text(f"a {text} b") == f"a {text} b"


@given(st.text())
def test_redacting_any_text_works(text: str) -> None:
    """Never an exception, stable when done twice."""
    once = redact_text(text)
    assert redact_text(once) == once


def test_a_blocked_sink_drops_lines_counts_them_and_says_so_later() -> None:
    """A pipe that nobody reads does not hold up a call."""
    reader, writer = os.pipe()
    before = metrics.logs_dropped_total._value.get()
    stream = os.fdopen(writer, "w", buffering=1)
    sink = logging.Sink(stream, limit=50)
    # Comes back from each although nobody reads yet.
    for _ in range(1000):
        sink.put("x" * 1000)
    dropped = metrics.logs_dropped_total._value.get() - before
    # Everything is read from here on: a writer that stays blocked would hold its stream's lock, and closing that would never return.
    with os.fdopen(reader) as other_end, ThreadPoolExecutor(1) as pool:
        text = pool.submit(other_end.read)
        sink.close()
        stream.close()
        lines = text.result(60).splitlines()
    said = [json.loads(line) for line in lines if "log_lines_dropped" in line]
    assert dropped > 500
    assert sum(note["count"] for note in said) == dropped
    assert len(lines) == 1000 - dropped + len(said)


def test_closing_does_not_wait_for_a_sink_that_is_blocked() -> None:
    """The program ends all the same."""
    reader, writer = os.pipe()
    stream = os.fdopen(writer, "w", buffering=1)
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while os.write(writer, b"x" * 4096):
            pass
    os.set_blocking(writer, True)
    sink = logging.Sink(stream, limit=10)
    sink.put("nobody reads this")
    try:
        # It comes back at all: the thread that writes does not end before somebody reads.
        sink.close(timeout_s=0.05)
        assert sink._thread.is_alive()
    finally:
        # Lets the thread go; one that stays blocked would hold its stream's lock.
        os.close(reader)


def test_a_broken_pipe_is_no_error() -> None:
    """Whoever read the log is gone; calls go on."""
    reader, writer = os.pipe()
    os.close(reader)
    stream = os.fdopen(writer, "w", buffering=1)
    sink = logging.configure(LogSettings(), stream)
    structlog.get_logger().info("nobody_hears")
    sink.close()
    assert metrics.logs_dropped_total._value.get() >= 1
