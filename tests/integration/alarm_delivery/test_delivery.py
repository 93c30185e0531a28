"""Every alarm reaches every channel once, whatever happens on the way."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text
from structlog.testing import capture_logs

from core.alarms import AlarmKind
from core.clock import SystemClock
from core.database import Database
from helpline.alarm_delivery.book import Book
from helpline.alarm_delivery.delivery import Delivery, Way
from helpline.alarm_delivery.model import Message, Rule
from tests.integration.alarm_delivery.conftest import ABOUT, PASSWORD, SECRET, Office, drain, running, way
from tests.kit.ports import free_port
from tests.kit.until import until

DANGER, CUT, ROSTER = AlarmKind.DANGER_KEY, AlarmKind.CALLS_CUT_OFF, AlarmKind.NO_ROSTER
FAILED = AlarmKind.ALARM_NOT_DELIVERED
CHANNELS = ("desk", "webhook.chat", "mail.team")


async def test_an_alarm_goes_out_once_by_every_channel(office: Office) -> None:
    """Raised through the journal while the delivery runs: chat, mail and open pages have it, and nobody twice."""
    async with running(office.delivery(clock=SystemClock())):
        await office.raise_(DANGER, ROSTER, clock=SystemClock())
        await until(_all_sent(office, 6), 20)
    assert len(office.web.posted) == len(office.post.received) == 2
    events = await office.db.execute(text("SELECT kind, data FROM desk_events"))
    assert sorted(event.data["kind"] for event in events) == [DANGER, ROSTER]
    assert {event.kind for event in events} == {"alarm_raised"}


async def test_the_webhook_is_signed_and_the_mail_encrypted(office: Office) -> None:
    """Whoever has the secret can tell that it is from us; the mail is readable and went to everybody."""
    await office.raise_(DANGER)
    await drain(office.delivery())
    posted = office.web.posted[0]
    signed = f"{posted.id}.{posted.headers['webhook-timestamp']}.".encode() + posted.body
    mac = base64.b64encode(hmac.digest(SECRET.encode(), signed, hashlib.sha256)).decode()
    assert posted.headers["webhook-signature"] == f"v1,{mac}"
    assert int(posted.headers["webhook-timestamp"]) == int(office.clock.now().timestamp())
    assert json.loads(posted.body)["kind"] == DANGER
    got = office.post.received[0]
    assert (got.encrypted, got.user, got.recipients) == (True, "line", ("chief@example.org", "deputy@example.org"))
    assert "위험 번호 누름" in got.mail["Subject"]
    assert json.loads(posted.body)["id"] in got.mail.get_content()


async def test_what_was_raised_while_nobody_delivered_goes_out_later(office: Office) -> None:
    """Also what comes with an older time, from a journal that was replayed."""
    await office.raise_(DANGER)
    await drain(office.delivery())
    office.clock.advance(60)
    await office.raise_(CUT)
    await office.db.execute(text("UPDATE alarms SET at = at - interval '1 hour' WHERE kind = 'calls_cut_off'"))
    await drain(office.delivery())
    assert [json.loads(one.body)["kind"] for one in office.web.posted] == [DANGER, CUT]


async def test_two_processes_send_nothing_twice(office: Office, database_url: str) -> None:
    """Both hear of it at once; a lease decides."""
    other = Database(database_url, pool_size=3)
    clock = SystemClock()
    kinds = [kind for kind in AlarmKind if kind is not FAILED][:10]
    try:
        async with running(office.delivery(clock=clock), office.delivery(clock=clock, db=other)):
            await office.raise_(*kinds, clock=clock)
            await until(_all_sent(office, 3 * len(kinds)), 30)
    finally:
        await other.close()
    assert len({posted.id for posted in office.web.posted}) == len(office.web.posted) == len(kinds)
    assert len(office.post.received) == len(kinds)


async def test_what_fails_is_tried_again_under_the_same_id(office: Office) -> None:
    """Later each time; a redirect is not followed, and counts as a failure."""
    office.web.answers = [500, 302]
    await office.raise_(DANGER)
    at, delivery = office.clock.now(), office.delivery()
    for wait in (5, 10):
        await drain(delivery)
        assert (await office.rows())[DANGER, "webhook.chat"].next_at == office.clock.now() + timedelta(seconds=wait)
        office.clock.advance(wait)
    await drain(delivery)
    row = (await office.rows())[DANGER, "webhook.chat"]
    assert {one.id for one in office.web.posted} == {f"{row.alarm_id}.webhook.chat.1"}
    assert len(office.web.posted) == 3
    assert (row.state, row.attempts, row.sent_at) == ("sent", 3, at + timedelta(seconds=15))
    assert len({one.headers["webhook-timestamp"] for one in office.web.posted}) == 3


async def test_what_is_given_up_is_an_alarm_by_the_other_channels(office: Office) -> None:
    """A dead letter says so, once, not to the channel that failed; and the others that would have waited hurry."""
    office.web.answers = [500] * 100
    delivery = office.delivery(office.settings(chat={"attempts": 3}, team={"after_s": 3600}))
    await office.raise_(DANGER, CUT)
    for _ in range(4):
        await drain(delivery)
        office.clock.advance(30)
    states = await office.states()
    assert states[DANGER, "webhook.chat"] == states[CUT, "webhook.chat"] == "dead"
    assert states[DANGER, "mail.team"] == "sent"
    assert {channel for kind, channel in states if kind == FAILED} == {"desk", "mail.team"}
    alarms = await office.db.execute(text("SELECT detail, about FROM alarms WHERE kind = 'alarm_not_delivered'"))
    assert len(alarms) == 1
    assert (alarms[0].detail["channel"], alarms[0].detail["reason"]) == ("webhook.chat", "answers 500")


async def test_the_alarm_about_failing_channels_ends(office: Office) -> None:
    """With everything broken there is one such alarm a channel, and none about those."""
    office.web.answers, office.post.greylisted = [503] * 1000, True
    delivery = office.delivery(office.settings(chat={"attempts": 2}, team={"attempts": 2}))
    await office.raise_(DANGER, CUT, ROSTER)
    for _ in range(6):
        await drain(delivery)
        office.clock.advance(60)
    states = await office.states()
    assert {state for (_, channel), state in states.items() if channel != "desk"} == {"dead"}
    count = await office.db.execute(text("SELECT count(*) AS n FROM alarms WHERE kind = 'alarm_not_delivered'"))
    assert count[0].n == 2


async def test_a_stuck_mail_server_holds_no_other_channel(office: Office) -> None:
    """It accepts, and says nothing; the chat has the alarm meanwhile."""
    office.post.silent = True
    async with running(office.delivery(office.settings(team={"timeout_s": 60}), clock=SystemClock())):
        await office.raise_(DANGER, ROSTER, clock=SystemClock())
        await until(lambda: len(office.web.posted) == 2, 20)
        rows = await office.rows()
        assert {rows[kind, "mail.team"].state for kind in (DANGER, ROSTER)} == {"due"}


async def test_who_is_killed_while_sending_sends_again_under_the_same_id(office: Office, database_url: str, tmp_path: Path) -> None:
    """The far end got it, the book does not know: the next process sends it once more, and the far end can tell."""
    office.web.free.clear()
    file = tmp_path / "settings.toml"
    file.write_text(f'[alarms.webhooks.chat]\nurl = "{office.web.url}"\nallow_http = true\n')
    environment = {
        **os.environ,
        "ANNYEONG120_SETTINGS": str(file),
        "ANNYEONG120_DATABASE__URL": database_url,
        "ANNYEONG120_ALARMS__WEBHOOKS__CHAT__SECRET": SECRET,
    }
    await office.raise_(DANGER, clock=SystemClock())
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "helpline", "alarms", "deliver", env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await until(lambda: office.web.posted, 40)
    finally:
        child.send_signal(signal.SIGKILL)
        await child.wait()
    office.web.free.set()
    office.clock.jump(SystemClock().now())
    next_one = office.delivery()
    await next_one.route()
    assert not await next_one.deliver_due(way(next_one, "webhook.chat"))
    office.clock.advance(120)
    assert await next_one.deliver_due(way(next_one, "webhook.chat"))
    assert len(office.web.posted) == 2
    assert len({one.id for one in office.web.posted}) == 1
    row = (await office.rows())[DANGER, "webhook.chat"]
    assert (row.state, row.attempts) == ("sent", 2)


async def test_what_ends_its_process_each_time_is_given_up(office: Office) -> None:
    """The attempt counts when it begins."""
    delivery = office.delivery(office.settings(chat={"attempts": 2}))
    await office.raise_(DANGER)
    await delivery.route()
    for _ in range(2):
        # Takes it, and is never heard of again.
        assert await Book(office.db, office.clock).take("webhook.chat", 30)
        office.clock.advance(31)
    await drain(delivery)
    assert not office.web.posted
    states = await office.states()
    assert states[DANGER, "webhook.chat"] == "dead"
    assert (FAILED, "desk") in states


async def test_one_who_lost_the_lease_notes_nothing(office: Office) -> None:
    """A frozen process that comes back does not overwrite what another has done."""
    await office.raise_(DANGER)
    await office.delivery().route()
    frozen = Book(office.db, office.clock)
    taken = await frozen.take("webhook.chat", 30)
    assert taken is not None
    office.clock.advance(31)
    await drain(office.delivery())
    await frozen.later(taken, note="late", at=office.clock.now())
    assert not await frozen.dead(taken, note="late")
    row = (await office.rows())[DANGER, "webhook.chat"]
    assert (row.state, row.last_error) == ("sent", None)


async def test_unseen_it_goes_on_to_the_next_channel_and_again(office: Office) -> None:
    """Chat at once, mail after five minutes, chat again every ten, until somebody sees to it."""
    delivery = office.delivery(office.settings(chat={"again_every_s": 600, "again_times": 5}, team={"after_s": 300}))
    await office.raise_(DANGER)
    counts = []
    for _ in range(5):
        await drain(delivery)
        counts.append((len(office.web.posted), len(office.post.received)))
        office.clock.advance(300)
    assert counts == [(1, 0), (1, 1), (2, 1), (2, 1), (3, 1)]
    assert [one.id.rpartition(".")[2] for one in office.web.posted] == ["1", "2", "3"]
    await office.seen()
    office.clock.advance(3600)
    await drain(delivery)
    assert len(office.web.posted) == 3
    assert await office.states() == {(DANGER, channel): "sent" for channel in CHANNELS}


async def test_what_was_seen_or_is_old_is_not_sent(office: Office) -> None:
    """Nobody is woken for what is done, or for yesterday."""
    await office.raise_(DANGER)
    await office.seen()
    await drain(office.delivery())
    await office.raise_(CUT)
    office.clock.advance(13 * 3600)
    await drain(office.delivery())
    assert not office.web.posted
    assert not office.post.received
    assert set((await office.states()).values()) == {"skipped"}


async def test_what_was_given_up_can_be_sent_again(office: Office) -> None:
    """Once the far end is mended."""
    office.web.answers = [500]
    delivery = office.delivery(office.settings(chat={"attempts": 1}))
    await office.raise_(DANGER)
    await drain(delivery)
    assert (await office.states())[DANGER, "webhook.chat"] == "dead"
    assert await Book(office.db, office.clock).revive() == 1
    await drain(delivery)
    assert (await office.states())[DANGER, "webhook.chat"] == "sent"


async def test_nothing_secret_or_personal_leaves_or_is_logged(office: Office) -> None:
    """Neither who it is about nor details go out; neither secret nor address stand in log or database."""
    office.web.answers, office.post.password = [500] * 10, "another"
    delivery = office.delivery(office.settings(chat={"attempts": 2}))
    with capture_logs() as logs:
        await office.raise_(DANGER)
        told_when_raised = len(logs)
        for _ in range(3):
            await drain(delivery)
            office.clock.advance(60)
    left = [one.body.decode() + repr({**one.headers, "host": ""}) for one in office.web.posted]
    kept = [repr(row) for row in await office.db.execute(text("SELECT * FROM alarm_deliveries"))]
    kept += [repr(row) for row in await office.db.execute(text("SELECT * FROM desk_events"))]
    ours = [repr(entry) for entry in logs[told_when_raised:]]
    assert left
    assert ours
    for line in (*left, *kept, *ours):
        for word in (SECRET, PASSWORD, "token-of-the-room", "chief@", "127.0.0.1:", str(ABOUT), "only-for-the-desk"):
            assert word not in line
    assert (await office.rows())[DANGER, "mail.team"].last_error == "the server refuses user or password"


class Faulty:
    """A channel with a bug that only one alarm meets."""

    name = "faulty"
    limit_s = 5.0

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def send(self, message: Message) -> str:
        """See `Channel`."""
        if message.kind == DANGER:
            raise ValueError(SECRET)
        self.sent.append(message.kind)
        return ""

    async def check(self) -> str:
        """See `Channel`."""
        return ""


async def test_an_alarm_that_breaks_its_channel_holds_no_other(office: Office) -> None:
    """It is tried again and given up like any other; the ones behind it go out at once."""
    faulty = Faulty()
    delivery = Delivery(office.db, office.clock, [Way(channel=faulty, rule=Rule(channel="faulty", attempts=2))], office.settings())
    with capture_logs() as logs:
        await office.raise_(DANGER, CUT, ROSTER)
        await drain(delivery)
        assert sorted(faulty.sent) == sorted([CUT, ROSTER])
        office.clock.advance(60)
        await drain(delivery)
    row = (await office.rows())[DANGER, "faulty"]
    assert (row.state, row.last_error) == ("dead", "ValueError")
    assert SECRET not in repr(logs)


async def test_the_desk_sends_them(office: Office, database_url: str, tmp_path: Path) -> None:
    """Its own process, as `up` runs it."""
    keys = {"number.keys": f"k1:{base64.b64encode(bytes(32)).decode()}", "index.key": base64.b64encode(bytes(range(32))).decode()}
    for name, key in keys.items():
        (tmp_path / name).write_text(key + "\n")
        (tmp_path / name).chmod(0o600)
    file = tmp_path / "settings.toml"
    file.write_text(
        f'[alarms.webhooks.chat]\nurl = "{office.web.url}"\nallow_http = true\nsecret = "{SECRET}"\n[desk]\nhttp_port = {free_port()}\n'
        f'[secrets]\nnumber_keys_file = "{tmp_path}/number.keys"\nindex_key_file = "{tmp_path}/index.key"\n'
    )
    environment = {**os.environ, "ANNYEONG120_SETTINGS": str(file), "ANNYEONG120_DATABASE__URL": database_url}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "helpline", "desk", "serve", env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await office.raise_(DANGER, clock=SystemClock())
        await until(lambda: office.web.posted, 30)
    finally:
        child.send_signal(signal.SIGTERM)
        await child.wait()
    assert child.returncode == 0


async def test_without_the_database_it_waits_and_goes_on(office: Office, database_url: str) -> None:
    """Its task never ends by itself."""
    away = Database("postgresql://nobody@127.0.0.1:9/none", pool_size=2, statement_timeout_s=0.2)
    delivery = office.delivery(db=away, clock=SystemClock())
    task = asyncio.create_task(delivery.run())
    try:
        with capture_logs() as logs:
            await until(lambda: any(entry["event"] == "alarm_delivery_waits" for entry in logs), 20)
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await away.close()


def _all_sent(office: Office, count: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
    async def condition() -> bool:
        states = await office.states()
        return len(states) == count and set(states.values()) == {"sent"}

    return condition
