"""The example settings: what is commented out there must be right, too."""

from __future__ import annotations

import re
from pathlib import Path

from core import settings_file

EXAMPLE = Path(__file__).parents[3] / "deploy" / "annyeong120.example.toml"


def test_the_example_and_everything_commented_out_in_it_is_accepted(tmp_path: Path) -> None:
    """Whoever takes the `#` away gets an installation that starts."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    whole = tmp_path / "annyeong120.toml"
    whole.write_text("\n".join(line[1:] if re.match(r"#(\[|[a-z0-9_]+ = )", line) else line for line in lines), encoding="utf-8")
    settings = settings_file.load(whole)
    assert settings.overflow.standby
    assert settings.callbacks.trunk == settings.trunks[0].name
