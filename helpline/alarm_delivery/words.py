"""What each kind of alarm is called for people, and which of them cannot wait."""

from __future__ import annotations

from collections.abc import Mapping

from core.alarms import AlarmKind

_K = AlarmKind
#: Korean, English.
WORDS: Mapping[str, tuple[str, str]] = {
    _K.DANGER_KEY: ("위험 번호 누름", "danger key"),
    _K.NOBODY_ON_SHIFT: ("근무자 없음", "nobody on shift"),
    _K.EVERYBODY_UNREACHABLE: ("연결되는 전화기 없음", "no phone reachable"),
    _K.LONG_WAIT: ("오래 기다림", "long wait"),
    _K.OVERFLOW_EXHAUSTED: ("예비 연락처도 안 됨", "standby list exhausted"),
    _K.NUMBER_NOT_ALLOWED: ("허용되지 않은 번호", "number not allowed"),
    _K.COUNSELLOR_LOST: ("통화 중 상담사 전화 끊김", "counsellor lost"),
    _K.COUNSELLOR_PAUSED: ("상담사 자동 쉼", "counsellor paused"),
    _K.SILENT_CALLER_LINE: ("소리 없는 통화 복구", "silent line mended"),
    _K.CALLBACK_GIVEN_UP: ("다시 걸기 포기", "call-back given up"),
    _K.NO_ROSTER: ("게시된 근무표 없음", "no published roster for now"),
    _K.THIN_SEAT: ("근무 인원 부족 예정", "too few on the line ahead"),
    _K.NOT_SIGNED_IN: ("근무자 미로그인", "not signed in after the shift began"),
    _K.CALLS_CUT_OFF: ("시스템 고장으로 끊김", "calls cut off"),
    _K.INCIDENT_RAISED: ("위기 상황 발생", "a crisis was raised"),
    _K.INCIDENT_UNREACHED: ("위기: 연계 기관 모두 연결 안 됨, 직접 전화 필요", "crisis: no emergency partner reached, call by hand"),
    _K.INCIDENT_UNCONFIRMED: ("위기: 도착 확인 안 됨", "crisis: nobody has confirmed that help arrived"),
    _K.INCIDENT_ORDER_WAITS: ("위기: 화면의 요청이 처리되지 않음", "crisis: what the desk asked for was not taken up"),
    _K.PARTNER_UNREACHED: ("위기: 연계 기관 한 곳 연결 안 됨", "crisis: one emergency partner not reached"),
    _K.REFERRAL_OVERDUE: ("센터 연계 기한 지남", "a referral is overdue"),
    _K.FOLLOW_UP_OVERDUE: ("사후 확인 기한 지남", "a follow-up is overdue"),
    _K.COMPANION_CALL_GIVEN_UP: ("동행 전화 포기", "a companion's call was given up"),
    _K.ALARM_NOT_DELIVERED: ("경보를 보내지 못함", "an alarm could not be sent"),
}
#: Raised by `annyeong120 alarms test`; never a row.
TEST = "test"
#: What may wait until somebody looks by themselves. Whatever is not here is urgent, a kind of tomorrow's program too.
CAN_WAIT = frozenset(
    {
        _K.COUNSELLOR_PAUSED,
        _K.SILENT_CALLER_LINE,
        _K.CALLBACK_GIVEN_UP,
        _K.NO_ROSTER,
        _K.THIN_SEAT,
        _K.NOT_SIGNED_IN,
        _K.FOLLOW_UP_OVERDUE,
        _K.COMPANION_CALL_GIVEN_UP,
    }
)


def words(kind: str) -> tuple[str, str]:
    """Korean and English; of a kind that nobody named, its own name."""
    if kind == TEST:
        return "시험 경보", "a test, nothing is wrong"
    return WORDS.get(kind) or (kind, kind.replace("_", " "))


def is_urgent(kind: str) -> bool:
    """Whether somebody must know it now."""
    return kind not in CAN_WAIT
