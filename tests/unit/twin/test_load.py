from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from statistics import mean, median

import pytest

from helpline.twin import derive
from helpline.twin.callers import DAY_S, Scenario, arrive
from routing.model import Lane
from shifts.load import Load, LoadError, flat, parse, shipped

#: A helpline of this test's own making: one contact an hour, and two an hour from 16 to 21 o'clock.
ROWS = """kategorie,sub_kategorie,wert,einheit,jahr,monat
Schicht,Umleiter (4.45),3.25,anzahl_anrufe,2019,1
Schicht,Morgen (08.00),1.5,anzahl_anrufe,2019,1
Schicht,ZD Morgen (08.00),0.5,anzahl_anrufe,2019,1
Schicht,Vormit (10.00),3,anzahl_anrufe,2019,1
Schicht,Mittag (13.00),3,anzahl_anrufe,2019,1
Schicht,Vorab (16.00),6,anzahl_anrufe,2019,1
Schicht,Zwischendrin (17.00),1,anzahl_anrufe,2019,1
Schicht,Abend (18.00),3,anzahl_anrufe,2019,1
Schicht,Spät (21.00),2,anzahl_anrufe,2019,1
Schicht,Nacht (23.00),5.75,anzahl_anrufe,2019,1
Schicht,Chat Abend (18.00),900,anzahl_anrufe,2019,1
Geschlecht,Weiblich,60,anzahl_anrufe,2019,1
Geschlecht,Männlich,20,anzahl_anrufe,2019,1
Beratungsinhalt,Suizidalität,4,anzahl_inhalte,2019,1
Zusätzliche Beanspruchung,Schweigeanruf,8,anzahl_anrufe,2019,1
Zusätzliche Beanspruchung,Fehlanruf,3,anzahl_anrufe,2019,1
Zusätzliche Beanspruchung,Juxanruf,1,anzahl_anrufe,2019,1
Zusätzliche Beanspruchung,Verschobenes Gespräch,8,anzahl_anrufe,2019,1
Gesprächsdauer,Aritmetisches Mittel,0.0125,minuten,2019,1
Gesprächsdauer,Aritmetisches Mittel,0.0111111111,minuten,2019,2
Gesprächsdauer,Median (Zentralwert),0.01,minuten,2019,1
Gesprächsdauer,Median (Zentralwert),0.01,minuten,2019,2
"""


def load_of(text: str) -> Load:
    """Derived and read again."""
    return parse(derive.describe(csv.DictReader(io.StringIO(text))))


def test_contacts_of_a_shift_are_spread_over_its_hours() -> None:
    """Slots of different length, the second desk and the overlapping shifts of the late afternoon; chats are not calls."""
    load = load_of(ROWS)
    assert load.by_hour[16:21] == pytest.approx([2 / 29] * 5, abs=1e-5)
    assert (*load.by_hour[:16], *load.by_hour[21:]) == pytest.approx([1 / 29] * 19, abs=1e-5)


def test_talk_times_are_fractions_of_a_day_and_shares_are_of_their_whole() -> None:
    """The mean over the months in seconds; silent of all contacts, suicide of counselling talks."""
    load = load_of(ROWS)
    assert (load.talk_mean_s, load.talk_median_s) == (1020, 864)
    assert (load.silent, load.wrong, load.suicide) == (0.08, 0.04, 0.05)
    assert "CC BY 4.0" in load.source


@pytest.mark.parametrize("missing", ["Schicht", "Gesprächsdauer", "Zusätzliche", "Geschlecht"])
def test_a_file_without_what_is_needed_is_refused(missing: str) -> None:
    """An error that says what is missing, not a load of nothing."""
    with pytest.raises(LoadError, match="the file has no"):
        load_of("\n".join(line for line in ROWS.splitlines() if not line.startswith(missing)))


