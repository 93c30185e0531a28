"""Build the prompts folder: synthesised speech, studio recordings over it, and the music. Only what changed is built.

Layout: `<folder>/<language>/<id>.wav`, `<folder>/music/*.wav`, `<folder>/tones/*.wav`, `<folder>/manifest.json`; beside the `.wav`
(8 kHz) of a recording a `.wav16` (16 kHz); Asterisk picks by the codec of the call. Interrupted builds go on where they stopped.
"""

from __future__ import annotations

import fcntl
import hashlib
import multiprocessing
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ivr.prompts import audio, music, recordings
from ivr.prompts.audio import BANDS, NARROW
from ivr.prompts.convert import SENTENCE, WORD, Converted, convert, sox
from ivr.prompts.engine import SpeechEngine, create
from ivr.prompts.errors import AudioError, EngineError, PromptError, ToolMissing
from ivr.prompts.files import write_atomically
from ivr.prompts.manifest import BEEP, MUSIC, Entry, Manifest, read, remarks
from ivr.prompts.recordings import Recording
from ivr.prompts.texts import Prompt, Texts, load

#: Changes when the same source is turned into different files.
_PROCESSING: Final = "2"
_SAVE_EVERY: Final = 20

#: Called after each prompt with how many are done, of how many, and which one it was.
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a build did."""

    built: tuple[str, ...]
    unchanged: int
    removed: tuple[str, ...]
    #: One readable line each: what could not be built, refused or outdated recordings.
    problems: tuple[str, ...]
    #: Whether every prompt has a file that says its current text, or a recording.
    complete: bool
    manifest: Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    key: str
    made_of: str
    prompt: Prompt | None = None
    recording: Recording | None = None
    spoken_hash: str = ""


#: What was built, or why it could not be.
_Done = Entry | str


def build(
    folder: Path,
    *,
    recordings_folder: Path | None = None,
    texts: Texts | None = None,
    engine: SpeechEngine | None = None,
    force: bool = False,
    parallel: int = 2,
    progress: Progress | None = None,
) -> Report:
    """Bring the folder up to date.

    Raises ToolMissing when a needed program is not installed, PromptError when the folder can't be written; a single prompt that
    fails does not stop the others and is told in the report.
    """
    texts = texts or load()
    engine = engine or create()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            return _build(folder, recordings.scan(recordings_folder, texts), texts, engine, force, parallel, progress)
    except OSError as error:
        raise PromptError(f"the prompts folder {folder} can't be written: {error.strerror or error}") from error


def _build(
    folder: Path, found: recordings.Recordings, texts: Texts, engine: SpeechEngine, force: bool, parallel: int, progress: Progress | None
) -> Report:
    manifest = read(folder)
    jobs = list(_jobs(found, texts, engine, manifest))
    wanted = {job.key for job in jobs}
    removed = tuple(key for key in manifest.entries if key not in wanted)
    for key in removed:
        del manifest.entries[key]
        _write(folder, key, {})
    todo = [job for job in jobs if force or not _up_to_date(folder, job, manifest.entries.get(job.key))]
    if any(job.prompt for job in todo):
        # One clear sentence instead of one failure a prompt.
        sox()
    failures: list[str] = []
    built: list[str] = []
    try:
        for done, (job, result) in enumerate(_run(folder, todo, engine, parallel), start=1):
            if isinstance(result, Entry):
                manifest.entries[job.key] = result
                built.append(job.key)
            else:
                failures.append(f"{job.key}: {result}")
            # So that even a kill costs little; each time would cost more than the sounds.
            if done % _SAVE_EVERY == 0:
                manifest.save(folder)
            if progress:
                progress(done, len(todo), job.key)
    finally:
        manifest.save(folder)
    return Report(
        built=tuple(sorted(built)),
        unchanged=len(jobs) - len(todo),
        removed=removed,
        problems=(*failures, *found.problems, *remarks(manifest)),
        complete=not failures,
        manifest=manifest,
    )


def _jobs(found: recordings.Recordings, texts: Texts, engine: SpeechEngine, manifest: Manifest) -> Iterator[_Job]:
    # The longest first: two workers then end at the same time.
    yield _Job(key=MUSIC, made_of=f"music {music.VERSION}")
    for prompt in sorted(texts, key=lambda prompt: -len(prompt.text)):
        recording = found.by_key.get(prompt.key)
        spoken = prompt.text_hash
        if recording is None:
            source = f"{engine.name} {engine.fingerprint}"
        else:
            before = manifest.entries.get(prompt.key)
            known = before is not None and before.recording == recording.content_hash
            # Without a sidecar: made for the text that was current when this file was first seen.
            spoken = recording.spoken_hash or (before.spoken_hash if before and known else prompt.text_hash)
            source = f"recording {recording.content_hash} {spoken}"
        made_of = hashlib.sha256(f"{_PROCESSING}\n{prompt.text_hash}\n{source}".encode()).hexdigest()
        yield _Job(key=prompt.key, made_of=made_of, prompt=prompt, recording=recording, spoken_hash=spoken)
    yield _Job(key=BEEP, made_of=f"beep {music.VERSION}")


def _up_to_date(folder: Path, job: _Job, entry: Entry | None) -> bool:
    if entry is None or entry.made_of != job.made_of or NARROW.ending not in entry.files:
        return False
    return all(_content_hash(folder / f"{job.key}.{ending}") == known for ending, known in entry.files.items())


def _run(folder: Path, jobs: Sequence[_Job], engine: SpeechEngine, parallel: int) -> Iterator[tuple[_Job, _Done]]:
    if parallel < 2 or len(jobs) < 4:
        for job in jobs:
            yield job, _do(folder, job, engine)
        return
    # Forked, so that an engine registered by somebody's own program is there too and need not be picklable.
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(parallel, mp_context=context, initializer=_inherit, initargs=(engine,)) as pool:
        futures: dict[Future[_Done], _Job] = {pool.submit(_do_inherited, folder, job): job for job in jobs}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool as error:
            raise PromptError("a part of the build was killed (out of memory?); run it again, it goes on where it stopped") from error
        finally:
            pool.shutdown(cancel_futures=True)


_inherited: list[SpeechEngine] = []


def _inherit(engine: SpeechEngine) -> None:
    _inherited.append(engine)


def _do_inherited(folder: Path, job: _Job) -> _Done:
    return _do(folder, job, _inherited[0])


def _do(folder: Path, job: _Job, engine: SpeechEngine) -> _Done:
    try:
        if job.prompt is None:
            return _generated(folder, job)
        return _spoken(folder, job, job.prompt, engine)
    except ToolMissing:
        raise
    except PromptError as error:
        return str(error)


def _generated(folder: Path, job: _Job) -> Entry:
    # Nothing in them lies above the narrow band, so a wide file would only be bigger.
    make = music.waiting if job.key == MUSIC else music.beep
    files = {NARROW.ending: make(NARROW.rate)}
    _write(folder, job.key, files)
    level = audio.measure(audio.decode(folder / f"{job.key}.{NARROW.ending}", NARROW.rate), NARROW.rate)
    return _entry(job, Converted(files=files, level=level), source="generated")


def _spoken(folder: Path, job: _Job, prompt: Prompt, engine: SpeechEngine) -> Entry:
    silence = WORD if prompt.group == "numbers" else SENTENCE
    refused = ""
    if job.recording is not None:
        try:
            sound = convert(job.recording.path, silence, wide=True)
            _write(folder, job.key, sound.files)
            return _entry(job, sound, source="recording")
        except AudioError as error:
            refused = str(error)
    with tempfile.TemporaryDirectory(prefix="prompt") as scratch:
        spoken = Path(scratch) / "spoken.wav"
        engine.speak(prompt.text, prompt.language, spoken)
        try:
            # A robot in high fidelity is not worth the double building time.
            sound = convert(spoken, silence, wide=not engine.placeholder)
        except AudioError as error:
            raise EngineError(f"what {engine.name} made can't be used: {error}") from error
    _write(folder, job.key, sound.files)
    return _entry(job, sound, source=engine.name, placeholder=engine.placeholder, refused=refused)


def _entry(job: _Job, sound: Converted, *, source: str, placeholder: bool = False, refused: str = "") -> Entry:
    recorded = source == "recording"
    current = job.prompt.text_hash if job.prompt else ""
    return Entry(
        text_hash=current,
        spoken_hash=job.spoken_hash if recorded else current,
        source=source,
        placeholder=placeholder,
        made_of=job.made_of,
        recording=job.recording.content_hash if recorded and job.recording else "",
        refused=refused,
        seconds=round(sound.level.seconds, 3),
        rms_dbfs=round(sound.level.rms_dbfs, 2),
        peak_dbfs=round(sound.level.peak_dbfs, 2),
        files={ending: hashlib.sha256(content).hexdigest() for ending, content in sound.files.items()},
    )


def _write(folder: Path, key: str, files: Mapping[str, bytes]) -> None:
    for band in BANDS:
        path = folder / f"{key}.{band.ending}"
        if band.ending in files:
            write_atomically(path, files[band.ending])
        else:
            # Otherwise phones with a wide band would go on hearing what was there before.
            path.unlink(missing_ok=True)


def _content_hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One build at a time in a folder; a second one waits, and then finds everything done."""
    with (folder / ".build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
