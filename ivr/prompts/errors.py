"""What can go wrong with voice prompts while they are built; playing them never raises."""

from __future__ import annotations

from core.errors import AnnyeongError


class PromptError(AnnyeongError):
    """A voice prompt can't be built."""


class TextsError(PromptError):
    """A file with the texts of the prompts can't be used."""


class EngineError(PromptError):
    """The speech engine did not deliver."""


class ToolMissing(PromptError):
    """A program that building prompts needs is not installed."""


class AudioError(PromptError):
    """A sound file can't be used."""


class NumberError(PromptError, ValueError):
    """This can't be said as a number."""
