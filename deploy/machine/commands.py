"""The commands behind the Makefile's targets."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.machine import asterisk_tree
from deploy.machine.checks import CHECKS, WEB_CHECKS, run_checks, run_web_tests
from deploy.machine.errors import StepError
from deploy.machine.progress import Progress
from deploy.machine.requirements import FILES, compile_all
from deploy.machine.steps import DEMO, FULL, Checkout, Profile, Setup, run_steps

ROOT = Path(__file__).resolve().parents[2]
#: Build output only. Data (`var/`) is never removed by a command of ours.
CLEANED = (".venv", "build", "dist", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache", ".hypothesis",
           "desk/web/dist", "desk/web/node_modules")  # fmt: skip


class Session:
    """One run of a command: the checkout it works on and the lines it prints."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self.arguments = list(arguments)
        self.checkout = Checkout(root=ROOT, cache=asterisk_tree.cache_folder())
        self.progress = Progress(0)

    def set_up(self, profile: Profile, *, more: int = 0) -> None:
        """Do the set-up steps; `more` lines of the command itself follow."""
        steps = Setup(self.checkout, profile).all_steps()
        self.progress = Progress(len(steps) + more)
        run_steps(self.progress, steps)

    def become(self, title: str, program: str, *arguments: str) -> int:
        """Hand this process over to a program of the virtual environment: signals and exit status are its own."""
        self.progress.announce(title)
        os.chdir(ROOT)
        path = str(self.checkout.venv.program(program))
        os.execv(path, [path, *arguments])


def setup(session: Session) -> int:
    """Everything that development needs."""
    session.set_up(FULL)
    return 0


def demo(session: Session) -> int:
    """The helpline with one real call."""
    session.set_up(DEMO, more=1)
    return session.become("시연 / demo", "annyeong120", "demo", *session.arguments)


def test(session: Session) -> int:
    """Linters, the pages' own tests, then every other test in several processes; pytest's closing line is the last one."""
    session.set_up(FULL, more=len(CHECKS) + len(WEB_CHECKS) + 2)
    run_checks(session.progress, session.checkout.venv, session.checkout.web)
    run_web_tests(session.progress, session.checkout.web)
    # Tests on telephones spend most of their time listening, so three share two processors; tests/conftest.py says which stay together.
    processes = max(2, (os.cpu_count() or 1) * 3 // 2)
    side_by_side = () if any(word.startswith("-n") for word in session.arguments) else ("-n", str(processes))
    return session.become("모든 시험 / all tests", "python", "-m", "pytest", *side_by_side, *session.arguments)


def soak(session: Session) -> int:
    """The tests that take too long for every day, then thousands of simulated seeds with every fault; a failing one can be replayed.

    With arguments only the seeds, as they say.
    """
    session.set_up(FULL, more=1 if session.arguments else 2)
    if not session.arguments:
        session.progress.announce("오래 걸리는 시험 / the long tests")
        python = str(session.checkout.venv.program("python"))
        if code := subprocess.call([python, "-m", "pytest", "--soak", "-m", "soak"], cwd=ROOT):
            return code
    arguments = session.arguments or ("--seeds", "1-3000", "--hours", "2", "--faults", "all")
    return session.become("오래 시험 / soak", "annyeong120", "simulate", *arguments)


def bench(session: Session) -> int:
    """The measurement."""
    session.set_up(FULL, more=1)
    return session.become("측정 / bench", "python", "-m", "tests.bench", *session.arguments)


def lint(session: Session) -> int:
    """The linters alone."""
    steps = Setup(session.checkout, FULL).program_steps()
    session.progress = Progress(len(steps) + len(CHECKS) + len(WEB_CHECKS))
    run_steps(session.progress, steps)
    run_checks(session.progress, session.checkout.venv, session.checkout.web)
    return 0


def prompts(session: Session) -> int:
    """The voice prompts, whatever the notes of earlier runs say."""
    session.checkout.venv.stamps.clear("prompts")
    todo = Setup(session.checkout, DEMO)
    steps = [*todo.program_steps(), todo.prompts_step()]
    session.progress = Progress(len(steps))
    run_steps(session.progress, steps)
    return 0


def web(session: Session) -> int:
    """The desk's pages alone."""
    todo = Setup(session.checkout, DEMO)
    steps = [*todo.program_steps(), todo.web_step()]
    session.progress = Progress(len(steps))
    run_steps(session.progress, steps)
    return 0


def doctor(session: Session) -> int:
    """The program's own doctor; needs the program, so that much is set up."""
    steps = Setup(session.checkout, DEMO).program_steps()
    session.progress = Progress(len(steps) + 1)
    run_steps(session.progress, steps)
    return session.become("진단 / doctor", "annyeong120", "doctor", *session.arguments)


def requirements(session: Session) -> int:
    """The pinned requirements files."""
    steps = Setup(session.checkout, FULL).program_steps()
    session.progress = Progress(len(steps) + len(FILES))
    run_steps(session.progress, steps)
    compile_all(session.progress, session.checkout.venv, session.arguments)
    return 0


def clean(session: Session) -> int:
    """Build output away."""
    session.progress = Progress(1)
    with session.progress.step("정리 / clean") as step:
        for name in CLEANED:
            if (ROOT / name).exists():
                step.work()
                shutil.rmtree(ROOT / name)
    return 0


COMMANDS: dict[str, Callable[[Session], int]] = {
    each.__name__: each for each in (setup, demo, test, soak, bench, lint, prompts, web, doctor, requirements, clean)
}


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit status: 1 a failure, 2 a person has to do something, 130 interrupted."""
    if not arguments or arguments[0] not in COMMANDS:
        sys.stderr.write(f"usage: python3 -m deploy.machine {{{','.join(COMMANDS)}}} [ARGUMENTS]\n")
        return 2
    session = Session(arguments[1:])
    try:
        return COMMANDS[arguments[0]](session)
    except StepError as error:
        session.progress.explain(error)
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("  중단됨 / stopped: run the same command again, it goes on where it was\n")
        return 130
