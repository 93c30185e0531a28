"""The call's side of the dialogues by keys (`ivr.dialogue`): says their prompts, times them, and asks for what they want. Pure."""

from __future__ import annotations

from ivr import call_model as m
from ivr import dialogue
from ivr.call_model import Phase, Timer
from ivr.step import Step


def begin_callback(step: Step) -> None:
    """The caller wants to be called back and to keep the place."""
    step.note("dialogue", what="callback")
    _apply(step, dialogue.begin_callback(_facts(step)))


def begin_code(step: Step) -> None:
    """The caller has a code from an earlier call."""
    step.note("dialogue", what="code")
    _apply(step, dialogue.begin_code(_facts(step)))


def key(step: Step, digit: str) -> None:
    """A key while a dialogue is open; it stops what is being said."""
    step.stop_play()
    _hear(step, dialogue.Key(digit=digit))


def silence(step: Step) -> None:
    """No key, or no answer to a request, in time."""
    _hear(step, dialogue.Silence())


def said(step: Step) -> None:
    """The dialogue's prompts ended: now a key is awaited."""
    if step.call.dialogue is not None:
        step.start(Timer.DIALOGUE, step.call.dialogue_wait_s)


def done(step: Step, answer: m.DialogueDone) -> None:
    """The database answered. That counts even when the dialogue is over by now."""
    request = step.call.request
    if request is None:
        return
    step.set(request=None)
    if isinstance(request, dialogue.ArrangeCallback):
        step.note("callback_arranged" if answer.ok else "callback_failed")
        step.set(arranged=step.call.arranged or answer.ok)
    elif isinstance(request, dialogue.GiveCode) and answer.ok:
        step.note("code_given")
    _hear(step, dialogue.Done(ok=answer.ok, detail=answer.detail))


def found(step: Step) -> tuple[str, ...]:
    """A code was right: what the dialogue says to that. It is over."""
    step.set(request=None)
    if step.call.dialogue is None:
        return ()
    prompts = dialogue.hear(step.call.dialogue, dialogue.Done(ok=True), _facts(step)).prompts
    step.close_dialogue()
    return prompts


def left(step: Step) -> None:
    """The caller hung up in the middle: what they had agreed to by then is kept."""
    open_dialogue, request = step.call.dialogue, step.call.request
    step.close_dialogue()
    if isinstance(request, dialogue.ArrangeCallback):
        # Being stored; the stage sees to it.
        step.set(arranged=True)
    elif open_dialogue is not None and (agreed := dialogue.left(open_dialogue)) is not None:
        step.set(arranged=True)
        step.do(m.Arrange(request=agreed))


def _hear(step: Step, heard: dialogue.Heard) -> None:
    if step.call.dialogue is not None:
        _apply(step, dialogue.hear(step.call.dialogue, heard, _facts(step)))


def _apply(step: Step, result: dialogue.Step) -> None:
    over = result.dialogue is None
    step.set(dialogue=result.dialogue, dialogue_wait_s=result.wait_s)
    prompts = result.prompts
    if over and step.call.phase is Phase.MENU:
        prompts = (*prompts, *step.flow.menu.repeat)
    if over and result.cancelled:
        step.note("dialogue_cancelled")
    step.stop(Timer.DIALOGUE)
    step.play(prompts)
    if step.call.playing:
        pass
    elif not over:
        said(step)
    elif step.call.phase is Phase.MENU:
        step.start(Timer.SILENCE, step.flow.menu.silence_s)
    if over and step.call.phase is Phase.WAITING:
        step.start(Timer.COMFORT, step.flow.waiting.comfort_every_s)
    match result.request:
        case dialogue.ArrangeCallback() as request:
            step.set(request=request)
            step.do(m.Arrange(request=request))
        case dialogue.GiveCode() as request:
            step.set(request=request)
            step.do(m.GiveCode())
        case dialogue.CheckCode(code=code) as request:
            step.set(request=request)
            step.do(m.CheckCode(code=code))
        case None:
            pass


def _facts(step: Step) -> dialogue.Facts:
    return dialogue.Facts(language=step.call.language, number=step.call.number)
