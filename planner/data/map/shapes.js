"use strict";
// The embedded data, inflated; whole numbers back to positions; dots on a canvas.

const DISPLAY = 1e5; // steps to a degree, see planner/maps/shapes.py
const SITE = 1e6;
const CELL = 1e3; // steps: about 1 km
const HEAP = 300; // shapes painted in one go

/** The data of the page, from the base64 of gzipped JSON in the element. */
async function inflated(element) {
  const bytes = Uint8Array.from(atob(element.textContent.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/** One trace, [lon, lat, Δlon, Δlat, …] in steps, as positions. */
function positions(trace, stepsToDegree = DISPLAY) {
  const found = new Array(trace.length / 2);
  let lon = 0;
  let lat = 0;
  for (let i = 0; i < found.length; i++) {
    lon += trace[2 * i];
    lat += trace[2 * i + 1];
    found[i] = new L.LatLng(lat / stepsToDegree, lon / stepsToDegree);
  }
  return found;
}

/** Every trace of one shape. */
const shape = (traces, stepsToDegree) => traces.map((trace) => positions(trace, stepsToDegree));

/** Every trace of many shapes, as one: it is painted in one go. */
const together = (shapes) => shapes.flatMap((traces) => shape(traces));

/** The numbers of the shapes, in heaps of neighbours: one path of ten thousand rings fills ten times slower. */
function heaps(shapes) {
  const cell = (traces) => (traces.length ? [Math.floor(traces[0][1] / CELL), Math.floor(traces[0][0] / CELL)] : [0, 0]);
  const cells = shapes.map(cell);
  const order = shapes.map((_, i) => i).sort((a, b) => cells[a][0] - cells[b][0] || cells[a][1] - cells[b][1] || a - b);
  const found = [];
  for (let start = 0; start < order.length; start += HEAP) found.push(order.slice(start, start + HEAP));
  return found;
}

/** Whether a shape is a single point. */
const isPoint = (traces) => traces.length === 1 && traces[0].length === 2;

/** Many equal dots, painted in one go. `square` tells them apart without colour. */
const Dots = L.Path.extend({
  options: { fill: true },
  initialize(places, options) {
    L.setOptions(this, options);
    this._places = places;
  },
  setPlaces(places) {
    this._places = places;
    return this.redraw();
  },
  /** Which dot lies within so many pixels of a point of the layer; -1 where none does. */
  nearest(point, reach) {
    let best = -1;
    let least = reach;
    this._points.forEach((dot, i) => {
      const away = dot.distanceTo(point);
      if (away > least) return;
      best = i;
      least = away;
    });
    return best;
  },
  _project() {
    this._points = this._places.map((place) => this._map.latLngToLayerPoint(place));
    const reach = this.options.radius + this.options.weight;
    const { min, max } = L.bounds(this._points);
    this._pxBounds = min ? L.bounds(min.subtract([reach, reach]), max.add([reach, reach])) : null;
  },
  _update() {
    if (this._map) this._updatePath();
  },
  _updatePath() {
    const renderer = this._renderer;
    if (!renderer._drawing || !this._points.length) return;
    const { radius, square } = this.options;
    const ink = renderer._ctx;
    const { min, max } = renderer._bounds;
    let count = 0;
    ink.beginPath();
    for (const { x, y } of this._points) {
      if (x < min.x || x > max.x || y < min.y || y > max.y) continue;
      if (++count % HEAP === 0) {
        renderer._fillStroke(ink, this);
        ink.beginPath();
      }
      if (square) ink.rect(x - radius, y - radius, 2 * radius, 2 * radius);
      else {
        ink.moveTo(x + radius, y);
        ink.arc(x, y, radius, 0, 2 * Math.PI);
      }
    }
    renderer._fillStroke(ink, this);
  },
});

/** A fill of slanted lines, the second cue beside colour. */
function hatch(ground, line) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6;
  const ink = tile.getContext("2d");
  ink.fillStyle = ground;
  ink.fillRect(0, 0, 6, 6);
  ink.strokeStyle = line;
  ink.lineWidth = 1.6;
  for (const shift of [-6, 0, 6]) {
    ink.beginPath();
    ink.moveTo(shift - 1, 7);
    ink.lineTo(shift + 7, -1);
    ink.stroke();
  }
  return ink.createPattern(tile, "repeat");
}
