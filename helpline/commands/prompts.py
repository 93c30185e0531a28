"""`annyeong120 prompts build|check|list`: what the telephone says."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from core import settings_file
from core.settings import Settings
from helpline import exit_codes
from ivr.prompts import build as builder
from ivr.prompts import check as checker
from ivr.prompts import engine, manifest, texts
from ivr.prompts.texts import Texts

Folder = Annotated[Path | None, typer.Option(help="음성 폴더 / the prompts folder instead of the settings' one")]
Force = Annotated[bool, typer.Option("--force", help="모두 다시 만들기 / build everything again")]
Strict = Annotated[bool, typer.Option("--strict", help="임시 음성도 문제로 봄 / placeholders are a problem, too")]
Language = Annotated[Literal["ko", "en"] | None, typer.Option(help="한 언어만 / one language only")]
Form = Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="csv: 녹음실용 대본 / the script for a studio")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="안내 음성 / Voice prompts.", no_args_is_help=True)
    group.command("build")(build)
    group.command("check")(check)
    group.command("list")(show)
    app.add_typer(group, name="prompts")


def build(folder: Folder = None, force: Force = False) -> None:
    """안내 음성 만들기: 바뀐 것만 / Build the voice prompts; only what changed."""
    settings, spoken = _load()
    target = (folder or settings.prompts_folder).absolute()
    report = builder.build(
        target,
        recordings_folder=settings.prompts.recordings,
        texts=spoken,
        engine=engine.create(settings.prompts.engine, settings.prompts.engine_command),
        force=force,
        progress=_progress,
    )
    for line in report.problems:
        typer.echo(line, err=True)
    typer.echo(
        f"prompts: {len(report.built)} built, {report.unchanged} unchanged, {len(report.removed)} removed: {settings.prompts_folder}"
    )
    robots = len(report.manifest.placeholders)
    if robots:
        typer.echo(f"임시 합성 음성 {robots}개 / {robots} placeholders spoken by a robot: docs/prompts.md says how to replace them")
    if not report.complete:
        raise typer.Exit(exit_codes.FAILED)


def check(folder: Folder = None, strict: Strict = False) -> None:
    """안내 음성 검사 / Check every built file; exit code 1 and one line per problem."""
    settings, spoken = _load()
    found = checker.check(folder or settings.prompts_folder, recordings_folder=settings.prompts.recordings, texts=spoken)
    problems = list(found.problems)
    if strict:
        problems += [f"{key}: a placeholder spoken by a robot" for key in found.placeholders]
    for line in problems:
        typer.echo(line)
    if problems:
        raise typer.Exit(exit_codes.FAILED)
    typer.echo(f"prompts: {found.files} files are well, {len(found.placeholders)} of the prompts are placeholders")


def show(language: Language = None, form: Form = "table") -> None:
    """안내 문구 목록 / The texts, with the hash a recording's sidecar names."""
    settings, spoken = _load()
    entries = manifest.read(settings.prompts_folder).entries
    rows: list[dict[str, str | float | None]] = []
    for prompt in spoken:
        if language in {None, prompt.language}:
            entry = entries.get(prompt.key)
            source = entry.source if entry else ""
            length = entry.seconds if entry else None
            text = {"language": prompt.language, "id": prompt.id, "text": prompt.text, "text_hash": prompt.text_hash}
            rows.append({**text, "source": source, "seconds": length})
    if form == "json":
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    elif form == "csv":
        writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    else:
        table = Table("id", "문구 / text", "hash", "음성 / voice", "s")
        for row in rows:
            seconds = row["seconds"]
            table.add_row(
                f"{row['language']}/{row['id']}", str(row["text"]), str(row["text_hash"])[:12], str(row["source"]), str(seconds or "")
            )
        Console().print(table)


def _load() -> tuple[Settings, Texts]:
    settings = settings_file.load()
    return settings, texts.load(settings.prompts.texts)


def _progress(done: int, total: int, key: str) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r\x1b[Kprompts {done}/{total} {key}" + ("\n" if done == total else ""), nl=False, err=True)
    elif done == total or done % 25 == 0:
        typer.echo(f"prompts {done}/{total}", err=True)
