"""Records, plans and people over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from care.records.reading import Reader
from core.audit import AccessLog
from core.clock import seoul
from core.database import Database
from core.sealing import load_chain_key
from core.secrets import load_cipher
from core.settings import Settings
from core.testing import ManualClock
from desk.access.model import Role
from desk.records.api import RecordsApi
from desk.records.line_traces import LineTraces
from helpline import keeping
from tests.integration.care.ward import _CONTACT
from tests.integration.desk.kit import Browser, Served, served
from tests.integration.routing.rows import add_counsellor

NUMBER = "+821012345678"


class Cases:
    """People who were referred to the centre and to companions."""

    def __init__(self) -> None:
        self.of: set[UUID] = set()

    async def people(self, reader: Reader) -> frozenset[UUID]:
        """See `Referred.people`."""
        return frozenset(self.of) if reader.role in {Role.CENTRE, Role.COMPANION} else frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The desk with one of each role, and two counsellors."""

    here: Served
    cases: Cases
    settings: Settings
    first: UUID
    second: UUID
    by: dict[str, Browser]

    async def call(self, counsellor: UUID | None = None, number: str | None = NUMBER) -> str:
        """A call that somebody has."""
        contact_id, cipher = uuid4(), load_cipher(self.settings)
        sealed = (cipher.encrypt(number), cipher.index(number)) if number else (None, None)
        values = {"id": contact_id, "withheld": number is None, "counsellor_id": counsellor, "cipher": sealed[0], "index": sealed[1]}
        await self.here.db.execute(_CONTACT, values)
        return str(contact_id)

    async def hang_up(self) -> None:
        """All calls are over."""
        await self.here.db.execute(text("UPDATE contacts SET outcome = 'talked', ended_at = now(), state = 'ended'"))

    async def written(self, **more: object) -> dict[str, Any]:
        """A record of the first counsellor, with texts, of a call that is over."""
        opened = await self.by["first"].post(f"/api/contacts/{await self.call(self.first)}/record")
        assert opened.status == 200, opened.text
        saved = await self.by["first"].ask("PUT", f"/api/records/{opened.json['id']}", content(0, **more))
        assert saved.status == 200, saved.text
        await self.hang_up()
        record: dict[str, Any] = saved.json["record"]
        return record

    async def log(self, action: str) -> list[Any]:
        """Rows of the access log."""
        return await self.here.db.execute(text("SELECT * FROM access_log WHERE action = :action ORDER BY id"), {"action": action})


def content(version: int, **more: object) -> dict[str, object]:
    """What a page sends."""
    return {
        "version": version, "kinds": ["loneliness", "information"], "caller": "self", "district": "dobong", "age_band": "70s",
        "skills": ["listening"], "feeling_before": 2, "feeling_after": 5, "text": "혼자 지냅니다", **more,
    }  # fmt: skip


@pytest.fixture
async def house(db: Database, settings: Settings) -> AsyncIterator[House]:
    """Everybody is signed in."""
    clock, cases = ManualClock(), Cases()
    audit = AccessLog(db, clock, load_chain_key(settings))
    api = RecordsApi(settings, db, clock, audit, referred=cases, rooms=keeping.rooms(settings, db, clock))
    first, second = await add_counsellor(db, "101"), await add_counsellor(db, "102")
    async with served(db, settings, clock=clock, apis=(api,)) as here, AsyncExitStack() as stack:
        by = {}
        for name, role, counsellor in (
            ("first", Role.COUNSELLOR, first),
            ("second", Role.COUNSELLOR, second),
            *((str(role), role, None) for role in Role if role is not Role.COUNSELLOR),
        ):
            await here.person(name, role, counsellor=counsellor)
            by[name] = await stack.enter_async_context(here.browser())
            assert (await by[name].sign_in(name)).status == 200
        yield House(here=here, cases=cases, settings=settings, first=first, second=second, by=by)


