"""The command line `annyeong120`.

`serve` has a short way: after a crash callers wait for that program, so what only the other commands need is not imported for it.
"""

from __future__ import annotations

import gc
import sys

from core.errors import AnnyeongError, SettingsError
from helpline.exit_codes import FAILED, SETTINGS


def main() -> None:
    """Run it. An expected failure is one readable line and an exit code, never a traceback."""
    try:
        match sys.argv[1:]:
            case ["serve"]:
                raise SystemExit(_serve(None))
            case ["serve", "--node", node]:
                raise SystemExit(_serve(node))
            case _:
                _command()
    except SettingsError as error:
        for line in error.problems:
            print(f"✘ {line}", file=sys.stderr)
        raise SystemExit(SETTINGS) from None
    except AnnyeongError as error:
        print(f"✘ {error}", file=sys.stderr)
        raise SystemExit(FAILED) from None


def _serve(node: str | None) -> int:
    # Nothing of an import is garbage, and looking for some takes a quarter of its time; `serve.run` turns it on again.
    gc.disable()
    # structlog looks for rich, to draw tracebacks that we never show.
    sys.modules["rich"] = None  # type: ignore[assignment]
    from helpline import serve  # noqa: PLC0415 - the short way

    del sys.modules["rich"]
    return serve.run(node)


def _command() -> None:
    from helpline.commands import application  # noqa: PLC0415 - the long way

    application()()
