"""Work beside the calls: what fails there is logged, counted and begun again, and ends nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping

import structlog

from core import metrics
from core.errors import DatabaseError

log = structlog.get_logger()

#: Wait before work that failed is begun again; doubles each time, up to the last. What ran for so long is as good as new; seconds.
FIRST_AGAIN_S, LAST_AGAIN_S, AS_NEW_S = 1.0, 60.0, 300.0

Work = Callable[[], Coroutine[object, object, None]]


async def watched(name: str, work: Work, *, first_s: float = FIRST_AGAIN_S) -> None:
    """Do the work, and again whenever it fails or ends, until cancelled."""
    loop = asyncio.get_running_loop()
    again_s = first_s
    while True:
        began = loop.time()
        try:
            await work()
        except DatabaseError as error:
            log.info("work_put_off", work=name, reason=type(error).__name__)
        except Exception:
            metrics.faults_total.inc()
            log.exception("work_failed", work=name, again_s=again_s)
        else:
            log.warning("work_ended", work=name, again_s=again_s)
        if loop.time() - began > AS_NEW_S:
            again_s = first_s
        await asyncio.sleep(again_s)
        again_s = min(2 * again_s, LAST_AGAIN_S)


def all_watched(works: Mapping[str, Work]) -> dict[str, Coroutine[object, object, None]]:
    """The same for several, by name."""
    return {name: watched(name, work) for name, work in works.items()}