async def test_a_counsellor_writes_the_record_of_a_call_from_draft_to_final(house: House) -> None:
    """Open, save, save again, finish; a registration number leaves a note, an older page is told."""
    first = house.by["first"]
    contact = await house.call(house.first)
    opened = await first.post(f"/api/contacts/{contact}/record")
    again = await first.post(f"/api/contacts/{contact}/record")
    assert opened.json == again.json
    assert (opened.json["state"], opened.json["version"], opened.json["number"], opened.json["mine"]) == ("draft", 0, "010-****-5678", True)
    path = f"/api/records/{opened.json['id']}"
    saved = await first.ask("PUT", path, content(0, text="900101-1234567, 010-1234-5678"))
    assert saved.json["removed"] == {"text": 1}
    assert saved.json["record"]["content"]["text"] == "[주민등록번호 삭제됨], 010-1234-5678"
    stale = await first.ask("PUT", path, content(0))
    assert (stale.code, stale.json["version"]) == ("written_meanwhile", 1)
    assert (await first.post(f"{path}/finalise", {"version": 1})).json["state"] == "final"
    late = await first.ask("PUT", path, content(2))
    assert (late.code, late.json["fields"][0]["field"]) == ("reason_needed", "reason")
    assert (await first.ask("PUT", path, content(2, reason="오타"))).json["record"]["version"] == 3
    versions = (await first.get(f"{path}/versions")).json["versions"]
    assert [(one["version"], one["removed"]) for one in versions] == [(1, {"text": 1}), (2, {}), (3, {})]
    assert (await first.get(f"{path}/versions/1")).json["content"]["text"] == "[주민등록번호 삭제됨], 010-1234-5678"
    assert (await first.get(f"{path}/versions/9")).code == "not_found"
    logged = await house.here.db.execute(text("SELECT detail::text AS detail FROM access_log"))
    assert "혼자" not in str([row.detail for row in logged])


async def test_what_is_wrong_is_said_by_field_and_nothing_is_lost(house: House) -> None:
    """A hundred thousand characters, a wrong district, sensitive data without consent, both kinds at once."""
    record = await house.written()
    first, path = house.by["first"], f"/api/records/{record['id']}"
    for more, code, field in (
        ({"text": "가" * 100_000}, "invalid", "text"),
        ({"district": "busan"}, "wrong_value", "district"),
        ({"skills": ["hypnosis"]}, "wrong_value", "skills"),
        ({"feeling_after": 11}, "invalid", "feeling_after"),
        ({"non_counselling": "prank"}, "wrong_value", "non_counselling"),
        ({"sensitive": "약"}, "consent_missing", "sensitive"),
        ({"text": "x\x00"}, "invalid", "body"),
    ):
        answer = await first.ask("PUT", path, content(1, **more))
        assert (answer.status, answer.code, answer.json["fields"][0]["field"]) == (422, code, field)
    assert (await first.get(path)).json == record


async def test_another_counsellors_call_is_refused(house: House) -> None:
    """Its record can't be opened, read or written, and is not in the list."""
    contact = await house.call(house.first)
    record = (await house.by["first"].post(f"/api/contacts/{contact}/record")).json
    await house.hang_up()
    second, path = house.by["second"], f"/api/records/{record['id']}"
    assert (await second.post(f"/api/contacts/{contact}/record")).code == "not_your_call"
    assert (await second.ask("PUT", path, content(0))).code == "not_your_call"
    assert (await second.post(f"{path}/finalise", {"version": 0})).code == "not_your_call"
    assert (await second.get(path)).code == "not_found"
    assert (await second.get(f"/api/contacts/{contact}/record")).code == "not_found"
    assert (await second.get("/api/records")).json == {"records": [], "next": None}
    assert (await second.post(f"/api/contacts/{uuid4()}/record")).code == "not_found"
    (refused,) = [row for row in await house.log("record_written") if "refused" in row.detail]
    assert refused.detail["refused"] == "not_your_call"


