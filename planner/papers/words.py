"""The words that every paper repeats, and how they stand in one language or in both."""

from collections.abc import Mapping
from typing import Any

from planner.ledgers.sheets import Words
from planner.plan import LAND, Plan

SYNTHETIC: Words = {"zh": "MADE-UP CITY · 虚构数据，与任何真实地点无关", "en": "MADE-UP CITY: nothing in it is real"}
SCHEMATIC: Words = {"zh": "示意图，非法定边界", "en": "Schematic; not a legal boundary"}
REVIEW_NUMBER: Words = {"zh": "审图号", "en": "Map review number"}
BEFORE: Words = {"zh": "现状", "en": "today"}
AFTER: Words = {"zh": "规划后", "en": "with the plan"}
EVERYBODY: Words = {"zh": "全部人口", "en": "everybody"}
ENDINGS: dict[str, Words] = {
    "proven": {"zh": "已证明最优", "en": "proven best"},
    "stopped": {"zh": "限时停止，未证明最优", "en": "stopped, not proven best"},
}
UNITS: dict[str, Words] = {
    "people": {"zh": "人", "en": "people"},
    LAND: {"zh": "平方米居住用地", "en": "m² of residential land"},
    "person-years": {"zh": "人年", "en": "person-years"},
}
LANGUAGES = ("zh", "en")


def unit_of(plan: Plan, weights: Mapping[str, float] | None) -> Words:
    """What a plan gains; of people, what each of a group counts where they do not count alike."""
    if plan.unit == LAND:
        return UNITS[LAND]
    if not weights:
        return UNITS["people"]
    counted = ", ".join(f"{group} ×{weight:g}" for group, weight in weights.items())
    return {"zh": f"加权人口（{counted}）", "en": f"people by weight ({counted})"}


def said(words: Mapping[Any, str] | str, language: str, between: str = "\n") -> str:
    """Words in one language, or in both with something between them; what has but one stays as it is."""
    if isinstance(words, str):
        return words
    if language == "both":
        return between.join(dict.fromkeys(words[each] for each in LANGUAGES if each in words))
    return words.get(language) or next(iter(words.values()), "")


def joined(*parts: Mapping[Any, str] | str, between: str = " ") -> Words:
    """Several words one after the other, language by language."""
    return {each: between.join(filter(None, (said(part, each) for part in parts))) for each in LANGUAGES}
