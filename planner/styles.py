"""How QGIS draws the layers of sites.gpkg by itself: the table `layer_styles`, a style (QML) a layer."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

TABLE = "layer_styles"
HEAD = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
CHOSEN, CANDIDATE = "#d55e00", "#bdbdbd"  # Okabe and Ito: told apart by the colour-blind, and in grey print
SERVICES = ("#009e73", "#0072b2", "#cc79a7", "#e69f00", "#56b4e9", "#f0e442")
SHARES = (("#440154", 0.2), ("#3b528b", 0.4), ("#21918c", 0.6), ("#5ec962", 0.8), ("#fde725", 1.0))  # viridis, up to
DONE = {  # what is done at a school: the name in the legend, its colour
    "standing": ("现有 standing", "#bdbdbd"),
    "build": ("新建 build", "#d55e00"),
    "extend": ("扩建 extend", "#0072b2"),
    "convert": ("改办 convert", "#cc79a7"),
    "reduce": ("缩班 reduce", "#56b4e9"),
    "close": ("撤并 close", "#000000"),
}
Class = tuple[str, str, str]  # its value, what the legend calls it, its colour


def styles(layers: Mapping[str, gpd.GeoDataFrame], dated: datetime) -> pd.DataFrame:
    """A row a layer, in the columns that QGIS looks for; where a layer has no rows, no style."""
    drawn = {name: _style(name, layer) for name, layer in layers.items() if len(layer)}
    return pd.DataFrame(
        {
            "f_table_catalog": "",
            "f_table_schema": "",
            "f_table_name": list(drawn),
            "f_geometry_column": "geom",
            "styleName": "planner",
            "styleQML": [HEAD + ET.tostring(style, encoding="unicode") for style in drawn.values()],
            "styleSLD": "",
            "useAsDefault": True,
            "description": "",
            "owner": "",
            "ui": "",
            "update_time": pd.Timestamp(dated),
        }
    )


def _style(name: str, layer: gpd.GeoDataFrame) -> ET.Element:
    areas = bool((shapely.get_dimensions(np.asarray(layer.geometry)) == 2).all())  # noqa: PLR2004
    if name == "units":
        share = next(column for column in layer.columns if column.endswith("_share_after"))
        return _graduated(share, _labelled("name"))
    if name == "standing":
        services = sorted(set(layer["service"]))
        classes = [(each, each, SERVICES[k % len(SERVICES)]) for k, each in enumerate(services)]
        return _categorized("service", "string", classes, areas=areas)
    if name == "schools":
        kinds = [each for each in DONE if each in set(layer["done"])]
        classes = [(each, *DONE[each]) for each in kinds]
        return _categorized("done", "string", classes, areas=areas, labels=_labelled("name"))
    if name == "candidates":
        classes = [("true", "选定 chosen", CHOSEN), ("false", "候选 candidate", CANDIDATE)]
        return _categorized("chosen", "bool", classes, areas=areas)
    plans = sorted(set(layer["plan"]))
    classes = [(str(each), f"方案 plan {each}", (CHOSEN, *SERVICES)[k % 7]) for k, each in enumerate(plans)]
    return _categorized("plan", "long", classes, areas=areas, labels=_labelled("rank"))


def _categorized(
    column: str, holds: str, classes: Iterable[Class], *, areas: bool, labels: ET.Element | None = None
) -> ET.Element:
    """A symbol a value."""
    style, renderer = _root("categorizedSymbol", column)
    categories, symbols = ET.SubElement(renderer, "categories"), ET.SubElement(renderer, "symbols")
    for k, (value, label, colour) in enumerate(classes):
        ET.SubElement(categories, "category", type=holds, value=value, label=label, symbol=str(k), render="true")
        symbols.append(_symbol(k, colour, areas=areas))
    return _closed(style, labels)


def _graduated(column: str, labels: ET.Element) -> ET.Element:
    """A colour a fifth of the way from nobody to everybody."""
    style, renderer = _root("graduatedSymbol", column, "GraduatedColor")
    ranges, symbols = ET.SubElement(renderer, "ranges"), ET.SubElement(renderer, "symbols")
    low = 0.0
    for k, (colour, high) in enumerate(SHARES):
        told = f"{low:.0%} – {high:.0%}"
        ET.SubElement(ranges, "range", lower=f"{low}", upper=f"{high}", label=told, symbol=str(k), render="true")
        symbols.append(_symbol(k, colour, areas=True, opacity=150))
        low = high
    return _closed(style, labels)


def _root(kind: str, column: str, method: str = "") -> tuple[ET.Element, ET.Element]:
    style = ET.Element("qgis", version="3.28", styleCategories="Symbology|Labeling")
    look = {"type": kind, "attr": column, "symbollevels": "0"} | ({"graduatedMethod": method} if method else {})
    return style, ET.SubElement(style, "renderer-v2", look)


def _closed(style: ET.Element, labels: ET.Element | None) -> ET.Element:
    if labels is not None:
        style.set("labelsEnabled", "1")
        style.append(labels)
    return style


def _symbol(number: int, colour: str, *, areas: bool, opacity: int = 255) -> ET.Element:
    symbol = ET.Element("symbol", type="fill" if areas else "marker", name=str(number), alpha="1")
    layer = ET.SubElement(symbol, "layer", {"class": "SimpleFill" if areas else "SimpleMarker", "enabled": "1"})
    filled = ",".join(str(int(colour[k : k + 2], 16)) for k in (1, 3, 5))
    look: dict[str, str] = {"color": f"{filled},{opacity}", "outline_color": "77,77,77,255", "outline_width": "0.2"}
    look |= {"style": "solid"} if areas else {"name": "circle", "size": "2.6"}
    options = ET.SubElement(layer, "Option", type="Map")
    for name, value in look.items():
        ET.SubElement(options, "Option", type="QString", name=name, value=value)
    return symbol


def _labelled(column: str) -> ET.Element:
    """Labels of a column, with a white rim."""
    labels = ET.Element("labeling", type="simple")
    settings = ET.SubElement(labels, "settings")
    look = ET.SubElement(settings, "text-style", fieldName=column, fontSize="8", textColor="38,38,38,255")
    ET.SubElement(look, "text-buffer", bufferDraw="1", bufferSize="0.8", bufferColor="255,255,255,255")
    return labels
