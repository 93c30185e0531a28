"""Structured logs on standard error: JSON for machines, readable on a terminal. Never a number, never blocking.

`configure` once at start; then everywhere `structlog.get_logger()`. Bind `call_id`, `contact_id`, `counsellor_id` once with
`structlog.contextvars.bind_contextvars`. Lines are rendered by whoever logs and written by a thread of their own: if nobody takes them (a full
pipe, a frozen terminal) they are dropped and counted, and calls go on (FAILURES 33).
"""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import queue
import sys
import threading
from collections.abc import Callable
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

from core import metrics
from core.redaction import redact
from core.settings import LogSettings

#: Lines that may wait to be written; about ten seconds of a very busy line.
QUEUE_LINES = 10_000
#: How long the end of the program waits for the last lines to be taken.
LAST_LINES_S = 1.0


class Sink:
    """Takes lines without ever blocking; a thread writes them to a stream."""

    def __init__(self, stream: TextIO, *, limit: int = QUEUE_LINES) -> None:
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(limit)
        self._dropped = 0
        self._thread = threading.Thread(target=self._write, name="log-writer", daemon=True)
        self._thread.start()

    def put(self, line: str) -> None:
        """Have the line written, or drop and count it if too many wait."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._dropped += 1
            metrics.logs_dropped_total.inc()

    def close(self, *, timeout_s: float = LAST_LINES_S) -> None:
        """Write what waits, but wait no longer than this for it."""
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=timeout_s)
        self._thread.join(timeout_s)

    def _write(self) -> None:
        # Counted by whoever logs, said by this thread: neither writes the other's figure.
        said = 0
        while (line := self._lines.get()) is not None:
            try:
                self._stream.write(line + "\n")
                if self._lines.empty():
                    self._stream.flush()
                if (dropped := self._dropped) > said:
                    self._stream.write(json.dumps({"event": "log_lines_dropped", "level": "warning", "count": dropped - said}) + "\n")
                    said = dropped
            except (OSError, ValueError):
                # The stream is gone (a broken pipe, a closed file). Nothing can be said about it here but the count.
                metrics.logs_dropped_total.inc()
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


_sink: Sink | None = None


def configure(settings: LogSettings, stream: TextIO | None = None) -> Sink:
    """Set up logging for the whole process, also that of the libraries. May be called again (tests); the last call counts."""
    global _sink
    stream = stream or sys.stderr
    previous, _sink = _sink, Sink(stream)
    if previous is not None:
        previous.close()
    else:
        atexit.register(_close)
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    readable = settings.format == "console" or (settings.format == "auto" and stream.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=not readable),
        structlog.processors.format_exc_info,
        redact,
    ]
    render: Processor = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=28)
        if readable
        else structlog.processors.JSONRenderer(serializer=_to_json)
    )
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_LineLogger,
        cache_logger_on_first_use=True,
    )
    _configure_libraries(shared, render, level)
    return _sink


def _configure_libraries(shared: list[Processor], render: Processor, level: int) -> None:
    handler = _LineHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)
    # It reports, as warnings, the clean-up after errors that reach us as exceptions anyway.
    logging.getLogger("psycopg").setLevel(logging.ERROR)


class _LineLogger:
    """What structlog writes rendered lines to: whichever sink is the current one."""

    def __init__(self, *_args: object) -> None:
        pass

    def msg(self, line: str) -> None:
        if _sink is not None:
            _sink.put(line)

    debug = info = warning = warn = error = critical = fatal = exception = log = msg


class _LineHandler(logging.Handler):
    """The same for the libraries' logging."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001
            # A library's bad format string must not become our failure, nor show its arguments.
            line = json.dumps({"event": "log_record_unreadable", "level": "warning", "logger": record.name})
        if _sink is not None:
            _sink.put(line)


def _to_json(value: object, default: Callable[[Any], Any] | None = None, **_: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=default)


def _close() -> None:
    if _sink is not None:
        _sink.close()
