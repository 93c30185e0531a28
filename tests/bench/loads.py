"""What the farm does to a system: a steady stream of calls, a queue that never empties, many talks at once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

from tests.bench.sip_farm import Caller, Farm, Pattern, PhoneLeg
from tests.bench.stats import percentile

MS = 1e6
#: How long a step may take after its last call, beyond the call's own length, until everything must be over.
GRACE_S = 4.0
#: A step in which key 5 -> bridged is slower than this at p99 is more than the system can carry.
SLOW_MS = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What came of a steady stream of calls; milliseconds."""

    rate: float
    calls: int
    key_to_invite: list[float]
    key_to_bridged: list[float]
    #: Reason -> how many calls failed for it.
    failed: dict[str, int] = field(default_factory=dict)
    resent: int = 0
    #: CPU seconds by part of the system, the farm's too.
    cost: dict[str, float] = field(default_factory=dict)

    @property
    def slow(self) -> bool:
        """Whether callers waited too long to hear the counsellor."""
        return percentile(sorted(self.key_to_bridged), 0.99) > SLOW_MS

    @property
    def passed(self) -> bool:
        """No call failed and nobody waited too long; a backlog shows as both."""
        return not self.failed and bool(self.key_to_bridged) and not self.slow


class Stream(Pattern):
    """Callers arrive, press 5 a moment after they are answered, talk, hang up."""

    def __init__(self, farm: Farm, dialled: str, *, talk_s: float = 0.3, key_after_s: float = 0.3) -> None:
        self._farm = farm
        self._dialled = dialled
        self._talk_s = talk_s
        self._key_after_s = key_after_s
        self._calls: list[Caller] = []
        self._open = 0
        self._change = asyncio.Event()
        #: Keep talks up until told otherwise.
        self.hold = False

    async def run(self, rate: float, seconds: float, *, seed: int) -> Step:
        """Run one step; arrivals are evenly spread with some irregularity, the same for every system with the same seed."""
        loop, chance = asyncio.get_running_loop(), random.Random(seed)
        self._farm.pattern = self
        self._calls = []
        resent = self._farm.callers.resent + self._farm.phones.resent
        begin = loop.time()
        for number in range(max(1, round(rate * seconds))):
            due = begin + (number + 0.5 * chance.random()) / rate
            if (wait := due - loop.time()) > 0:
                await asyncio.sleep(wait)
            self._calls.append(self._farm.call(self._dialled))
        if not self.hold:
            await self._settle(self._talk_s + self._key_after_s + GRACE_S)
        return Step(
            rate=rate,
            calls=len(self._calls),
            key_to_invite=[(call.phone.invited - call.key) / MS for call in self._calls if call.phone and call.key],
            key_to_bridged=[(call.bridged - call.key) / MS for call in self._calls if call.bridged],
            failed=dict(self._failures()),
            resent=self._farm.callers.resent + self._farm.phones.resent - resent,
        )

    async def _settle(self, within_s: float) -> None:
        try:
            async with asyncio.timeout(within_s):
                while self._farm.live:
                    self._change.clear()
                    await self._change.wait()
        except TimeoutError:
            pass

    def _failures(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for call in self._calls:
            if call.refused:
                found[f"refused {call.refused}"] += 1
            elif not call.answered:
                found["never answered"] += 1
            elif not call.bridged:
                found["never heard a counsellor"] += 1
            elif self.hold and call.ended:
                found["cut off"] += 1
            elif not self.hold and call.ended_by != "caller":
                found["cut off" if call.ended else "never over"] += 1
            elif not self.hold and call.phone is not None and not call.phone.ended:
                found["counsellor's leg left over"] += 1
        return found

    async def clear(self) -> None:
        """End whatever is still up, so that the next step begins from nothing."""
        self.hold = False
        for call in self._calls:
            self._farm.hang_up(call)
        await self._settle(GRACE_S)
        await self._farm.reset()

    def check(self) -> dict[str, int]:
        """Failures so far of calls that are held."""
        return dict(self._failures())

    def answered(self, caller: Caller) -> None:
        """Listen a moment, press 5."""
        asyncio.get_running_loop().call_later(self._key_after_s, self._farm.press, caller, "5")

    def bridged(self, caller: Caller, leg: PhoneLeg) -> None:
        """Talk, hang up."""
        if not self.hold:
            asyncio.get_running_loop().call_later(self._talk_s, self._farm.hang_up, caller)

    def caller_ended(self, caller: Caller) -> None:
        """Wake whoever waits for the end."""
        self._change.set()

    def phone_ended(self, leg: PhoneLeg) -> None:
        """Wake whoever waits for the end."""
        self._change.set()


class OneCounsellor(Pattern):
    """One phone, several callers waiting all the time: from the counsellor's BYE to the next caller's INVITE."""

    def __init__(self, farm: Farm, dialled: str, *, seed: int, waiting: int = 4) -> None:
        self._farm = farm
        self._dialled = dialled
        self._waiting = waiting
        self._random = random.Random(seed)
        self._calls: list[Caller] = []
        self._freed = 0
        self._stopped = False
        self.samples: list[float] = []
        self.phones: set[str] = set()

    async def run(self, seconds: float) -> list[float]:
        """Samples in milliseconds."""
        self._farm.pattern = self
        for _ in range(self._waiting + 1):
            self._call()
            await asyncio.sleep(0.1)
        await asyncio.sleep(seconds)
        self._stopped = True
        for call in self._calls:
            self._farm.hang_up(call)
        await self._farm.reset()
        return self.samples

    def _call(self) -> None:
        self._calls.append(self._farm.call(self._dialled))

    def answered(self, caller: Caller) -> None:
        """Press 5 and wait."""
        asyncio.get_running_loop().call_later(0.3, self._farm.press, caller, "5")

    def offered(self, leg: PhoneLeg) -> None:
        """The next caller reaches the counsellor."""
        self.phones.add(leg.user)
        if self._freed and not self._stopped:
            self.samples.append((leg.invited - self._freed) / MS)
        self._freed = 0

    def bridged(self, caller: Caller, leg: PhoneLeg) -> None:
        """Somebody takes the place in the line; the talk lasts 0.4 to 1.4 s, so a poller is met at any moment of its second."""
        if not self._stopped:
            self._call()
            asyncio.get_running_loop().call_later(self._random.uniform(0.4, 1.4), self._over, caller, leg)

    def _over(self, caller: Caller, leg: PhoneLeg) -> None:
        if not self._stopped:
            self._farm.hang_up_phone(leg)
            self._freed = leg.bye
            asyncio.get_running_loop().call_later(0.2, self._farm.hang_up, caller)


class _Knock(Pattern):
    def __init__(self) -> None:
        self.invited: dict[str, int] = {}

    def offered(self, leg: PhoneLeg) -> None:
        self.invited[leg.call_id] = leg.invited


async def own_latency(calls: int = 200) -> list[float]:
    """What the farm itself adds: its callers call its own phones, nothing in between; milliseconds from sent to received."""
    farm = Farm(("127.0.0.3", 1))
    farm.exchange = (farm.phones.host, farm.phones.port)
    knock = farm.pattern = _Knock()
    placed = []
    async with farm:
        for _ in range(calls):
            placed.append(caller := farm.call("201"))
            await asyncio.sleep(0.01)
            farm.hang_up(caller)
        await asyncio.sleep(0.1)
    return [(knock.invited[call.call_id] - call.started) / MS for call in placed if call.call_id in knock.invited]
