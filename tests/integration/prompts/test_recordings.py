"""Studio recordings win over the robot."""

from __future__ import annotations

import json
import re
import wave
from pathlib import Path

import pytest

from ivr.prompts import audio
from ivr.prompts.build import Report, build
from ivr.prompts.check import check
from ivr.prompts.texts import Texts
from tests.integration.prompts.conftest import Hum, some_texts, write_tone

pytestmark = pytest.mark.usefixtures("short_music")

TEXTS = some_texts(hello="안녕하세요")
CHANGED = some_texts(hello="여보세요")


def run(tmp_path: Path, texts: Texts = TEXTS, *, placeholder: bool = False) -> Report:
    """Build with the recordings in `studio`."""
    return build(tmp_path / "out", recordings_folder=tmp_path / "studio", texts=texts, engine=Hum(placeholder=placeholder))


def problems(tmp_path: Path, texts: Texts = TEXTS) -> list[str]:
    """What the check finds."""
    return list(check(tmp_path / "out", recordings_folder=tmp_path / "studio", texts=texts).problems)


def test_recording_takes_the_place_of_the_robot(tmp_path: Path) -> None:
    """At the same loudness, and no longer a placeholder."""
    (tmp_path / "studio").mkdir()
    run(tmp_path)
    write_tone(tmp_path / "studio/ko/hello.wav", seconds=2, amplitude=500, rate=48000)
    assert any("not in use yet" in line for line in problems(tmp_path))
    report = run(tmp_path)
    assert report.built == ("ko/hello",)
    entry = report.manifest.entries["ko/hello"]
    assert (entry.source, entry.placeholder) == ("recording", False)
    assert entry.seconds == pytest.approx(2, abs=0.1)
    assert entry.rms_dbfs == pytest.approx(-20, abs=1.5)
    assert problems(tmp_path) == []


def test_removed_recording_gives_the_robot_its_place_back(tmp_path: Path) -> None:
    """Never nothing."""
    path = write_tone(tmp_path / "studio/ko/hello.wav")
    assert run(tmp_path, placeholder=True).manifest.placeholders == ["en/hello"]
    path.unlink()
    assert run(tmp_path, placeholder=True).manifest.placeholders == ["en/hello", "ko/hello"]


def test_recording_is_used_although_its_text_changed_and_that_is_told(tmp_path: Path) -> None:
    """A human voice stays until it is recorded again, but nobody can say they did not know."""
    write_tone(tmp_path / "studio/ko/hello.wav")
    assert run(tmp_path).problems == ()
    for _ in range(2):
        report = run(tmp_path, CHANGED)
        assert [line for line in report.problems if line.startswith("ko/hello: the recording was made for another text")]
        assert report.manifest.entries["ko/hello"].source == "recording"
        assert len(problems(tmp_path, CHANGED)) == 1
    write_tone(tmp_path / "studio/ko/hello.wav", seconds=0.7)
    assert run(tmp_path, CHANGED).problems == ()
    assert problems(tmp_path, CHANGED) == []


def test_sidecar_tells_that_a_recording_is_for_another_text(tmp_path: Path) -> None:
    """Also at its first build; and a corrected sidecar clears it."""
    write_tone(tmp_path / "studio/ko/hello.wav")
    sidecar = tmp_path / "studio/ko/hello.json"
    sidecar.write_text(json.dumps({"text": "옛날 인사"}), encoding="utf-8")
    assert len(run(tmp_path).problems) == 1
    sidecar.write_text(json.dumps({"text": "안녕하세요"}), encoding="utf-8")
    assert run(tmp_path).problems == ()


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("empty", "it is empty"),
        ("words", "not a sound file"),
        ("header only", "not a sound file|nothing in it|silent"),
        ("silent", "it is silent"),
        ("hiss", "it is silent"),
        ("too short", "nothing in it"),
        ("too long", "61 s long"),
    ],
)
def test_unusable_recording_is_refused_with_the_reason_and_the_robot_speaks(tmp_path: Path, kind: str, reason: str) -> None:
    """Callers never hear a broken file; build and check both tell, every time."""
    path = tmp_path / "studio/ko/hello.wav"
    path.parent.mkdir(parents=True)
    match kind:
        case "empty":
            path.write_bytes(b"")
        case "words":
            path.write_text("this is no sound " * 100, encoding="utf-8")
        case "header only":
            path.write_bytes(write_tone(path).read_bytes()[:44])
        case "silent":
            write_tone(path, amplitude=0)
        case "hiss":
            write_tone(path, amplitude=20)
        case "too short":
            write_tone(path, seconds=0.02)
        case _:
            write_tone(path, seconds=61, rate=8000)
    first, second = run(tmp_path), run(tmp_path)
    assert first.complete
    assert first.manifest.entries["ko/hello"].source == "hum"
    (line,) = first.problems
    assert line.startswith("ko/hello: the recording is refused")
    assert re.search(reason, line)
    assert second.built == ()
    assert second.problems == first.problems
    assert problems(tmp_path) == [line]


def test_stereo_and_odd_rates_are_accepted(tmp_path: Path) -> None:
    """Whatever a studio delivers becomes 8 kHz mono."""
    mono = write_tone(tmp_path / "mono.wav", rate=44100).read_bytes()
    samples = mono[44:]
    stereo = b"".join(samples[at : at + 2] * 2 for at in range(0, len(samples), 2))
    path = tmp_path / "studio/ko/hello.wav"
    path.parent.mkdir(parents=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 44100, 0, "NONE", ""))
        file.writeframes(stereo)
    assert run(tmp_path).problems == ()
    assert audio.measure(audio.decode(tmp_path / "out/ko/hello.wav", 8000), 8000).seconds == pytest.approx(0.5, abs=0.1)


def test_narrow_recording_removes_the_robots_wide_file(tmp_path: Path) -> None:
    """Otherwise phones with a wide band would go on hearing the robot."""
    (tmp_path / "studio").mkdir()
    run(tmp_path)
    assert (tmp_path / "out/ko/hello.wav16").is_file()
    write_tone(tmp_path / "studio/ko/hello.wav", rate=8000)
    run(tmp_path)
    assert (tmp_path / "out/ko/hello.wav").is_file()
    assert not (tmp_path / "out/ko/hello.wav16").exists()
    assert problems(tmp_path) == []


def test_misspelt_recording_is_told(tmp_path: Path) -> None:
    """With the nearest name."""
    write_tone(tmp_path / "studio/ko/helo.wav")
    assert "did you mean hello?" in run(tmp_path).problems[0]
    assert "did you mean hello?" in problems(tmp_path)[0]
