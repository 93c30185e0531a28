"""In the line: music, place and time, comfort, keys, and the question to those who are silent. Pure steps of the call's machine.

No key ever hangs up, and nothing here waits without a deadline: `Timer.COMFORT` runs all the while.
"""

from __future__ import annotations

from datetime import datetime

from ivr import call_model as m
from ivr import dialogues
from ivr.announcements import announce
from ivr.call_model import Phase, PlaceFor, Question, Timer
from ivr.conference import CALM
from ivr.step import Step
from routing.model import Lane, OfferResult

KEY_CALLBACK, KEY_DANGER, KEY_REPEAT, KEY_LANGUAGE, KEY_CODE = "1", "9", "0", "#", "*"
#: Answers to the question whether a silent caller wants help; 5 is the key of the line, which they may have been told of.
_YES, _NO = ("1", "5"), "2"
_LANGUAGES = ("ko", "en")
#: Between two tries to hold a caller, and how many there are before the dialplan takes over.
HOLD_RETRY_S = 1.0
HOLD_TRIES = 3


# --- into the line ---------------------------------------------------------------------------------------------------


def enter(step: Step, why: str, *, since: datetime | None = None, first: tuple[str, ...] = ()) -> None:
    """Into the line; the notices play while a phone may already ring. `since`: the place that a code gave back."""
    step.set(since=since or step.call.since)
    step.join()
    step.note(why)
    step.stop(Timer.SILENCE, Timer.SETTLE)
    step.stop_play()
    silent = why == "no_key" and not step.call.heard_of
    step.set(phase=Phase.WAITING, settling=False, settled=False, question=Question.DUE if silent else Question.NOT)
    if why == "no_key":
        first = step.flow.waiting.to_a_person
    notices = step.flow.notices
    step.play(first + notices.prompts, must_finish=bool(notices.prompts) and notices.must_finish)
    if not step.call.playing:
        settle(step)


def settle(step: Step) -> None:
    """The notices are over: music, and then what the caller asked for meanwhile, or where they are in the line."""
    step.set(settled=True)
    step.note("waiting")
    if not step.call.holding:
        hold(step)
    step.start(Timer.COMFORT, step.flow.waiting.comfort_every_s)
    later = step.call.key_later
    if later:
        step.set(key_later="")
        _act(step, later)
    elif step.call.question is Question.DUE:
        _ask(step, Question.ASKED, step.flow.silent.question)
    elif not say_unsaid(step):
        step.do(m.AskPlace(why=PlaceFor.INTRO))


def hold(step: Step) -> None:
    """Into the holding bridge."""
    step.set(holding=True)
    step.do(m.HoldCaller())


def hold_failed(step: Step) -> None:
    """No music: said so on the caller's own channel, tried again, and after some tries the dialplan takes over. Never silence."""
    if step.call.phase not in (Phase.WAITING, Phase.DIALLING, Phase.MENU):
        return
    failures = step.call.hold_failures + 1
    step.set(holding=False, hold_failures=failures)
    step.note("music_failed")
    if step.call.phase is Phase.WAITING and failures >= HOLD_TRIES:
        to_safety_net(step)
    elif step.call.phase is Phase.WAITING and not step.call.must_finish:
        step.play(step.flow.waiting.technical)
        if not step.call.playing:
            step.start(Timer.HOLD, HOLD_RETRY_S)
    elif step.call.phase is Phase.DIALLING:
        step.start(Timer.HOLD, HOLD_RETRY_S * failures)


def said(step: Step) -> None:
    """A prompt ended."""
    call = step.call
    if call.leg_up and call.offer:
        step.connect()
    elif not call.settled:
        settle(step)
    elif not call.holding:
        step.start(Timer.HOLD, HOLD_RETRY_S)
    if step.call.phase is not Phase.WAITING or step.call.playing:
        return
    if step.call.dialogue is not None:
        dialogues.said(step)
    elif step.call.question in (Question.ASKED, Question.AGAIN):
        step.start(Timer.QUESTION, step.flow.silent.answer_s)
    else:
        say_unsaid(step)


