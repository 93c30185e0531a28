"""The linters, and the tests of the pages: each runs to its end, its output shown only when it finds something."""

from __future__ import annotations

from deploy.machine import shell
from deploy.machine.errors import CommandFailed, StepError
from deploy.machine.progress import Progress
from deploy.machine.virtualenv import Virtualenv
from deploy.machine.web import Web

#: Title and command; all of them read pyproject.toml.
CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("코드 규칙 / ruff check", ("ruff", "check", "--no-fix", "--output-format", "concise", ".")),
    ("코드 모양 / ruff format", ("ruff", "format", "--check", ".")),
    ("형 검사 / mypy --strict", ("mypy", "--strict")),
    ("가져오기 방향 / import arrows", ("lint-imports", "--no-cache")),
)
#: Title and script of desk/web/package.json.
WEB_CHECKS: tuple[tuple[str, str], ...] = (("화면 검사 / svelte-check", "check"),)


def run_checks(progress: Progress, venv: Virtualenv, web: Web) -> None:
    """Run every check, then raise `StepError` if any of them found something."""
    failed = []
    for title, (program, *arguments) in CHECKS:
        try:
            with progress.step(title) as step:
                step.work()
                shell.run([str(venv.program(program)), *arguments], cwd=venv.repository, tail=None)
        except CommandFailed as error:
            progress.explain(error)
            failed.append(program)
    for title, script in WEB_CHECKS:
        try:
            with progress.step(title) as step:
                step.work()
                web.run(script)
        except CommandFailed as error:
            progress.explain(error)
            failed.append(f"npm run {script}")
    if failed:
        raise StepError(
            f"not clean: {', '.join(dict.fromkeys(failed))}",
            remedy=("many findings repair themselves: .venv/bin/ruff check --fix . && .venv/bin/ruff format .",)
            if "ruff" in failed
            else (),
        )


def run_web_tests(progress: Progress, web: Web) -> None:
    """The tests of the pages' own code. Raises `StepError` when one fails."""
    with progress.step("화면 시험 / tests of the pages") as step:
        step.work()
        web.run("test")
