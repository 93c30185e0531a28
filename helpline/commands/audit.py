"""`annyeong120 audit …`: whether the access log is whole."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from core.audit_check import Flaw, verify
from core.sealing import load_chain_key
from helpline import exit_codes
from helpline.asking import ask, fail

AsJson = Annotated[bool, typer.Option("--json", help="기계가 읽는 형식으로 / For programs")]

_WORDS = {
    Flaw.CHANGED: "기록이 바뀌었거나 자리가 바뀌었습니다. / was changed or moved.",
    Flaw.MISSING: "이 앞의 기록이 없어졌습니다. / follows on rows that are missing.",
    Flaw.CUT_OFF: "끝의 기록이 없어졌거나 몰래 더해졌습니다. / should be the last: rows were cut off or added after it.",
    Flaw.HEAD: "머리 기록이 없거나 위조되었습니다. / has a head that is missing or forged, or the key file is another one.",
    Flaw.NOT_AS_NOTED: "적어 둔 것과 다릅니다. / is not as it was noted.",
}

audit = typer.Typer(no_args_is_help=True, help="접근 기록 / The access log")


def register(app: typer.Typer) -> None:
    """Add `audit` to the command line."""
    app.add_typer(audit, name="audit")


@audit.command("verify")
def verify_(
    noted: Annotated[
        str, typer.Option("--noted", metavar="NUMBER:MAC", help="전에 적어 둔 머리 / A head noted earlier, which must still be there")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """접근 기록이 온전한지 확인합니다. 아니면 종료 코드 1. / Whether nothing was changed, removed or moved; exit code 1 if something was."""
    try:
        verdict = ask(lambda db, settings: verify(db, load_chain_key(settings), noted=noted))
    except ValueError as error:
        fail(str(error))
    if as_json:
        findings = [{"number": finding.number, "flaw": str(finding.flaw)} for finding in verdict.findings]
        typer.echo(json.dumps({"whole": verdict.whole, "rows": verdict.rows, "head": verdict.head, "findings": findings}))
    elif verdict.whole:
        typer.echo(f"온전합니다 / whole: {verdict.rows}\n머리 / head (다른 곳에 적어 두세요 / note it elsewhere): {verdict.head}")
    else:
        for finding in verdict.findings:
            typer.echo(f"✘ {finding.number}: {_WORDS[finding.flaw]}", err=True)
    if not verdict.whole:
        raise typer.Exit(exit_codes.FAILED)
