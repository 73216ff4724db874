"""The first letters of the pinyin of a name, as the search of the map knows them."""

from functools import cache
from importlib.resources import files

FIRST, LAST = "\u4e00", "\u9fff"  # the block of characters that the table holds


@cache
def _letters() -> str:
    """The letter of each character from FIRST to LAST, by the order of pinyin in Unicode's CLDR, as browsers sort."""
    return (files("planner") / "data" / "pinyin.txt").read_text("ascii").replace("\n", "")


def initials(text: str) -> str:
    """The letters of "人民公园" are "rmgy"; of a character with several readings the one that it is sorted by.

    Latin letters and digits are themselves, other characters nothing.
    """
    return "".join(_initial(character) for character in text)


def _initial(character: str) -> str:
    if FIRST <= character <= LAST:
        return _letters()[ord(character) - ord(FIRST)].replace("-", "")
    return character.lower() if character.isascii() and character.isalnum() else ""
