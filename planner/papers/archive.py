"""Office files are zip archives: the same parts, in the same order, with no time of day in them."""

import io
import re
import zipfile

from planner.cells import plain

NEVER = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip archive can have
MODIFIED = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")  # no XML holds them


def undated(archive: bytes) -> bytes:
    """The same archive with every part of one date, and the document's own dates taken for that one."""
    whole = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as before, zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as after:
        for part in before.namelist():
            content = before.read(part)
            if part == "docProps/core.xml":
                content = MODIFIED.sub(rb"\g<1>1980-01-01T00:00:00Z", content)
            info = zipfile.ZipInfo(part, NEVER)
            info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 0
            after.writestr(info, content)
    return whole.getvalue()


def printable(text: str) -> str:
    """Text without the characters that no office file can hold."""
    return UNPRINTABLE.sub("", text)


def harmless(text: str) -> str:
    """Text that no spreadsheet computes and every one can read."""
    return plain(printable(text))