def to_safety_net(step: Step) -> None:
    """The dialplan rings counsellors without this program."""
    if offer := step.call.offer:
        step.do(m.DropLeg(leg_id=offer.leg_id, elsewhere=True), m.CloseOffer(offer=offer, result=OfferResult.FAILED))
    step.let_partner_go()
    step.stop_play()
    step.set(phase=Phase.SAFETY_NET, offer=None, leg_up=False, joined=False, dialogue=None, conference=CALM)
    step.do(m.Leave())
    step.note("safety_net")
    step.do(m.ToSafetyNet())


def say_unsaid(step: Step) -> bool:
    """What there is to say of somebody outside, as soon as it interrupts nothing that was asked; False: nothing, or not now."""
    prompts = step.call.unsaid
    if not prompts or step.call.phase is not Phase.WAITING or not step.call.settled or _busy(step):
        return False
    step.set(unsaid=())
    step.play(prompts)
    return True


# --- place and comfort -----------------------------------------------------------------------------------------------


def comfort(step: Step) -> None:
    """A voice from time to time."""
    if not _busy(step) and not step.call.playing and not say_unsaid(step):
        step.do(m.AskPlace(why=PlaceFor.COMFORT))
    step.start(Timer.COMFORT, step.flow.waiting.comfort_every_s)


def place(step: Step, answer: m.Place) -> None:
    """Place and estimate are known: say them, and what happens next."""
    call, texts = step.call, step.flow.waiting
    if call.phase is not Phase.WAITING or not call.settled or _busy(step) or (call.playing and answer.why is PlaceFor.COMFORT):
        return
    # Whose phone rings already is told nothing that will be untrue in a moment.
    known = answer if call.offer is None else m.Place(why=answer.why)
    announcement = announce(known, call.language, said_place=call.place, said_minutes=call.minutes)
    prompts = announcement.prompts
    if answer.why is PlaceFor.COMFORT:
        number = call.comforts
        step.set(comforts=number + 1)
        prompts += texts.comfort[number % len(texts.comfort) :][:1] if texts.comfort else ()
        prompts += texts.keys if (number + 1) % texts.keys_every == 0 else ()
    else:
        prompts += texts.intro + texts.keys
    if announcement.place is not None:
        step.set(place=announcement.place, minutes=call.minutes if announcement.minutes is None else announcement.minutes)
        least, most = announcement.least, announcement.minutes
        span = None if least is None or most is None else (least, most)
        step.do(m.Promised(place=announcement.place, high_s=announcement.high_s, span=span))
    step.play(prompts)


def _busy(step: Step) -> bool:
    """Something is being asked or arranged, or a human is about to be there."""
    call = step.call
    return call.leg_up or call.must_finish or call.dialogue is not None or call.question is not Question.NOT


# --- keys ------------------------------------------------------------------------------------------------------------


def digit(step: Step, key: str) -> None:
    """A key while waiting. It stops what is being said, except what must be heard to its end; then it counts afterwards."""
    call = step.call
    if key == KEY_DANGER and not (call.dialogue is not None and call.dialogue.entering):
        _danger(step)
    elif call.leg_up:
        pass
    elif call.settled:
        _act(step, key)
    elif key in (KEY_CALLBACK, KEY_LANGUAGE, KEY_CODE):
        # Of other keys nothing is made here: 5 pressed twice, or a hand on the keypad.
        step.set(key_later=key)
        if not call.must_finish:
            step.stop_play()
            settle(step)


