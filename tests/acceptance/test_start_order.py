"""Nothing needs to be there first: the program waits for what is missing, says so, and becomes ready by itself."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.kit.system import System
from tests.kit.until import until


async def test_the_program_waits_for_asterisk_and_the_database() -> None:
    """Started first of all; ready a moment after the others are; says what is missing meanwhile."""
    with tempfile.TemporaryDirectory(prefix="a120-") as folder:
        Path(folder).chmod(0o711)
        system = System(Path(folder), program=False)
        try:
            system.start_program(wait=False)
            await until(lambda: system.get("/healthz")[0] == 200, 20, system.said)
            status, page = system.get("/readyz")
            said = json.loads(page)
            assert status == 503
            assert (said["ready"], said["asterisk"], said["database"]) == (False, False, False)
            system.start()
            await system.wait_ready(30)
        finally:
            system.stop()