async def test_each_role_sees_its_part_in_lists_as_in_single_reads(house: House) -> None:
    """And whoever may see nothing is refused at the gate."""
    record = await house.written(companion_note="같이 걷기", about="어머니", sensitive="", kinds=["emergency"])
    path = f"/api/records/{record['id']}"
    house.cases.of.add(UUID(record["person"]))
    texts = {
        "first": ("혼자 지냅니다", "같이 걷기"), "second": None, "supervisor": ("", ""), "centre": ("혼자 지냅니다", "같이 걷기"),
        "companion": ("", "같이 걷기"), "auditor": None, "operator": None,
    }  # fmt: skip
    for name, expected in texts.items():
        single, listed = await house.by[name].get(path), await house.by[name].get("/api/records")
        if expected is None:
            assert single.code in {"not_found", "forbidden"}
            assert listed.code == "forbidden" or listed.json["records"] == []
            continue
        assert (single.json["content"]["text"], single.json["content"]["companion_note"]) == expected
        assert listed.json["records"] == [{**single.json, "number": None}]
        assert (await house.by[name].get(f"/api/people/{record['person']}/records")).json["records"] == listed.json["records"]
    companion = (await house.by["companion"].get(path)).json
    assert (companion["number"], companion["counsellor"], companion["content"]["district"]) == (None, None, None)
    assert "text" in companion["hidden"]
    assert (await house.by["companion"].get(f"{path}/versions")).code == "forbidden"
    assert (await house.by["supervisor"].get(f"{path}/versions/1")).json["content"]["text"] == ""


async def test_everything_is_shown_for_a_reason_that_stands_in_the_log(house: House) -> None:
    """To supervisors; the number, too. Every read says whose data it was and by which right."""
    record = await house.written()
    path = f"/api/records/{record['id']}/unmask"
    assert (await house.by["supervisor"].post(path, {"reason": ""})).code == "invalid"
    whole = await house.by["supervisor"].post(path, {"reason": "민원 확인 900101-1234567"})
    assert (whole.json["content"]["text"], whole.json["number"], whole.json["hidden"]) == ("혼자 지냅니다", NUMBER, [])
    for name in ("first", "centre", "companion", "auditor", "operator"):
        assert (await house.by[name].post(path, {"reason": "그냥 궁금"})).code == "forbidden"
    (row,) = await house.log("record_unmasked")
    assert (row.about, row.detail) == (record["id"], {"reason": "민원 확인 [주민등록번호 삭제됨]"})
    assert (await house.log("person_data_read"))[-1].detail == {"record": record["id"], "task": "unmasked"}
    assert (await house.log("person_data_read"))[-1].about == record["person"]


async def test_consent_is_kept_as_data_and_taken_back(house: House) -> None:
    """With it sensitive data may be stored; without it, it is gone."""
    record = await house.written()
    first, path = house.by["first"], f"/api/records/{record['id']}"
    wanted = {"purpose": "sensitive", "given": True, "script_version": "2026-1", "items": ["건강"], "until": "2027-01-01"}
    kept = (await first.post(f"{path}/consents", wanted)).json["consents"][0]
    assert {name: kept[name] for name in wanted} == wanted
    assert (kept["counsellor"], kept["withdrawn_at"]) == (str(house.first), None)
    assert (await first.ask("PUT", path, content(1, sensitive="약"))).json["record"]["content"]["sensitive"] == "약"
    gone = (await first.post(f"{path}/consents/{kept['id']}/withdraw")).json
    assert (gone["content"]["sensitive"], gone["consents"][0]["withdrawn_at"] is not None) == ("", True)
    assert (await first.get(f"{path}/versions/2")).json["content"]["sensitive"] == ""
    assert (await house.by["second"].post(f"{path}/consents", wanted)).code == "not_your_call"


