"""`annyeong120 roster`: the roster's solver held against published instances, and what-ifs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from core.errors import AnnyeongError
from helpline.exit_codes import FAILED
from helpline.what_if_command import what_if

#: The largest file that is read: published instances have some 100 kB.
_LARGEST = 5_000_000


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(name="roster", help="The roster.", no_args_is_help=True)
    group.command("benchmark")(benchmark)
    group.command("what-if")(what_if)
    app.add_typer(group)


def benchmark(
    file: Annotated[Path, typer.Argument(help="An instance in the public nurse-rostering text format (SECTION_HORIZON …).")],
    seconds: Annotated[float, typer.Option(help="How long to search.", min=1)] = 60.0,
    workers: Annotated[int, typer.Option(help="Threads of the search.", min=2)] = 2,
    seed: Annotated[int, typer.Option(help="Of the search's dice.", min=0)] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One object instead of lines.")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Print the roster found too.")] = False,
) -> None:
    """Solve an instance and have an independent checker judge the result: cost, bound, violations. Exit code 1 unless a lawful roster was found."""
    try:
        from shifts.solver.benchmark import instance as text  # noqa: PLC0415 - only this command needs it
        from shifts.solver.benchmark.run import solve  # noqa: PLC0415 - an optional extra
        from shifts.solver.effort import Effort  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise AnnyeongError("the solver is not installed: pip install 'annyeong120[solver]'") from error
    try:
        if file.stat().st_size > _LARGEST:
            raise AnnyeongError(f"{file.name}: larger than any instance")
        instance = text.read(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, text.BadInstance) as error:
        raise AnnyeongError(f"{file.name}: {error}") from error

    def progress(at_s: float, cost: int, bound: int) -> None:
        if not as_json:
            print(f"{at_s:6.1f} s  cost {cost}" + (f", bound {bound}" if bound > 0 else ""), flush=True)

    result = solve(instance, Effort(seconds=seconds, workers=workers, seed=seed), progress)
    judged = result.judgement
    found: dict[str, object] = {
        "file": file.name,
        "status": result.status.value,
        "cost": judged.cost if judged is not None else None,
        "bound": result.bound,
        "gap": round((judged.cost - result.bound) / judged.cost, 4) if judged and judged.cost and result.bound is not None else None,
        "violations": list(judged.violations) if judged is not None else None,
        "requests": judged.requests if judged is not None else None,
        "under": judged.under if judged is not None else None,
        "over": judged.over if judged is not None else None,
        "seconds": round(result.seconds, 1),
    }
    if plan and result.plan is not None:
        found["plan"] = {name: list(days) for name, days in result.plan.items()}
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        for key, value in found.items():
            if key != "plan":
                print(f"{key:12}{value if value not in ([], None) else 'none'}")
        for name, days in (result.plan or {}).items() if plan else ():
            print(f"{name:6}" + " ".join(day or "." for day in days))
    if judged is None or judged.violations:
        raise typer.Exit(FAILED)