def test_the_script_prints_a_load_and_explains_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a file: TOML that can be read again. Without: how it is used."""
    file = tmp_path / "months.csv"
    file.write_text(ROWS, "utf-8")
    assert derive.main([str(file)]) == 0
    assert parse(capsys.readouterr().out) == load_of(ROWS)
    assert derive.main([]) == 2
    assert "FILE.csv" in capsys.readouterr().err


def test_the_shipped_load_has_the_shape_of_a_helpline() -> None:
    """Late evening about as busy as the morning's average, deep night about a third of the peak, talks of 16 to 17 minutes."""
    load = shipped()
    assert sum(load.by_hour) == pytest.approx(1, abs=0.001)
    assert load.by_hour[3] / max(load.by_hour) == pytest.approx(0.3, abs=0.05)
    assert load.by_hour[21] > mean(load.by_hour[8:13])
    assert 16 <= load.talk_mean_s / 60 <= 17


@pytest.mark.parametrize("text", ["", "source = 1", "nonsense", '[arrivals]\nby_hour = ["x"]'])
def test_a_broken_description_is_refused(text: str) -> None:
    """One kind of error, whatever is wrong with it."""
    with pytest.raises(LoadError):
        parse(text)


@pytest.mark.parametrize("wrong", [{"a_day": 0}, {"seats": 0}, {"days": 0}, {"patience_s": 0}, {"wrapup_s": -1}, {"ring_s": -1}])
def test_a_run_that_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    """Before anything is simulated."""
    with pytest.raises(LoadError):
        Scenario(**{"load": shipped(), "a_day": 115, "seats": 3, "days": 1, **wrong})  # type: ignore[arg-type]


def test_callers_come_as_often_as_the_hour_says_and_talk_as_long_as_the_load_says() -> None:
    """Three hundred days: the share of each hour, mean and median of talks, mean patience; all within chance."""
    scenario = Scenario(load=shipped(), a_day=115, seats=3, days=300, warmup_days=0, patience_s=600)
    callers = list(arrive(scenario))
    assert [caller.at for caller in callers] == sorted(caller.at for caller in callers)
    assert len(callers) / 300 == pytest.approx(115, rel=0.02)
    busiest = sum(8 <= caller.at % DAY_S / 3600 < 10 for caller in callers)
    assert busiest / len(callers) == pytest.approx(sum(shipped().by_hour[8:10]), rel=0.05)
    talks = [caller.talk_s for caller in callers]
    assert (mean(talks), median(talks)) == pytest.approx((980, 885), rel=0.02)
    assert mean(caller.patience_s for caller in callers) == pytest.approx(600, rel=0.02)


def test_the_same_callers_come_whatever_the_number_of_counsellors() -> None:
    """So that three and five counsellors are compared on the same day; another seed is another day."""
    three, five = (list(arrive(Scenario(load=shipped(), a_day=115, seats=seats, days=2))) for seats in (3, 5))
    assert three == five
    assert three != list(arrive(Scenario(load=shipped(), a_day=115, seats=3, days=2, seed=2)))


def test_mixed_calls_have_lanes_and_short_ones_among_them() -> None:
    """About as many silent, wrong and endangered callers as the load says."""
    scenario = Scenario(load=flat(shipped()), a_day=1000, seats=3, days=10, mixed=True, patience_s=math.inf)
    callers = list(arrive(scenario))
    assert sum(caller.lane is Lane.SILENT for caller in callers) / len(callers) == pytest.approx(shipped().silent, rel=0.15)
    assert sum(caller.lane is Lane.CRISIS for caller in callers) / len(callers) == pytest.approx(0.88 * shipped().suicide, rel=0.2)
    assert sum(caller.wrapup_s == 0 for caller in callers) / len(callers) == pytest.approx(shipped().silent + shipped().wrong, rel=0.1)
    assert mean(caller.talk_s + caller.wrapup_s for caller in callers) == pytest.approx(scenario.handling_s, rel=0.03)
