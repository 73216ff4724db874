"""Which tiles from the network lie under a map, where a scenario asks for them: Tianditu's, with the user's own key.

Tianditu's are in CGCS2000, which is WGS84 to within half a metre, so what is measured lies on them where it is.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from planner.run import Run

HOSTS = "https://*.tianditu.gov.cn"
SERVERS = "01234567"
LAYERS = ("vec", "cva")  # streets, and their names
ADDRESS = (
    "https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}"
    "&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={key}"
)
DEEPEST = 18


def tiles(run: "Run") -> dict[str, Any] | None:
    """The addresses of the tiles as Leaflet fills them; none by default: then a map asks the network for nothing."""
    base = run.scenario.outputs.base_map
    if base is None:
        return None
    addresses = [ADDRESS.format(layer=layer, key=base.tianditu) for layer in LAYERS]
    return {"addresses": addresses, "servers": SERVERS, "deepest": DEEPEST}
