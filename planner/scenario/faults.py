"""Where a scenario file is wrong: every fault at once, as `file:line:col: path: what — did you mean …`."""

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from planner.errors import ScenarioError

Loc = tuple[str | int, ...]  # ("siting", 0, "new_sites")


@dataclass(frozen=True, order=True)
class Place:
    """A position in the file, 1-based as editors count; line 0 stands for an option of the command line."""

    line: int
    column: int
    label: str  # the file as the reader named it, or the option as typed

    def __str__(self) -> str:
        return f"{self.label}:{self.line}:{self.column}" if self.line else self.label


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong, and where."""

    place: Place
    path: str  # "siting.0.new_sites"
    what: str

    def __str__(self) -> str:
        return ": ".join(part for part in (str(self.place), self.path, self.what) if part)


@dataclass(frozen=True)
class Document:
    """A YAML file as plain values, with the place of every key and list item."""

    name: str
    data: dict[str, Any]
    places: Mapping[Loc, Place]
    faults: frozenset[Fault] = frozenset()

    def written(self, loc: Loc) -> Loc:
        """The deepest part of `loc` that stands in the file."""
        return next((loc[:n] for n in range(len(loc), 0, -1) if loc[:n] in self.places), ())

    def place(self, loc: Loc) -> Place:
        """Where `loc`, or the deepest part of it, stands."""
        return self.places.get(self.written(loc), Place(1, 1, self.name))

    def changed(self, key: str, value: object, place: Place) -> "Document":
        """The document with `value` at the dotted `key`; an impossible key becomes one of its faults."""
        data, places = deepcopy(self.data), dict(self.places)
        node: Any = data
        loc: Loc = ()
        for part in key.split("."):
            step = _step(node, part)
            if step is None:
                there = f"a list of {len(node)}, counted from 0" if isinstance(node, list) else repr(node)
                fault = Fault(place, key, f"there is no {part!r} here: {'.'.join(map(str, loc))} is {there}")
                return replace(self, faults=self.faults | {fault})
            parent, loc = node, (*loc, step)
            if isinstance(parent, dict) and parent.get(step) is None:
                parent[step] = {}
                places[loc] = place
            node = parent[step]
        parent[step] = deepcopy(value)
        places = {at: where for at, where in places.items() if at[: len(loc)] != loc} | {loc: place}
        return replace(self, data=data, places=places)

    def faults_of(self, error: ValidationError, model: type[BaseModel]) -> frozenset[Fault]:
        """What pydantic found, in a planner's words and with places."""
        found = set()
        for row in error.errors(include_url=False):
            loc = tuple(part for part in row["loc"] if not str(part).startswith("<"))  # the tag of a union
            kind = next((str(part).strip("<>") for part in reversed(row["loc"]) if str(part).startswith("<")), "")
            what = _unknown_key(loc, kind, model) if row["type"] == "extra_forbidden" else _words(row)
            path = loc if row["type"] == "missing" else self.written(loc)
            found.add(Fault(self.place(loc), ".".join(map(str, path)), what))
        return frozenset(found)