def _act(step: Step, key: str) -> None:
    if step.call.dialogue is not None:
        dialogues.key(step, key)
    elif step.call.question is not Question.NOT:
        _answer(step, key)
    elif key == KEY_CALLBACK:
        dialogues.begin_callback(step)
    elif key == KEY_CODE:
        dialogues.begin_code(step)
    elif key == KEY_DANGER:
        step.play(step.flow.waiting.danger)
    elif key == KEY_LANGUAGE:
        _other_language(step)
        step.play(step.flow.waiting.language + step.flow.waiting.keys)
    elif key == KEY_REPEAT:
        step.note("repeat")
        step.stop_play()
        step.do(m.AskPlace(why=PlaceFor.REPEAT))
    elif not step.call.settling:
        # Keys in quick succession are one try.
        step.note("other_key")
        step.set(settling=True)
        step.start(Timer.SETTLE, step.flow.menu.settle_s)
        step.play(step.flow.waiting.other_key + step.flow.waiting.keys)


def _danger(step: Step) -> None:
    """Before everybody else, and a supervisor knows."""
    if step.raise_lane(Lane.CRISIS):
        step.note("danger_key")
        step.do(m.Alarm(kind="danger_key"), m.RaiseIncident(by="caller_key", proposed=True))
    step.close_dialogue()
    if step.call.settled and not step.call.leg_up:
        step.play(step.flow.waiting.danger)
    else:
        step.set(key_later=KEY_DANGER)


def _other_language(step: Step) -> None:
    language = (
        _LANGUAGES[(_LANGUAGES.index(step.call.language) + 1) % len(_LANGUAGES)] if step.call.language in _LANGUAGES else _LANGUAGES[0]
    )
    step.set(language=language)
    step.note("language", language=language)
    step.do(m.SetLanguage(language=language))
    if step.call.offer is None:
        # Counsellors who speak it come first; a phone that rings already goes on ringing.
        step.join(again=True)


def place_taken_up(step: Step, since: datetime, prompts: tuple[str, ...]) -> None:
    """A code was right: the old place in line."""
    if step.call.phase is Phase.MENU:
        step.stop(Timer.DIALOGUE)
        enter(step, "place_taken_up", since=since, first=prompts)
    elif step.call.phase is Phase.WAITING:
        step.note("place_taken_up")
        # While a phone rings for this caller, the line is told if that comes to nothing.
        step.set(since=since, joined=False)
        if step.call.offer is None:
            step.join(again=True)
        step.play(prompts)


# --- the silent caller -----------------------------------------------------------------------------------------------


def spoke(step: Step) -> None:
    """A voice: this caller is not silent, and is asked nothing."""
    asked = step.call.question
    step.set(heard_of=True, question=Question.NOT)
    if asked in (Question.ASKED, Question.AGAIN) and step.call.phase is Phase.WAITING:
        step.stop(Timer.QUESTION)
        step.stop_play()
        step.do(m.AskPlace(why=PlaceFor.INTRO))


def unanswered(step: Step) -> None:
    """No key after the question: once more, gently; then a human takes it from here."""
    if step.call.question is Question.ASKED:
        _ask(step, Question.AGAIN, step.flow.silent.again)
    elif step.call.question is Question.AGAIN:
        _answered(step, "none")
        step.do(m.AskPlace(why=PlaceFor.INTRO))


def _ask(step: Step, question: Question, prompts: tuple[str, ...]) -> None:
    step.set(question=question)
    step.play(prompts)
    if not step.call.playing:
        step.start(Timer.QUESTION, step.flow.silent.answer_s)


def _answer(step: Step, key: str) -> None:
    step.stop(Timer.QUESTION)
    if key in _YES:
        _answered(step, "yes")
        step.play(step.flow.silent.yes)
    elif key == _NO:
        _answered(step, "no")
        step.play(step.flow.silent.no)
    else:
        if key == KEY_LANGUAGE:
            _other_language(step)
        _ask(step, Question.ASKED, step.flow.silent.question)


def _answered(step: Step, answer: str) -> None:
    step.set(question=Question.NOT)
    step.stop(Timer.QUESTION)
    step.note("silent", answer=answer)
    if answer != "no":
        step.do(m.MarkSilent())
        step.raise_lane(Lane.SILENT)