async def test_a_meeting_face_to_face_is_recorded_without_a_call(house: House) -> None:
    """With a number the person is found again; what is no number is said."""
    first = house.by["first"]
    made = await first.post("/api/records", {"channel": "face_to_face", "number": "010 1234 5678"})
    assert (made.status, made.json["contact"], made.json["channel"], made.json["number"]) == (201, None, "face_to_face", "010-****-5678")
    same = await first.post("/api/records", {"channel": "manual", "number": "+82 10-1234-5678"})
    assert same.json["person"] == made.json["person"]
    assert (await first.post("/api/records", {"channel": "chat"})).json["person"] is None
    assert (await first.post("/api/records", {"channel": "manual", "number": "모름"})).code == "no_number"
    assert (await first.post("/api/records", {"channel": "phone"})).code == "invalid"
    words = (await first.get("/api/record-words")).json
    assert (len(words["districts"]), words["longest_text"], len(words["kinds"])) == (26, 20_000, 5)


async def test_a_plan_is_written_by_a_supervisor_and_shown_to_who_is_rung(house: House) -> None:
    """To them while the call is theirs, and to nobody else."""
    record = await house.written()
    chief, path = house.by["supervisor"], f"/api/people/{record['person']}/plan"
    today = seoul(house.here.clock.now()).date().isoformat()
    wanted = {
        "version": 0, "times": [{"weekday": 0, "since": "12:00:00", "until": "13:00:00"}], "minutes": 20, "named": str(house.first),
        "helps": "강아지", "avoid": "", "warnings": [{"text": "화낼 수 있음", "until": today}, {"text": "옛날", "until": "2025-01-01"}],
    }  # fmt: skip
    assert (await chief.get(path)).code == "not_found"
    assert (await chief.ask("PUT", path, wanted)).json["version"] == 1
    assert (await chief.ask("PUT", path, {**wanted, "helps": "고양이"})).code == "written_meanwhile"
    assert (await chief.ask("PUT", path, {**wanted, "version": 1, "named": str(uuid4())})).json["fields"][0]["field"] == "named"
    contact = await house.call()
    offered = text("UPDATE presence SET system = 'offered', contact_id = :contact WHERE counsellor_id = :id")
    await house.here.db.execute(offered, {"contact": UUID(contact), "id": house.second})
    shown = (await house.by["second"].get(f"/api/contacts/{contact}/plan")).json["plan"]
    assert ([one["text"] for one in shown["warnings"]], shown["agreed_now"], shown["named_name"]) == (["화낼 수 있음"], True, "101")
    assert (await house.by["first"].get(f"/api/contacts/{contact}/plan")).code == "not_found"
    assert (await house.by["first"].get(path)).code == "forbidden"
    for name in ("centre", "companion", "auditor", "operator"):
        assert (await house.by[name].get(f"/api/contacts/{contact}/plan")).code == "forbidden"
    assert (await chief.post(f"{path}/end", {"version": 1})).json["ended"] is True
    assert (await house.by["second"].get(f"/api/contacts/{contact}/plan")).json == {"plan": None}


async def test_who_somebody_is_is_known_to_those_who_have_to_do_with_them(house: House) -> None:
    """Name and address, kept by the counsellor; nobody else sees them, and a registration number does not stay."""
    record = await house.written()
    path = f"/api/people/{record['person']}"
    told = await house.by["first"].ask("PUT", path, {"name": "김하늘", "address": "오현로 208 900101-1234567"})
    assert (told.json["name"], told.json["address"], told.json["number"]) == ("김하늘", "오현로 208 [주민등록번호 삭제됨]", "010-****-5678")
    assert (await house.by["centre"].get(path)).code == "not_found"
    house.cases.of.add(UUID(record["person"]))
    assert (await house.by["centre"].get(path)).json == told.json
    for name in ("second", "supervisor", "companion", "auditor", "operator"):
        assert (await house.by[name].get(path)).code in {"not_found", "forbidden"}
    assert (await house.log("person_data_read"))[-1].detail == {"task": "referred"}


