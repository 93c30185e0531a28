"""The program that answers calls, as a process: settings, logs, signals, exit codes."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys

import structlog
import uvloop

from core import logging, settings_file
from core.errors import AnnyeongError
from helpline import exit_codes
from helpline.bootstrap import Program
from ivr.ari import ApplicationReplacedError

log = structlog.get_logger()


def run(node: str | None) -> int:
    """Serve the calls of this Asterisk node until told to stop; the exit code."""
    try:
        settings = settings_file.load()
        logging.configure(settings.log)
        program = Program(settings, node)
    except AnnyeongError as error:
        sys.stderr.write(f"{error}\n")
        return exit_codes.SETTINGS
    # What there is now stays until the end: looking through it again and again would stop every call for a tenth of a second each time.
    gc.freeze()
    gc.enable()
    return uvloop.run(_serve(program))


async def _serve(program: Program) -> int:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, program.stop)
    code = exit_codes.OK
    try:
        await program.run()
    except* ApplicationReplacedError:
        log.error("application_replaced", hint="another program uses this worker's name: set worker.name")
        code = exit_codes.EXIT_REPLACED
    except* OSError as group:
        log.error("port_taken", reason=str(group.exceptions[0]), hint="set worker.http_port")
        code = exit_codes.FAILED
    return code
