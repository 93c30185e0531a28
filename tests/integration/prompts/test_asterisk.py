"""The real Asterisk reads what was built."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.prompts.build import build
from tests.integration.prompts.conftest import Complete, Hum, some_texts, write_tone
from tests.kit.bare_asterisk import BareAsterisk, asterisk_tree


@pytest.fixture(scope="module")
def asterisk() -> Iterator[BareAsterisk]:
    """An Asterisk that can convert files with its own readers."""
    tree = asterisk_tree()
    if tree is None:
        pytest.fail("no Asterisk: run `make setup`, or name an unpacked one in ANNYEONG120_ASTERISK_TREE")
    with tempfile.TemporaryDirectory(prefix="pr") as folder, BareAsterisk(tree, Path(folder), phones={}) as server:
        server.command("module load res_convert.so")
        yield server


def test_asterisk_reads_every_kind_of_built_file(asterisk: BareAsterisk, complete: Complete, tmp_path: Path) -> None:
    """Sentence, word, music and tone: as many samples of A-law come out as went in."""
    for key in ("ko/greeting", "en/greeting", "ko/num_5", "music/waiting", "tones/beep"):
        result = tmp_path / f"{key.replace('/', '-')}.alaw"
        asterisk.command(f"file convert {complete.folder}/{key}.wav {result}")
        seconds = complete.report.manifest.entries[key].seconds
        assert result.stat().st_size / 8000 == pytest.approx(seconds, abs=0.03), key


@pytest.mark.usefixtures("short_music")
def test_asterisk_reads_the_wide_file_of_a_recording(asterisk: BareAsterisk, tmp_path: Path) -> None:
    """Phones with G.722 hear the studio, not the telephone band."""
    write_tone(tmp_path / "studio/ko/hello.wav", 500, 5000, seconds=1, rate=44100)
    build(tmp_path / "out", recordings_folder=tmp_path / "studio", texts=some_texts(hello="안녕"), engine=Hum())
    asterisk.command(f"file convert {tmp_path}/out/ko/hello.wav16 {tmp_path}/hello.sln16")
    assert (tmp_path / "hello.sln16").stat().st_size / 2 / 16000 == pytest.approx(1, abs=0.1)