def read(file: Path, name: str) -> Document:
    """A YAML 1.2 file (`no` is text, 1e3 a number) that holds one mapping; raises where it cannot be read at all."""
    top = Place(1, 1, name)
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise ScenarioError([str(Fault(top, "", "is not UTF-8; save it with the encoding UTF-8"))]) from None
    except OSError as error:
        why = "there is no such file" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise ScenarioError([f"{name}: {why}{nearest(file.name, siblings(file), list_all=False)}"]) from None
    places: dict[Loc, Place] = {}
    faults: set[Fault] = set()
    try:
        _visit(YAML(typ="safe", pure=True).compose(text), (), name, places, faults)
        data = _text_keys(_parser().load(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = Place(mark.line + 1, mark.column + 1, name) if mark else top
        what = " ".join(str(part) for part in (error.context, error.problem) if part)
        raise ScenarioError([str(Fault(at, "YAML", what))]) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise ScenarioError([str(Fault(top, "YAML", str(error).splitlines()[0]))]) from None
    if not isinstance(data, dict):
        what = "the file is empty" if data is None else "the file must be a mapping (`city: …`, `demand: …`)"
        raise ScenarioError([str(Fault(top, "", what))])
    return Document(name, data, places, frozenset(faults))


def value_of(text: str) -> object:
    """What a piece of YAML 1.2 says: "8" is a number, "no" is text."""
    return _parser().load(text)


def complaint(what: str) -> PydanticCustomError:
    """What a validator raises: a sentence that reaches the reader as it is."""
    return PydanticCustomError("planner", "{what}", {"what": what})


def nearest(word: str, words: Iterable[str], *, list_all: bool = True) -> str:
    """` — did you mean 'this'?`; else, if wanted, the words that there are; else nothing."""
    known = sorted(words)
    close = get_close_matches(word, known, n=1)
    if close:
        return f" — did you mean {close[0]!r}?"
    return f" (there are: {', '.join(known)})" if list_all and known else ""


def siblings(path: Path) -> list[str]:
    """The names beside a path, to find the one that was meant."""
    return [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []


def _text_keys(value: Any) -> Any:
    """The same values under keys that are all text: `2030: …` names a variant, too."""
    if isinstance(value, dict):
        return {str(key): _text_keys(each) for key, each in value.items()}
    return [_text_keys(each) for each in value] if isinstance(value, list) else value


def _step(node: object, part: str) -> Any:
    """The key or position that a part of a dotted path means in a mapping or list; None where it means nothing."""
    if isinstance(node, dict):
        return part
    return int(part) if isinstance(node, list) and part.isdecimal() and int(part) < len(node) else None


def _parser() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.allow_duplicate_keys = True  # `_visit` has reported every one, the parser would stop at the first
    return yaml


def _visit(node: Node | None, loc: Loc, name: str, places: dict[Loc, Place], faults: set[Fault]) -> None:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            at = (*loc, str(key.value))
            place = Place(key.start_mark.line + 1, key.start_mark.column + 1, name)
            if at in places:
                what = f"is given twice, first in line {places[at].line}; remove one of the two"
                faults.add(Fault(place, ".".join(map(str, at)), what))
            places.setdefault(at, place)
            _visit(value, at, name, places, faults)
    elif isinstance(node, SequenceNode):
        for i, item in enumerate(node.value):
            places[(*loc, i)] = Place(item.start_mark.line + 1, item.start_mark.column + 1, name)
            _visit(item, (*loc, i), name, places, faults)


WORDS = {  # pydantic's type of error → what a planner reads
    "missing": "is missing",
    "int_type": "must be a whole number, not {input}",
    "int_from_float": "must be a whole number, not {input}",
    "float_type": "must be a number, not {input}",
    "finite_number": "must be a finite number, not {input}",
    "bool_type": "must be true or false, not {input}",
    "string_type": "must be text, not {input}; put it in quotes",
    "string_too_short": "must not be empty",
    "tuple_type": "must be a list (`- …`), not {input}",
    "dict_type": "must be a mapping (`key: value`), not {input}",
    "model_type": "must be a mapping (`key: value`), not {input}",
    "greater_than": "must be more than {gt:g}, not {input}",
    "greater_than_equal": "must be at least {ge:g}, not {input}",
    "less_than": "must be less than {lt:g}, not {input}",
    "less_than_equal": "must be at most {le:g}, not {input}",
    "literal_error": "must be {expected}, not {input}",
}


def _words(row: ErrorDetails) -> str:
    given = "nothing" if row["input"] is None else repr(row["input"])
    given = given if len(given) <= 40 else given[:39] + "…"  # noqa: PLR2004  (a line of a terminal)
    context = row.get("ctx", {})
    if row["type"] == "planner":
        return row["msg"]
    if row["type"] not in WORDS:
        return f"{row['msg']} (given: {given})"
    hint = ""
    if row["type"] == "literal_error":
        hint = nearest(str(row["input"]), re.findall(r"'([^']*)'", context["expected"]), list_all=False)
    return WORDS[row["type"]].format(input=given, **context) + hint


def _unknown_key(loc: Loc, kind: str, model: type[BaseModel]) -> str:
    """What is wrong with a key, in a block of some kind where there are several."""
    there = _keys_at(loc[:-1], model)
    return f"is no key of {kind}" if loc[-1] in there else "unknown key" + nearest(str(loc[-1]), there)


def _keys_at(loc: Loc, model: type[BaseModel]) -> set[str]:
    models = {model}
    for part in loc:
        fields = [each.model_fields[part] for each in models if isinstance(part, str) and part in each.model_fields]
        if fields:
            models = {found for field in fields for found in _models_in(field.annotation)}
    return {key for each in models for key in each.model_fields}


def _models_in(annotation: object) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {found for part in get_args(annotation) for found in _models_in(part)}
