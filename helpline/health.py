"""Health and metrics of the program over HTTP, on loopback or a private address.

`/healthz`: the program runs. `/readyz`: it would take a call now; 503 with the reasons if not. `/metrics`: Prometheus.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from core import metrics


def application(ready: Callable[[], Mapping[str, bool]]) -> web.Application:
    """The three pages. `ready` names each condition and whether it holds."""

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def readyz(_: web.Request) -> web.Response:
        conditions = dict(ready())
        holds = all(conditions.values())
        return web.json_response({"ready": holds, **conditions}, status=200 if holds else 503)

    async def prometheus(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", prometheus)
    return app


async def serve(app: web.Application, host: str, port: int) -> web.AppRunner:
    """Start serving; `cleanup()` of the returned runner ends it. Raises `OSError` when the port is taken."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner
