"""What can be wrong with what is asked of a roster, as problems with their data: the cells somebody else changed, the rules in the way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from desk.access.model import Actor
from desk.errors import NOT_FOUND, FieldError, Problem, ProblemKind
from desk.roster import views
from desk.roster.eyes import eyes
from desk.roster.store import Store
from desk.routes import Call
from shifts.errors import EditedMeanwhile, NotPublishable, ReasonNeeded, RosterError
from shifts.rosters import Rosters

EDITED_MEANWHILE = ProblemKind(
    409,
    "edited_meanwhile",
    "그사이 다른 사람이 바꾼 칸이 있어 저장하지 않았습니다.",
    "Somebody else changed this meanwhile; nothing was saved.",
)
NOT_PUBLISHABLE = ProblemKind(
    409,
    "not_publishable",
    "지켜야 할 규칙에 어긋납니다. 법 규칙은 고쳐야 하고, 운영 규칙은 까닭을 적어야 합니다.",
    "Rules are in the way: the law's must be kept, the house's need a reason.",
)
NOTHING_TO_UNDO = ProblemKind(409, "nothing_to_undo", "되돌리거나 다시 할 변경이 없습니다.", "There is nothing of yours to undo or redo.")
REQUEST_GONE = ProblemKind(
    409,
    "request_gone",
    "이미 처리되었거나 지금 처리할 수 없는 요청입니다.",
    "This request was decided already, or is not yours to decide now.",
)
SHIFT_NOT_THERE = ProblemKind(409, "shift_not_there", "그 근무는 지금 근무표에 없습니다.", "That shift is not in the roster as it is now.")
SHIFT_BEGUN = ProblemKind(409, "shift_begun", "이미 시작한 근무는 바꿀 수 없습니다.", "A shift that has begun can't be swapped.")
NOT_ROSTERED = ProblemKind(
    409, "not_rostered", "이 계정은 상담사와 연결되어 있지 않습니다.", "This account does not belong to a counsellor."
)
ROSTER_REFUSED = ProblemKind(409, "roster_refused", "근무표를 그렇게 바꿀 수 없습니다.", "The roster can't be changed that way.")
REASON_NEEDED = ProblemKind(
    422,
    "reason_needed",
    "이미 게시된 근무표를 바꾸려면 까닭을 적어야 합니다.",
    "A roster that is in force is changed with a reason only.",
)
UNKNOWN_PERSON = ProblemKind(422, "unknown_person", "근무자 명단에 없는 사람입니다.", "Nobody of this id is rostered.")
UNKNOWN_SHIFT = ProblemKind(422, "unknown_shift", "등록되지 않은 근무 종류입니다.", "There is no such kind of shift.")
OUT_OF_PERIOD = ProblemKind(422, "out_of_period", "이 근무표의 기간이 아닌 날입니다.", "The day is not of this roster.")

#: By the code of the error.
_KINDS: Mapping[str, ProblemKind] = {
    kind.code: kind for kind in (NOTHING_TO_UNDO, REQUEST_GONE, UNKNOWN_PERSON, UNKNOWN_SHIFT, OUT_OF_PERIOD)
}
#: Whatever changes a draft may answer with these.
OF_EDITS = (EDITED_MEANWHILE, REASON_NEEDED, ROSTER_REFUSED, UNKNOWN_PERSON, UNKNOWN_SHIFT, OUT_OF_PERIOD)

P = ParamSpec("P")
Answer = TypeVar("Answer")


class Speaker(Protocol):
    """An API whose handlers are `told`."""

    words: Words


Self_ = TypeVar("Self_", bound=Speaker)


class Words:
    """Puts errors of rosters into problems."""

    def __init__(self, rosters: Rosters, store: Store) -> None:
        self._rosters = rosters
        self._store = store

    async def problem(self, error: RosterError, actor: Actor) -> Problem:
        """What the page gets."""
        match error:
            case EditedMeanwhile():
                return await self._collided(error)
            case NotPublishable():
                return await self._in_the_way(error, actor)
            case ReasonNeeded():
                return at(REASON_NEEDED, "reason")
        kind = _KINDS.get(error.code, ROSTER_REFUSED)
        # Ids, days and codes; never a name.
        return Problem(kind, data={name: str(value) for name, value in error.data.items()})

    async def _collided(self, error: EditedMeanwhile) -> Problem:
        version = error.data.get("version")
        names = await self._store.names({one.by for one in error.met if one.by is not None})
        found: list[dict[str, object]] = []
        if error.met:
            draft = await self._rosters.draft(error.met[0].day)
            version, now = draft.head.version, draft.roster.cells()
            for one in error.met:
                # As it is by now: the answer is what the page goes on with.
                cell = views.cell(one.person_id, one.day, now.get((one.person_id, one.day), ()))
                found.append({**cell.model_dump(mode="json"), "by": names.get(one.by) if one.by else None})
        return Problem(EDITED_MEANWHILE, version=version, cells=found)

    async def _in_the_way(self, error: NotPublishable, actor: Actor) -> Problem:
        looking, found = eyes(actor), []
        settings = {}
        for one in error.violations:
            month = one.day.replace(day=1)
            if month not in settings:
                settings[month] = (await self._rosters.draft(month)).setting
            found.append(views.violation(one, settings[month], looking, {}).model_dump(mode="json"))
        return Problem(NOT_PUBLISHABLE, violations=found)


def told(
    handler: Callable[Concatenate[Self_, Call, P], Awaitable[Answer]],
) -> Callable[Concatenate[Self_, Call, P], Coroutine[Any, Any, Answer]]:
    """A handler whose errors of rosters reach the page as problems."""

    @wraps(handler)
    async def inside(self: Self_, call: Call, /, *arguments: P.args, **named: P.kwargs) -> Answer:
        try:
            return await handler(self, call, *arguments, **named)
        except RosterError as error:
            raise await self.words.problem(error, call.actor) from error

    return inside


def at(kind: ProblemKind, field: str) -> Problem:
    """A problem of one value that was sent."""
    return Problem(kind, fields=[FieldError(field=field, code=kind.code, ko=kind.ko, en=kind.en)])


def gone() -> Problem:
    """There is no such thing, or not for them: the two look alike."""
    return Problem(NOT_FOUND)
