"""`annyeong120 doctor`: what is wrong, one line each."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from typing import Annotated

import typer

from core import settings_file
from core.settings import Settings
from helpline import exit_codes
from helpline.doctor import Finding, Verdict, examine

_SIGNS = {Verdict.FINE: "✔", Verdict.REMARK: "·", Verdict.WRONG: "✘"}
AsJson = Annotated[bool, typer.Option("--json", help="JSON으로 / as JSON")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(as_json: AsJson = False) -> None:
    """설치 점검: 무엇이 잘못되었고 어떻게 고치는지 / Check the installation: what is wrong, and what to do."""
    findings = asyncio.run(_examine(settings_file.load(), aloud=not as_json))
    bad = [finding for finding in findings if finding.verdict is Verdict.WRONG]
    if as_json:
        typer.echo(json.dumps({"ok": not bad, "findings": [dataclasses.asdict(f) for f in findings]}, ensure_ascii=False))
    else:
        typer.echo("이상 없음 / nothing is wrong" if not bad else f"문제 {len(bad)}건 / {len(bad)} problem(s)")
    if bad:
        raise typer.Exit(exit_codes.FAILED)


async def _examine(settings: Settings, *, aloud: bool) -> list[Finding]:
    findings = []
    async for finding in examine(settings):
        findings.append(finding)
        if aloud:
            typer.echo(line(finding))
    return findings


def line(finding: Finding) -> str:
    """A finding as one line."""
    remedy = f" → {finding.remedy}" if finding.remedy else ""
    return f"{_SIGNS[finding.verdict]} {finding.topic}: {finding.text}{remedy}"
