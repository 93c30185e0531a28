"""Instances of our own in the public format, from a seed."""

from __future__ import annotations

from random import Random


def text(seed: int, *, people: int = 5, days: int = 14, shifts: int = 2) -> str:
    """One instance; two thirds work full time, some cannot work every shift, cover is what they can give on average."""
    dice = Random(seed)
    codes = ["E", "D", "L", "N"][:shifts]
    lines = ["# made up", "SECTION_HORIZON", str(days), "", "SECTION_SHIFTS"]
    lines += [f"{code},480,{'|'.join(codes[:number])}" for number, code in enumerate(codes)]
    lines += ["", "SECTION_STAFF"]
    names = [f"P{number}" for number in range(people)]
    weeks, capacity = days // 7, 0
    for name in names:
        full = dice.random() < 0.67
        most = 9 * weeks // 2 if full else 5 * weeks // 2
        least = most - 1 - weeks // 2 if full else most // 2
        capacity += (most + least) // 2
        limits = {code: days if dice.random() < 0.8 else dice.choice([0, weeks * 2]) for code in codes}
        if not any(limits.values()):
            limits[codes[0]] = days
        if sum(limits.values()) < days:
            limits[max(limits, key=lambda code: limits[code])] = days
        row = [most * 480, least * 480, dice.choice([5, 5, 6]), 2 if full else 1, dice.choice([2, 2, 3]) if full else 1, (weeks + 1) // 2]
        lines.append(f"{name},{'|'.join(f'{code}={limit}' for code, limit in limits.items())},{','.join(map(str, row))}")
    lines += [
        "",
        "SECTION_DAYS_OFF",
        *(f"{name},{','.join(map(str, sorted(dice.sample(range(days), weeks // 2 or 1))))}" for name in names),
    ]
    for wanted in ("ON", "OFF"):
        lines += ["", f"SECTION_SHIFT_{wanted}_REQUESTS"]
        for name in names:
            for _ in range(dice.randrange(weeks)):
                first, code, weight = dice.randrange(days), dice.choice(codes), dice.randint(1, 3)
                lines += [f"{name},{day},{code},{weight}" for day in range(first, min(days, first + dice.randint(1, 5)))]
    lines += ["", "SECTION_COVER"]
    mean = capacity / days / shifts
    lines += [f"{day},{code},{max(0, round(dice.gauss(mean, mean / 3)))},100,1" for day in range(days) for code in codes]
    return "\n".join(lines) + "\n"
