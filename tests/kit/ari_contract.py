"""Is what our ARI client sends and reads in Asterisk's own description of itself (`/ari/api-docs/*.json`)?

Each function returns the differences, one sentence each; none is as it should be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ivr.ari.events import Event, Malformed, Unknown
from ivr.ari.operations import Operation

#: File name -> content, as Asterisk serves it.
Docs = Mapping[str, Mapping[str, Any]]
Models = Mapping[str, Mapping[str, Any]]

_SAMPLES: Mapping[str, object] = {
    "string": "1",
    "int": 1,
    "long": 1,
    "double": 1.0,
    "boolean": True,
    "Date": "2026-11-22T10:50:47.123+0900",
    "object": {},
}


def models(docs: Docs) -> Models:
    """Every model by name."""
    return {name: model for document in docs.values() for name, model in document["models"].items()}


def check_operations(docs: Docs, operations: Iterable[Operation]) -> list[str]:
    """Method, path, parameters (those we send exist, required ones are always sent), body."""
    known = {
        (api["path"], operation["httpMethod"]): operation
        for document in docs.values()
        for api in document["apis"]
        for operation in api["operations"]
    }
    return [problem for ours in operations for problem in _operation(known, ours)]


def _operation(known: Mapping[tuple[str, str], Mapping[str, Any]], ours: Operation) -> Iterator[str]:
    theirs = known.get((ours.path, ours.method))
    if theirs is None:
        yield f"{ours.name}: there is no {ours.method} {ours.path}"
        return
    parameters = theirs.get("parameters", [])
    query = {parameter["name"]: parameter for parameter in parameters if parameter["paramType"] == "query"}
    sent = {*ours.needs, *ours.query}
    for name in sorted(sent - query.keys()):
        yield f"{ours.name}: {ours.path} has no parameter {name}"
    for name in sorted(name for name, parameter in query.items() if parameter.get("required") and name not in ours.needs):
        yield f"{ours.name}: {ours.path} requires {name}"
    if ours.body and not any(parameter["paramType"] == "body" for parameter in parameters):
        yield f"{ours.name}: {ours.path} takes no body"


def check_values(docs: Docs, path: str, method: str, parameter: str, ours: Iterable[str]) -> list[str]:
    """The values that we use of a parameter with a closed set of them."""
    for document in docs.values():
        for api in document["apis"]:
            for operation in api["operations"]:
                if (api["path"], operation["httpMethod"]) != (path, method):
                    continue
                found = next(item for item in operation["parameters"] if item["name"] == parameter)
                allowed = set(found["allowableValues"]["values"])
                return [f"{method} {path}: {parameter} can't be {value}" for value in ours if value not in allowed]
    return [f"there is no {method} {path}"]


class Read(dict[str, Any]):
    """An object of a model that remembers what was asked of it and does not exist there."""

    def __init__(self, name: str, known: Models, problems: list[str]) -> None:
        self._name, self._problems = name, problems
        super().__init__({key: _sample(kind, known, problems) for key, kind in properties(known, name).items()})

    def get(self, key: str, default: object = None) -> Any:  # noqa: ANN401
        """As a dict, but noting."""
        if key not in self:
            self._problems.append(f"{self._name} has no field {key}")
        return super().get(key, default)


def properties(known: Models, name: str) -> dict[str, str]:
    """Field -> type of a model; for an event with those that every event has."""
    own = {key: field["type"] for key, field in known[name]["properties"].items()}
    if name in known.get("Event", {}).get("subTypes", ()):
        own |= properties(known, "Event")
    if "type" not in own and name in {"Event", "MissingParams"}:
        own |= properties(known, "Message")
    return own


def _sample(kind: str, known: Models, problems: list[str]) -> object:
    if kind.startswith("List["):
        return [_sample(kind[5:-1], known, problems)]
    return Read(kind, known, problems) if kind in known else _SAMPLES[kind]


def check_events(docs: Docs, parse: Callable[[Mapping[str, object]], Event], kinds: Iterable[str]) -> list[str]:
    """Every type exists, every field that is read exists, and an event with all of its model's fields can be read."""
    known = models(docs)
    problems: list[str] = []
    for kind in kinds:
        if kind not in known["Event"]["subTypes"]:
            problems.append(f"there is no event {kind}")
            continue
        message = Read(kind, known, problems)
        message["type"] = kind
        event = parse(message)
        if isinstance(event, Unknown | Malformed):
            problems.append(f"{kind} as Asterisk describes it is read as {event!r}")
    return problems


def check_model(docs: Docs, name: str, read: Callable[[Mapping[str, object]], object]) -> list[str]:
    """Every field that `read` asks of the model exists."""
    problems: list[str] = []
    read(Read(name, models(docs), problems))
    return problems


def check_message(docs: Docs, name: str, message: Mapping[str, object]) -> list[str]:
    """A message that we send has the model's required fields and no others than its."""
    fields = models(docs)[name]["properties"]
    missing = [f"{name} requires {key}" for key, field in fields.items() if field.get("required") and key not in message]
    return missing + [f"{name} has no field {key}" for key in message if key not in fields]
