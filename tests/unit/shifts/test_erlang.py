from __future__ import annotations

import math

import pytest

from shifts.erlang import erlang_a, erlang_c

#: Contacts an hour, counsellors -> probability of waiting, service level in 20 s; 21 minutes each. By pyworkforce 0.5.1, an independent
#: implementation of Erlang C.
PYWORKFORCE = {
    (4.8, 3): (0.305077, 0.701248),
    (4.8, 4): (0.104931, 0.898863),
    (4.8, 5): (0.031211, 0.970391),
    (7, 3): (0.674516, 0.331347),
    (7, 4): (0.303229, 0.704140),
    (8.64, 4): (0.519552, 0.488435),
    (8.64, 5): (0.242136, 0.765341),
    (100, 40): (0.314523, 0.709474),
}


@pytest.mark.parametrize(("per_hour", "seats"), PYWORKFORCE)
def test_erlang_c_is_what_another_implementation_says(per_hour: float, seats: int) -> None:
    """Both figures agree to six digits, from a quiet hour to forty counsellors."""
    steady = erlang_c(per_hour=per_hour, handling_s=1260, seats=seats)
    assert (steady.waits, steady.service_level) == pytest.approx(PYWORKFORCE[per_hour, seats], abs=1e-6)


def test_five_counsellors_are_the_fewest_that_answer_95_percent_of_4_8_calls_an_hour() -> None:
    """The arithmetic on which the line's seats were planned."""
    levels = [erlang_c(per_hour=4.8, handling_s=1260, seats=seats).service_level for seats in (3, 4, 5)]
    assert levels[0] == pytest.approx(0.70, abs=0.005)
    assert levels[1] < 0.95 <= levels[2]


def test_erlang_a_is_what_was_published() -> None:
    """48 calls a minute, a minute each, 50 agents, patience of 2 minutes (Garnett, Mandelbaum, Reiman 2002): 3.1 %, 3.7 s, 93 %."""
    with_patience = erlang_a(per_hour=2880, handling_s=60, seats=50, patience_s=120)
    assert with_patience.gives_up == pytest.approx(0.031, abs=0.0005)
    assert with_patience.mean_wait_s == pytest.approx(3.7, abs=0.05)
    assert with_patience.occupancy == pytest.approx(0.93, abs=0.005)
    assert erlang_c(per_hour=2880, handling_s=60, seats=50).mean_wait_s == pytest.approx(20.8, abs=0.05)


def test_patience_as_long_as_a_talk_makes_the_number_in_the_line_poisson() -> None:
    """Whoever is there leaves at one rate, waiting or not: the line is a queue of infinitely many servers, which has a closed form."""
    load, seats = 3.0, 3
    steady = erlang_a(per_hour=9, handling_s=1200, seats=seats, patience_s=1200)
    poisson = [math.exp(-load) * load**number / math.factorial(number) for number in range(60)]
    assert steady.waits == pytest.approx(sum(poisson[seats:]), abs=1e-9)
    in_line = sum((number - seats) * share for number, share in enumerate(poisson) if number > seats)
    assert steady.gives_up == pytest.approx(in_line / load, abs=1e-9)


def test_endless_patience_is_erlang_c() -> None:
    """The one formula becomes the other, the numerical service level included."""
    nearly = erlang_a(per_hour=7, handling_s=1260, seats=4, patience_s=1e9)
    exact = erlang_a(per_hour=7, handling_s=1260, seats=4, patience_s=math.inf)
    assert nearly.service_level == pytest.approx(exact.service_level, abs=1e-4)
    assert nearly.waits == pytest.approx(exact.waits, abs=1e-4)


def test_more_load_than_seats_waits_for_ever_unless_people_give_up() -> None:
    """Erlang C has no steady state there and says so; Erlang A has one."""
    hopeless = erlang_c(per_hour=48, handling_s=1260, seats=3)
    assert (hopeless.waits, hopeless.service_level, hopeless.mean_wait_s) == (1.0, 0.0, math.inf)
    surge = erlang_a(per_hour=48, handling_s=1260, seats=3, patience_s=600)
    # All seats are always busy, so what they cannot take gives up.
    assert surge.gives_up == pytest.approx(1 - 3 * 3600 / 1260 / 48, abs=0.001)


@pytest.mark.parametrize("wrong", [{"per_hour": 0.0}, {"handling_s": 0.0}, {"seats": 0}, {"patience_s": 0.0}])
def test_a_line_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    """No contacts, no time, nobody there: an error, not a number."""
    with pytest.raises(ValueError, match=r"need|above"):
        erlang_a(**{"per_hour": 5.0, "handling_s": 1260.0, "seats": 3, "patience_s": 600.0, **wrong})  # type: ignore[arg-type]