async def test_numbers_of_callers_whom_nobody_keeps_are_forgotten(house: House, settings: Settings) -> None:
    """Who left before anybody answered is no person: after a while the call is only counted. Who is known stays."""
    await house.written()
    stranger = await house.call(number="+821099998888")
    await house.hang_up()
    traces = LineTraces(house.here.db)
    rows = text("SELECT id FROM contacts WHERE number_index IS NOT NULL")
    await traces.forget(datetime(2026, 1, 1, tzinfo=UTC))
    assert len(await house.here.db.execute(rows)) == 2
    await traces.forget(datetime(2126, 1, 1, tzinfo=UTC))
    assert stranger not in {str(row.id) for row in await house.here.db.execute(rows)}
    assert len(await house.here.db.execute(rows)) == 1


async def test_a_crisis_that_is_open_keeps_its_person_from_being_erased(house: House) -> None:
    """The reason is said; when somebody has confirmed, it goes, and the crisis stays without a name."""
    record = await house.written()
    await house.here.db.execute(
        text(
            "INSERT INTO incidents (id, contact_id, raised_at, raised_by, state) VALUES (gen_random_uuid(), :contact, now(), 'x', 'raised')"
        ),
        {"contact": UUID(record["contact"])},
    )
    path, reason = f"/api/people/{record['person']}/erase", {"reason": "본인 요청"}
    assert (await house.by["supervisor"].post(path, reason)).json["reasons"] == ["open_incident"]
    await house.here.db.execute(text("UPDATE incidents SET state = 'confirmed', ended_at = now(), ended_by = gen_random_uuid()"))
    assert (await house.by["supervisor"].post(f"/api/people/{record['person']}/copy", reason)).json["incidents"][0]["state"] == "confirmed"
    assert (await house.by["supervisor"].post(path, reason)).status == 200
    assert len(await house.here.db.execute(text("SELECT FROM incidents"))) == 1


async def test_a_person_gets_a_copy_and_is_erased_where_nothing_is_in_the_way(house: House) -> None:
    """Found by their number; refused while a call goes on or under a hold; proof is left, and no number anywhere."""
    record = await house.written()
    chief, reason = house.by["supervisor"], {"reason": "본인 요청"}
    assert (await chief.post("/api/people/find", {"number": "02-123-4567", **reason})).code == "not_found"
    found = (await chief.post("/api/people/find", {"number": "01012345678", **reason})).json
    assert found == {"id": record["person"], "number": "010-****-5678", "name": "", "held": False}
    path = f"/api/people/{record['person']}"
    copy = (await chief.post(f"{path}/copy", reason)).json
    assert (copy["number"], copy["records"][0]["content"]["text"], len(copy["calls"])) == ("010-1234-5678", "혼자 지냅니다", 1)
    assert (await chief.post(f"{path}/hold", reason)).json["held"] is True
    refused = await chief.post(f"{path}/erase", reason)
    assert (refused.code, refused.json["reasons"]) == ("erasure_refused", ["legal_hold"])
    await chief.post(f"{path}/release", reason)
    await house.call(house.first)
    assert (await chief.post(f"{path}/erase", reason)).json["reasons"] == ["call_under_way"]
    await house.hang_up()
    (proof,) = (await chief.post(f"{path}/erase", reason)).json["deletions"]
    assert (proof["retention"], proof["records"], proof["why"]) == ("counselling", 1, "request")
    assert (await house.by["auditor"].get("/api/deletions")).json == {"deletions": [proof]}
    assert await house.here.db.execute(text("SELECT FROM contacts WHERE number_index IS NOT NULL OR number_cipher IS NOT NULL")) == []
    assert (await chief.post(f"{path}/erase", reason)).code == "not_found"
    assert (await house.log("records_deleted"))[0].detail["digest"] == proof["digest"]
