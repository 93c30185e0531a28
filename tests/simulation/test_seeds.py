"""The line under a virtual clock with everything going wrong: every invariant holds, and every program broken on purpose is caught."""

from __future__ import annotations

import pytest

from helpline.simulation import batch
from helpline.simulation.faults import Fault
from helpline.simulation.run import Job, Result
from helpline.simulation.world import Load

#: Many times what it takes: for a seed that never ends, and no slow machine.
pytestmark = [pytest.mark.simulation, pytest.mark.timeout(300)]

#: `make soak` plays three thousand.
SEEDS = 16
#: So many in one test: some ten seconds of a processor, and a failure says where.
AT_ONCE = 4
#: Crises in so many talks, in every other test: many times what there will be.
CRISES = 0.4
#: Every broken program is caught within so many seeds.
BROKEN_WITHIN = 12


def _report(result: Result) -> str:
    return "\n".join([*result.trace[-40:], f"seed {result.seed} at {result.at:.3f} s: {result.invariant}: {result.text}"])


@pytest.mark.parametrize("first", range(1, SEEDS + 1, AT_ONCE))
def test_every_invariant_holds_under_every_fault(first: int) -> None:
    """Seeds of two hours: crashes, lost workers, freezes, take-overs, events lost and doubled, failing requests, an absent database."""
    load = Load(crises=CRISES if first // AT_ONCE % 2 else 0.0)
    results = list(batch.run([batch.Task(job=Job(seed=seed, load=load)) for seed in range(first, first + AT_ONCE)], processes=2))
    failed = [_report(result) for result in results if not result.passed]
    assert not failed, "\n\n".join(failed[:3])
    simulated, real = sum(result.simulated_s for result in results), sum(result.real_s for result in results)
    print(
        f"{simulated / 3600:.0f} h simulated, {simulated / real:.0f} times real time a processor, {sum(r.callers for r in results)} calls"
    )
    assert sum(result.talks for result in results) > 30 * AT_ONCE, "the line did hardly anything"
    assert sum(result.called_back for result in results) > AT_ONCE, "hardly anybody was called back"


def test_a_seed_replays_exactly() -> None:
    """The same seed in other processes gives the same trace, byte by byte; another seed another one."""
    first, again, other = batch.run([batch.Task(job=Job(seed=seed, hours=0.5)) for seed in (7, 7, 8)], processes=2)
    assert first.fingerprint == again.fingerprint
    assert first.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("router", "faults", "invariants"),
    [
        ("no_fencing", (Fault.FREEZE, Fault.TAKEOVER, Fault.DATABASE, Fault.CRASH), {"I1", "I2", "I4", "stuck", "lost", "empty"}),
        ("no_reclaim", (Fault.LOSS, Fault.CRASH, Fault.DATABASE), {"I4", "stuck", "empty"}),
        ("no_reconcile", (Fault.CRASH, Fault.EVENTS), {"I1", "I2", "I4", "I5", "I8", "stuck", "empty"}),
        ("double_dispatch", (), {"I1", "I2"}),
        ("wrong_order", (), {"I3"}),
        ("calls_twice", (), {"callback", "I1", "I2"}),
    ],
)
def test_a_program_broken_on_purpose_is_caught(router: str, faults: tuple[Fault, ...], invariants: set[str]) -> None:
    """The test of the test: within twelve seeds of an hour, by an invariant that fits."""
    tasks = [
        batch.Task(job=Job(seed=seed, hours=1.0, faults=faults, intensity=3.0, workers=2), router=router)
        for seed in range(1, BROKEN_WITHIN + 1)
    ]
    for result in batch.run(tasks, processes=2):
        if not result.passed:
            assert result.invariant in invariants, _report(result)
            return
    pytest.fail(f"{router} was not caught in {BROKEN_WITHIN} seeds")
