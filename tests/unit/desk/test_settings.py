"""The desk's settings: what would be unsafe does not start."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from core.settings_desk import DeskSettings


def test_without_settings_the_desk_is_open_to_this_machine_only() -> None:
    """Loopback, and only its own origins."""
    settings = DeskSettings()
    assert settings.http_bind == "127.0.0.1"
    assert settings.origins == {"http://127.0.0.1:8121", "http://localhost:8121", "http://[::1]:8121"}
    assert not settings.secure


def test_behind_https_only_the_named_origins_count() -> None:
    """Not the address that the proxy comes to."""
    settings = DeskSettings(public_url="https://Desk.example", allowed_origins=["https://desk2.example"])
    assert settings.origins == {"https://desk.example", "https://desk2.example"}
    assert settings.secure


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"http_bind": "0.0.0.0"}, "public_url"),
        ({"http_bind": "10.0.0.5"}, "public_url"),
        ({"public_url": "http://desk.example"}, "https"),
        ({"public_url": "https://desk.example/"}, "no path"),
        ({"public_url": "desk.example"}, "origin"),
        ({"public_url": "https://user:secret@desk.example"}, "origin"),
        ({"allowed_origins": ["*"]}, "origin"),
        ({"session_idle_s": 5}, "60"),
        ({"trusted_proxies": ["proxy"]}, "proxy"),
    ],
)
def test_what_would_be_unsafe_or_not_work_is_refused(values: dict[str, object], told: str) -> None:
    """At the start, with the reason."""
    with pytest.raises(ValidationError, match=told):
        DeskSettings.model_validate(values)
