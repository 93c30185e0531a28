"""The access log is read by people: whatever may stand in it has words on its page."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from core.clock import SystemClock
from core.database import Database
from core.journal import Journal
from core.settings import Settings
from desk.routes import Audit
from desk.services import Desk
from helpline.desk_rooms import CaseRooms

ROOT = Path(__file__).parents[3]
ROOMS = ("core", "care", "shifts", "routing", "escalation", "ivr", "desk", "helpline")
WORDS = ROOT / "desk" / "web" / "src" / "words"
#: Who or what was looked at or changed where nothing is said.
NOTHING = ""
Sources = Mapping[Path, ast.Module]


def of_routes(folder: Path) -> set[Audit]:
    """What the gate writes for the routes of every room."""
    settings, db, clock = Settings(data_dir=folder), Database("postgresql://nobody@localhost/none"), SystemClock()

    def rooms(events: object, audit: object) -> CaseRooms:
        return CaseRooms(settings, db, clock, events, audit, Journal(db, {}, spool=folder))  # type: ignore[arg-type]

    audits = [route.audit for route in Desk(settings, db, clock, rooms=rooms).routes if route.audit]
    return {Audit(action=one) if isinstance(one, str) else one for one in audits}


def sources() -> Sources:
    """Everything that the program is made of."""
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py") if "node_modules" not in file.parts]
    return {file: ast.parse(file.read_text()) for file in files}


def written_elsewhere(field: str, trees: Sources) -> set[str]:
    """What else is written: the texts of `field` where the sources make an `Access`, there or handed to the function around it."""
    found: set[str] = set()
    handed_on: set[tuple[Path, str, int]] = set()
    for file, tree in trees.items():
        constants = {
            one.id: node.value.value for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for one in node.targets if isinstance(one, ast.Name)
        }  # fmt: skip
        for call, around in calls(tree):
            value = next((one.value for one in call.keywords if one.arg == field), None) if name_of(call) == "Access" else None
            match value:
                case ast.Constant(value=str(text)):
                    found.add(text)
                case ast.Name(id=name) if name in constants:
                    found.add(str(constants[name]))
                case ast.Name(id=name) if around is not None:
                    names = [one.arg for one in around.args.args if one.arg != "self"]
                    handed_on.add((file.parent, around.name, names.index(name)))
    for folder, name, place in handed_on:
        for call in (call for file, tree in trees.items() if file.parent == folder for call, _ in calls(tree)):
            if name_of(call) == name and len(call.args) > place and isinstance(argument := call.args[place], ast.Constant):
                found.add(str(argument.value))
    return found


def name_of(call: ast.Call) -> str:
    """The name by which something is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""


Inside = ast.FunctionDef | ast.AsyncFunctionDef | None


def calls(tree: ast.AST, around: Inside = None) -> Iterator[tuple[ast.Call, Inside]]:
    """Every call, and the function that it stands in."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call):
            yield node, around
        yield from calls(node, node if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else around)


def test_whatever_the_access_log_may_say_has_words(tmp_path: Path) -> None:
    """Each code has a Korean word and the page no word for what is never written; the English ones are held to be the same when it is built."""
    korean = "\n".join(file.read_text() for file in WORDS.glob("*ko.ts"))
    routes, trees = of_routes(tmp_path), sources()
    for field, prefix in (("action", "did_"), ("about_kind", "about_")):
        words = set(re.findall(rf"^  {prefix}(\w+):", korean, re.MULTILINE))
        codes = {getattr(one, field) for one in routes} | written_elsewhere(field, trees)
        assert codes - {NOTHING} == words
