"""`annyeong120 demo`: the whole system comes up, two simulated counsellors sign in, and one real call goes through it."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
from rich.console import Console

from core import settings_file
from core.clock import seoul
from core.database import Database
from core.errors import AnnyeongError
from core.settings import Settings
from helpline.demo import desk_account, people, roster
from helpline.demo.call import DemoCall, DemoFailed
from helpline.demo.crisis import CRISIS_STEPS, DemoCrisis
from helpline.demo.people import SIMULATED, VISITOR
from helpline.demo.place import TEST_PARTNER, choose
from helpline.demo.ports import Ports
from helpline.demo.softphone import PhoneError, Softphone
from helpline.demo.timeline import STEPS
from helpline.demo.tones import CALLER_TONE, COUNSELLOR_TONE, PARTNER_TONE
from helpline.embedded.addresses import database_url
from helpline.embedded.supervisor import Supervisor
from helpline.exit_codes import FAILED, OK
from ivr.prompts.catalogue import Catalogue

_READY_WITHIN_S = 90.0
_ON_DUTY_WITHIN_S = 20.0
#: A counsellor of the demonstration picks up after this long.
_RING_MS = 1500


class Demo:
    """One demonstration. Progress goes to `console`; with `as_json` the result is one line on standard output."""

    def __init__(self, *, once: bool, as_json: bool, phones: bool = True, callers: Sequence[str] = ()) -> None:
        self._once = once
        self._as_json = as_json
        self._phones_stay = phones
        self._callers = callers
        # With --json standard output belongs to the result.
        self.console = Console(stderr=as_json, highlight=False, soft_wrap=True)
        self._stop = asyncio.Event()

    async def run(self) -> int:
        """Do it; the exit code. Raises AnnyeongError when the system can't come up at all."""
        if importlib.util.find_spec("pjsua2") is None:
            raise DemoFailed("모의 전화기가 없습니다. / The simulated phones are not installed: pip install 'annyeong120[phones]'")
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        ports = Ports()
        try:
            place = choose(settings_file.load(), ports, callers=self._callers)
            for moved in place.moved:
                self._say(f"포트가 사용 중이라 바꿉니다 / port in use, moved: {moved}")
            os.environ.update(place.environment)
            if self._once:
                # Nobody stays to look at pages.
                os.environ["ANNYEONG120_DESK__ENABLED"] = "false"
            settings = settings_file.load()
            await self._prompts(settings)
            return await self._with_system(settings)
        finally:
            ports.close()

    async def _with_system(self, settings: Settings) -> int:
        # Left by a demonstration that was killed; it may listen on other ports than this one.
        await Supervisor(settings, self._say).down()
        supervisor = Supervisor(settings, self._say)
        up = asyncio.create_task(supervisor.run(), name="up")
        work = asyncio.create_task(self._inside(settings), name="demonstration")
        stop = asyncio.create_task(self._stop.wait(), name="stop")
        try:
            await asyncio.wait({up, work, stop}, return_when=asyncio.FIRST_COMPLETED)
            if up.done():
                # It ends by itself only when it can't go on; it has said why.
                return up.result() or FAILED
            if work.done():
                return work.result()
            return FAILED if self._once else OK
        finally:
            for task in (work, stop):
                task.cancel()
            await asyncio.gather(work, stop, return_exceptions=True)
            supervisor.stop()
            await up

    async def _prompts(self, settings: Settings) -> None:
        """Build what is missing, so that `annyeong120 demo` works without `make`."""
        folder = settings.prompts_folder
        if not Catalogue(folder, settings.prompts.recordings, str(folder)).problems():
            return
        self._say("안내 음성을 만듭니다 / building the voice prompts")
        build = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "helpline", "prompts", "build", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await build.communicate()
        if build.returncode:
            raise DemoFailed(
                f"안내 음성을 만들지 못했습니다. / The voice prompts were not built: {output.decode(errors='replace').strip()}"
            )

    async def _inside(self, settings: Settings) -> int:
        await self._ready(settings)
        async with AsyncExitStack() as stack:
            db = Database(database_url(settings), pool_size=2, statement_timeout_s=settings.database.statement_timeout_s)
            stack.push_async_callback(db.close)
            phones = await stack.enter_async_context(self._counsellors(settings, db))
            partner = await stack.enter_async_context(self._partner(settings, db))
            code = await self._call(settings, db, phones, partner)
            if self._once or code:
                return code
            await self._invite(settings, db, phones)
            await self._stop.wait()
        return OK

    async def _ready(self, settings: Settings) -> None:
        """Wait until the program would take a call."""
        url = f"http://{settings.worker.http_bind}:{settings.worker.http_port}/readyz"
        last = ""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
            try:
                async with asyncio.timeout(_READY_WITHIN_S):
                    while True:
                        try:
                            async with session.get(url) as answer:
                                if answer.status == 200:
                                    return
                                last = await answer.text()
                        except (aiohttp.ClientError, TimeoutError):
                            pass
                        await asyncio.sleep(0.05)
            except TimeoutError:
                raise DemoFailed(f"전화선이 준비되지 않았습니다. / The line did not become ready: {last or 'no answer'}") from None

    @asynccontextmanager
    async def _counsellors(self, settings: Settings, db: Database) -> AsyncIterator[dict[str, Softphone]]:
        """Two counsellors on duty, each with a phone that answers by itself."""
        port = settings.asterisk.sip_port
        async with AsyncExitStack() as stack:
            phones = {}
            persons = [await people.provide(db, extension, name) for extension, name in SIMULATED.items()]
            for person in persons:
                phone = Softphone(person.extension, person.secret, port=port, listen_for=(CALLER_TONE, PARTNER_TONE))
                phones[person.extension] = await stack.enter_async_context(phone)
            await asyncio.gather(*(people.sign_in(phones[person.extension], person) for person in persons))
            until = await roster.seed(db, sorted(SIMULATED))
            self._say(f"근무표를 게시했습니다 / roster published: {', '.join(sorted(SIMULATED))} → {seoul(until):%H:%M}")
            await self._on_duty(db, set(phones))
            for person in persons:
                await phones[person.extension].on_call(200, after_ms=_RING_MS)
                self._say(f"{person.name} ({person.extension}): *11, *12 → 대기 중 / on duty")
            yield phones

    async def _on_duty(self, db: Database, wanted: set[str]) -> None:
        deadline = time.monotonic() + _ON_DUTY_WITHIN_S
        while missing := wanted - await people.available(db):
            if time.monotonic() > deadline:
                raise DemoFailed(
                    f"{', '.join(sorted(missing))}: 상담사가 대기 상태가 되지 않습니다. / Signed in, but calls can't be offered to them."
                )
            await asyncio.sleep(0.05)

    @asynccontextmanager
    async def _partner(self, settings: Settings, db: Database) -> AsyncIterator[Softphone]:
        """The phone that stands for every emergency partner; it answers by itself."""
        person = await people.provide(db, TEST_PARTNER, "시험 기관")
        heard = (CALLER_TONE, COUNSELLOR_TONE)
        async with Softphone(person.extension, person.secret, port=settings.asterisk.sip_port, listen_for=heard) as phone:
            await phone.register()
            await phone.on_call(200, after_ms=_RING_MS)
            yield phone

    async def _call(self, settings: Settings, db: Database, phones: dict[str, Softphone], partner: Softphone) -> int:
        """One call, and then one with a crisis; their timelines as they happen. The exit code."""
        demo, problem = DemoCall(db, settings.asterisk.sip_port, phones, self._show), ""
        self._say("120에 전화합니다 / calling 120")
        try:
            timeline = await demo.run()
        except DemoFailed as error:
            problem = str(error)
        else:
            if not timeline.complete:
                problem = f"순서나 결과가 맞지 않습니다. / Steps out of order or not talked: {timeline.as_json()}"
        crisis = DemoCrisis(db, settings, phones, partner, self._show)
        if not problem:
            self._say("위기 연계를 보여 드립니다, 시험 기관으로만 / a crisis, handed over to a test partner only")
            try:
                await crisis.run()
            except DemoFailed as error:
                problem = str(error)
        if problem:
            self.console.print(f"✘ {problem}", style="red", markup=False)
        if self._as_json:
            result = demo.timeline.as_json() if demo.timeline else {}
            if crisis.steps:
                result["crisis"] = crisis.steps
            if problem:
                result["error"] = problem
            sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
            sys.stdout.flush()
        return FAILED if problem else OK

    async def _invite(self, settings: Settings, db: Database, phones: dict[str, Softphone]) -> None:
        """Say how a visitor calls the running system, and how they answer calls themselves."""
        person = await people.provide(db, *VISITOR)
        asterisk = settings.asterisk
        host = asterisk.sip_bind if asterisk.sip_bind != "0.0.0.0" else "이 컴퓨터의 주소 / this machine's address"  # noqa: S104 - read, not bound
        if not self._phones_stay:
            for phone in phones.values():
                await phone.on_call(0)
                call = await phone.call("*14")
                await call.ended(20)
        staying = (
            "모의 상담사 두 명이 받습니다(음이 들립니다) / two simulated counsellors answer (you hear a tone)"
            if self._phones_stay
            else "모의 상담사는 퇴근했습니다: 직접 받으세요 / the simulated counsellors are off: answer yourself"
        )
        say = self.console.print
        say("\n[bold]전화선이 켜져 있습니다. 끝내기: Ctrl-C / The line is up. Ctrl-C ends it.[/]")
        say(f"  전화 걸기 / call (no account): [bold]sip:120@{host}:{asterisk.sip_port}[/]  → 5   UDP·TCP, PCMA·PCMU")
        say(f"    baresip: /dial sip:120@{host}:{asterisk.sip_port}", markup=False)
        say(f"    {staying}", markup=False)
        say("  상담사로 받기 / answer as a counsellor:")
        say(
            f"    서버 / server {host}:{asterisk.sip_port}   계정 / account [bold]{person.extension}[/]   비밀번호 / secret [bold]{person.secret}[/]"
        )
        say(f"    *11 → PIN [bold]{person.pin}[/] → #   *12 대기 / ready   *13 휴식 / break   *14 퇴근 / sign out   *43 메아리 / echo test")
        if settings.desk.enabled:
            desk, password = settings.desk, await desk_account.provide(settings, db)
            say(f"  근무표 화면 / the desk: [bold]http://{desk.http_bind}:{desk.http_port}/[/]")
            say(f"    로그인 / sign in [bold]{desk_account.NAME}[/]   비밀번호 / password [bold]{password}[/]")
        say("  기록 / records (another terminal):")
        say(f"    ANNYEONG120_DATA_DIR={settings.data_dir} annyeong120 calls", markup=False)
        say(f"  상태 / health: http://{settings.worker.http_bind}:{settings.worker.http_port}/readyz   /metrics", markup=False)

    def _show(self, step: str, ms: float, detail: str) -> None:
        self.console.print(f"  [bold cyan]{ms:>9,.1f} ms[/]  {(STEPS | CRISIS_STEPS)[step]}" + (f"  [dim]{detail}[/]" if detail else ""))

    def _say(self, line: str) -> None:
        self.console.print(line, markup=False)


def fail(group: BaseExceptionGroup[AnnyeongError | PhoneError], *, as_json: bool) -> int:
    """Say what went wrong before there was a call; the exit code."""
    problem = "; ".join(str(error) for error in _leaves(group))
    Console(stderr=True, highlight=False).print(f"✘ {problem}", style="red", markup=False)
    if as_json:
        sys.stdout.write(json.dumps({"error": problem}, ensure_ascii=False) + "\n")
    return FAILED


def _leaves(group: BaseExceptionGroup[Exception]) -> Iterator[Exception]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
