"""Contents → one HTML text: Folium's skeleton, our panel and scripts, Leaflet, and the data, all inside."""

import base64
import gzip
import html
import json
import re
from collections.abc import Mapping
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import folium
from branca.element import MacroElement
from folium.template import Template

from planner.errors import OutputError, first
from planner.maps.tiles import HOSTS

PARTS = files("planner") / "data" / "map"
SCRIPTS = (
    "leaflet.js",
    "shapes.js",
    "canvas.js",
    "cells.js",
    "areas.js",
    "tiles.js",
    "panel.js",
    "what_if.js",
    "what_if_panel.js",
    "swipe.js",
    "beside.js",
    "years.js",
    "catchments.js",
    "search.js",
    "map.js",
)
STYLES = ("leaflet.css", "map.css", "what_if.css", "beside.css", "years.css", "catchments.css", "access.css")
LANGUAGE_TAGS = {"zh": "zh-CN", "en": "en"}
VIEWPORT = "width=device-width, initial-scale=1"  # Folium's own forbids zooming, which poor sight needs
NOTHING_FROM_OUTSIDE = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'"
)

STYLE_ADDRESS = re.compile(r"url\(\s*['\"]?(?!data:|#)([^)'\"]*)|@import\s+([^;]*)", re.IGNORECASE)
SCRIPT_ADDRESS = re.compile(r"(?:\bimport\b|\bimportScripts|\bfetch)\s*\(?\s*[`'\"]([^`'\"]*)")
REQUESTING = {"src", "href", "srcset", "data", "poster", "action", "formaction", "xlink:href", "background", "ping"}


class Review(MacroElement):
    """Folium's element for everything of ours: head, panel and the call that opens the review.

    Title, styles, scripts and data have their place here and are put in after rendering, because branca
    reads what a template gives as a template again: braces in them would be run.
    """

    _name = "Review"
    _template = Template(
        """
        {% macro header(this, kwargs) %}
            <meta http-equiv="Content-Security-Policy" content="{{ this.policy }}" />
            <title></title>
            {% for name in this.styles %}<link rel="stylesheet" href="{{ name }}" />{% endfor %}
            {% for name in this.scripts %}<script src="{{ name }}"></script>{% endfor %}
        {% endmacro %}
        {% macro html(this, kwargs) %}
            <div id="veil" role="status"
                 data-old-browser="{{ this.old_browser }}" data-broken="{{ this.broken }}"></div>
            {{ this.panel }}
            <script id="contents" type="text/plain" src="contents"></script>
        {% endmacro %}
        {% macro script(this, kwargs) %}
            openReview({{ this._parent.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(self, labels: Mapping[str, Mapping[str, str]], *, policy: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.old_browser, self.broken = (
            html.escape("\n".join(words[key] for words in labels.values())) for key in ("old_browser", "broken")
        )
        self.policy = policy
        self.styles, self.scripts, self.panel = STYLES, SCRIPTS, read("panel.html")


def page_of(contents: Mapping[str, Any]) -> str:
    """The whole page. Raises OutputError where anything in it would ask for an address outside."""
    south_west, north_east = contents["bounds"]
    middle = [(south_west[0] + north_east[0]) / 2, (south_west[1] + north_east[1]) / 2]
    city = folium.Map(
        middle,
        tiles=None,
        zoom_start=12,
        prefer_canvas=True,
        zoom_control=False,
        attribution_control=False,
        min_zoom=9,
        max_zoom=18,
        zoom_snap=0.25,
        wheel_px_per_zoom_level=120,
    )
    city.default_js, city.default_css = [], []
    titles = contents["title"]
    with_tiles = NOTHING_FROM_OUTSIDE.replace("img-src data:", f"img-src data: {HOSTS}")
    language = contents["language"]
    title = titles.get(language) or next(iter(titles.values()), contents["scenario"])
    review = Review(contents["labels"], policy=with_tiles if contents.get("tiles") else NOTHING_FROM_OUTSIDE)
    city._id, review._id = "city", "review"  # noqa: SLF001  (branca's are random)
    city.add_child(review)
    rendered = city.get_root().render()
    rendered = rendered.replace("<html>", f'<html lang="{LANGUAGE_TAGS[language]}">', 1)
    rendered = re.sub(r'(<meta name="viewport" content=")[^"]*', rf"\g<1>{VIEWPORT}", rendered, count=1)
    rendered = rendered.replace("<title></title>", f"<title>{html.escape(title)}</title>", 1)
    whole = inlined(rendered, packed(contents))
    check_self_contained(whole)
    return whole


def packed(contents: Mapping[str, Any]) -> str:
    """The data as base64 of gzip of JSON: no name in it can end a script or start a tag."""
    text = json.dumps(contents, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), compresslevel=9, mtime=0)).decode("ascii")


def inlined(rendered: str, data: str) -> str:
    """The rendered page with every style and script it names put in its place."""
    for name in STYLES:
        rendered = rendered.replace(f'<link rel="stylesheet" href="{name}" />', f"<style>{_style(name)}</style>")
    for name in SCRIPTS:
        rendered = rendered.replace(f'<script src="{name}"></script>', f"<script>{_script(name)}</script>")
    return rendered.replace(' src="contents"></script>', f">{data}</script>")


def check_self_contained(whole: str) -> None:
    """Refuse a page that names anything to be loaded, from the network or from beside the file."""
    found = _Requests()
    found.feed(whole)
    found.close()
    if found.addresses:
        raise OutputError(
            f"The map would ask for {len(found.addresses)} addresses outside itself ({first(found.addresses)}). "
            "Put them into planner/data/map, or drop them."
        )


class _Requests(HTMLParser):
    """Gathers what a page would load: attributes of tags, addresses in styles and in scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        for name, value in attrs:
            loads = name in REQUESTING and not (value or "").startswith(("data:", "#"))
            if loads or (name == "style" and STYLE_ADDRESS.search(value or "")):
                self.addresses.append(f"{tag} {name}={value}")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002  (the base class calls it so)
        self._inside = ""

    def handle_data(self, data: str) -> None:
        pattern = {"style": STYLE_ADDRESS, "script": SCRIPT_ADDRESS}.get(self._inside)
        self.addresses += [match.group(0) for match in pattern.finditer(data)] if pattern else []


@cache
def read(name: str) -> str:
    """One of our own parts, or Leaflet's."""
    return (PARTS / name).read_text("utf-8")


@cache
def _style(name: str) -> str:
    """A style sheet whose pictures stand in it as data."""

    def picture(match: re.Match[str]) -> str:
        return f"url(data:image/png;base64,{base64.b64encode((PARTS / match.group(1)).read_bytes()).decode('ascii')})"

    return re.sub(r"url\((images/[^)]*)\)", picture, read(name))


@cache
def _script(name: str) -> str:
    """A script that cannot end its own tag and asks for no source map."""
    text = re.sub(r"^//# sourceMappingURL=.*$", "", read(name), flags=re.MULTILINE)
    return text.replace("</script", r"<\/script").strip()
