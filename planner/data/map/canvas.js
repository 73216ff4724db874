"use strict";
// A canvas that paints no more than it must: pictures stay while the map moves, and dots and homes go in by the heap.

const SLACK = 2; // pixels that an outline may reach beyond its corners
const OUTLINED = 15; // the zoom from which homes have an outline
const GROWN = 0.8; // pixels by which what is tiny is drawn larger from further away: an outline costs four times a fill
const SLIGHT = 0.36; // pixels², of a step between corners that nobody sees

/** A canvas that keeps its picture while the view lies within, shifts it where not, and paints what is new. */
const Canvas = L.Canvas.extend({
  /** What holds of the picture: another of these, and everything is painted anew. */
  _grounds() {
    const { x, y } = this._map.getPixelOrigin();
    const size = this._map.getSize();
    return [this._map.getZoom(), x, y, size.x, size.y].join(" ");
  },
  _update() {
    const map = this._map;
    if (map._animatingZoom && this._bounds) return;
    const corner = map.containerPointToLayerPoint([0, 0]);
    const view = L.bounds(corner, corner.add(map.getSize()));
    const grounds = this._grounds();
    const same = grounds === this._drawnOn;
    if (same && this._bounds.contains(view)) return;
    this._drawnOn = grounds;
    if (same && this._bounds.intersects(view)) this._shift();
    else L.Canvas.prototype._update.call(this);
  },
  /** The picture moved to lie around the view, and the strips that come into it painted. */
  _shift() {
    const kept = this._bounds;
    L.Renderer.prototype._update.call(this);
    const { min, max } = this._bounds;
    const ratio = L.Browser.retina ? 2 : 1;
    const { _ctx: ink, _container: picture } = this;
    L.DomUtil.setPosition(picture, min);
    ink.setTransform(1, 0, 0, 1, 0, 0);
    ink.globalCompositeOperation = "copy";
    ink.globalAlpha = 1;
    ink.drawImage(picture, ratio * (kept.min.x - min.x), ratio * (kept.min.y - min.y));
    ink.globalCompositeOperation = "source-over";
    ink.setTransform(ratio, 0, 0, ratio, -ratio * min.x, -ratio * min.y);
    for (const layer of Object.values(this._layers)) layer._update();
    const [left, right] = [Math.max(min.x, kept.min.x), Math.min(max.x, kept.max.x)];
    const strips = [
      [min.x, min.y, left, max.y],
      [right, min.y, max.x, max.y],
      [left, min.y, right, kept.min.y],
      [left, kept.max.y, right, max.y],
    ];
    for (const [west, north, east, south] of strips) {
      if (east > west && south > north) this.stain(L.bounds([west, north], [east, south]));
    }
    this._redraw();
  },
  /** Paint a part anew with the next frame. Parts that meet are one, as what crosses both would be painted twice. */
  stain(part) {
    const apart = [];
    for (const other of this._stains || []) {
      if (other.intersects(part)) part = L.bounds([other.min, other.max, part.min, part.max]);
      else apart.push(other);
    }
    this._stains = [...apart, part];
    this._redrawRequest = this._redrawRequest || L.Util.requestAnimFrame(this._redraw, this);
  },
  _requestRedraw(layer) {
    if (layer._pxBounds || this._redrawBounds) L.Canvas.prototype._requestRedraw.call(this, layer); // else nothing is to be seen
  },
  _updatePaths() {
    this._stains = [];
    L.Canvas.prototype._updatePaths.call(this);
  },
  _redraw() {
    if (this._redrawRequest) L.Util.cancelAnimFrame(this._redrawRequest);
    const stains = this._stains || [];
    this._stains = [];
    if (this._redrawBounds || !stains.length) L.Canvas.prototype._redraw.call(this);
    for (const part of stains) {
      this._redrawBounds = part;
      L.Canvas.prototype._redraw.call(this);
    }
  },
});

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
    const ink = renderer._ctx;
    const reach = this.options.radius + this.options.weight;
    const min = renderer._bounds.min.subtract([reach, reach]);
    const max = renderer._bounds.max.add([reach, reach]);
    let count = 0;
    ink.beginPath();
    for (const { x, y } of this._points) {
      if (x < min.x || x > max.x || y < min.y || y > max.y) continue;
      if (++count % HEAP === 0) {
        renderer._fillStroke(ink, this);
        ink.beginPath();
      }
      dot(ink, x, y, this.options);
    }
    renderer._fillStroke(ink, this);
  },
});

/** A fill that repeats a small tile, the second cue beside colour. */
function tiled(ground, mark, draw) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6;
  const ink = tile.getContext("2d");
  ink.fillStyle = ground;
  ink.fillRect(0, 0, 6, 6);
  ink.fillStyle = ink.strokeStyle = mark;
  ink.lineWidth = 1.6;
  draw(ink);
  return ink.createPattern(tile, "repeat");
}

/** Slanted lines. */
const hatch = (ground, line) => tiled(ground, line, (ink) => {
  for (const shift of [-6, 0, 6]) {
    ink.beginPath();
    ink.moveTo(shift - 1, 7);
    ink.lineTo(shift + 7, -1);
    ink.stroke();
  }
});

/** Small squares, as of a chess-board. */
const dotted = (ground, mark) => tiled(ground, mark, (ink) => {
  for (const corner of [0, 3]) ink.fillRect(corner, corner, 1.7, 1.7);
});

/** Where the places are: corners in the plane of the map from 0 to 1, and in pixels for one zoom at a time. */
class Ground {
  constructor(traces) {
    this.traces = traces;
    this.points = traces.length > 0 && traces.every(isPoint);
    const rings = traces.flat();
    const sizes = rings.map((ring) => ring.length / 2);
    this.ringOf = Int32Array.from(runs(traces.map((each) => each.length))); // the first ring of each place, and one more
    this.cornerOf = Int32Array.from(runs(sizes));
    this.plane = new Float64Array(2 * this.cornerOf.at(-1));
    rings.forEach((ring, r) => {
      let [lon, lat] = [0, 0];
      for (let i = 0, at = 2 * this.cornerOf[r]; i < ring.length; i += 2, at += 2) {
        lon += ring[i];
        lat += ring[i + 1];
        this.plane[at] = 0.5 + lon / DISPLAY / 360;
        this.plane[at + 1] = 0.5 - Math.atanh(Math.sin((lat / DISPLAY) * (Math.PI / 180))) / (2 * Math.PI);
      }
    });
    this.heaps = heaps(traces);
    this.heapOf = new Int32Array(traces.length);
    this.heaps.forEach((members, heap) => members.forEach((place) => { this.heapOf[place] = heap; }));
    this.pixel = new Float32Array(this.plane.length);
    this.ends = new Int32Array(rings.length); // behind the last corner of each ring that is drawn
    this.boxes = new Float32Array(4 * traces.length).fill(NaN);
    this.heapBoxes = [];
  }

  /** Corners in the pixels of Leaflet's layers, without those too near to the last one, and the boxes around them. */
  project(map) {
    const { x: west, y: north } = map.getPixelOrigin();
    const scale = map.options.crs.scale(map.getZoom());
    const grounds = `${scale} ${west} ${north}`;
    if (this.grounds === grounds) return;
    this.grounds = grounds;
    const { plane, pixel, cornerOf, ringOf, boxes } = this;
    for (let place = 0; place < this.traces.length; place++) {
      let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
      for (let ring = ringOf[place]; ring < ringOf[place + 1]; ring++) {
        let to = 2 * cornerOf[ring];
        const start = to;
        for (let from = start; from < 2 * cornerOf[ring + 1]; from += 2) {
          const x = scale * plane[from] - west;
          const y = scale * plane[from + 1] - north;
          const [across, down] = [x - pixel[to - 2], y - pixel[to - 1]];
          if (from > start && across * across + down * down < SLIGHT) continue;
          pixel[to] = x;
          pixel[to + 1] = y;
          to += 2;
          left = Math.min(left, x);
          right = Math.max(right, x);
          top = Math.min(top, y);
          bottom = Math.max(bottom, y);
        }
        this.ends[ring] = to / 2;
      }
      boxes.set([left, top, right, bottom], 4 * place);
    }
    if (map.getZoom() < OUTLINED && !this.points) this.grow();
    this.heapBoxes = this.heaps.map((members) => this.around(members));
  }

  /** Every corner a little further from the middle of its place. */
  grow() {
    const { pixel, cornerOf, ringOf, boxes, ends } = this;
    for (let place = 0; place < this.traces.length; place++) {
      const across = (boxes[4 * place] + boxes[4 * place + 2]) / 2;
      const down = (boxes[4 * place + 1] + boxes[4 * place + 3]) / 2;
      for (let ring = ringOf[place]; ring < ringOf[place + 1]; ring++) {
        for (let at = 2 * cornerOf[ring]; at < 2 * ends[ring]; at += 2) {
          pixel[at] += pixel[at] < across ? -GROWN : GROWN;
          pixel[at + 1] += pixel[at + 1] < down ? -GROWN : GROWN;
        }
      }
    }
  }

  /** The box around places, as Leaflet has it. */
  around(places) {
    const found = [Infinity, Infinity, -Infinity, -Infinity];
    for (const place of places) {
      for (let side = 0; side < 4; side++) found[side] = (side < 2 ? Math.min : Math.max)(found[side], this.boxes[4 * place + side]);
    }
    return L.bounds([found[0], found[1]], [found[2], found[3]]);
  }

  /** The place at a point of the layer, or the nearest one within so many pixels; -1 for none. */
  nearest({ x, y }, reach) {
    let [best, least] = [-1, reach];
    for (let place = 0; place < this.traces.length; place++) {
      const [left, top, right, bottom] = this.boxes.subarray(4 * place, 4 * place + 4);
      const away = Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom));
      if (away < least) [best, least] = [place, away];
    }
    return best;
  }

  /** The middle of a place. */
  middle(place) {
    return L.latLngBounds(positions(this.traces[place][0])).getCenter();
  }
}

/** Where each of several runs begins, and where the last one ends. */
function runs(sizes) {
  let end = 0;
  return [0, ...sizes.map((size) => (end += size))];
}

/** All places, each painted by its state, or from afar in cells; only what changes its state is painted anew. */
const Places = L.Path.extend({
  initialize(ground, looks, options) {
    L.setOptions(this, { interactive: false, weight: SLACK, ...options });
    Object.assign(this, { ground, looks, states: new Uint8Array(ground.traces.length), paths: [] });
    this.sums = ground.cells?.sums(this.states, looks.length);
  },
  /** Whether cells are painted in the place of places. */
  _inCells() {
    return Boolean(this.ground.cells) && this._map.getZoom() < CLOSE_TO_CELLS;
  },
  /** A number a place, that of its look. */
  setStates(states) {
    const changed = new Map();
    for (let place = 0; place < states.length; place++) {
      if (states[place] === this.states[place]) continue;
      const heap = this.ground.heapOf[place];
      if (!changed.has(heap)) changed.set(heap, []);
      changed.get(heap).push(place);
    }
    this.states = states;
    if (changed.size) this.sums = this.ground.cells?.sums(states, this.looks.length);
    if (this._map && this._inCells()) {
      if (changed.size) this._renderer.stain(this._renderer._bounds);
      this.paths = [];
      return;
    }
    for (const [heap, places] of changed) {
      this.paths[heap] = undefined;
      if (this._map) this._renderer.stain(this._wide(this.ground.around(places)));
    }
  },
  _wide({ min, max }) {
    const slack = SLACK + this.looks.reduce((most, { radius }) => Math.max(most, radius || 0), 0);
    return L.bounds(min.subtract([slack, slack])._floor(), max.add([slack, slack])._ceil());
  },
  _project() {
    this.ground.project(this._map);
    this.paths = [];
    const { min, max } = L.bounds(this.ground.heapBoxes.flatMap((box) => [box.min, box.max])); // as good as that of cells
    this._pxBounds = min ? L.bounds(min, max) : null;
  },
  _update() {},
  _updatePath() {
    const { _drawing: drawing, _ctx: ink, _redrawBounds: part, _bounds: whole } = this._renderer;
    if (!drawing) return;
    if (this._inCells()) {
      this.ground.cells.paint(ink, part || whole, this._map, this.looks, this.sums);
      return;
    }
    const seen = [];
    this.ground.heapBoxes.forEach((box, heap) => {
      if (this._wide(box).intersects(part || whole)) seen.push(heap);
    });
    this.looks.forEach((look, state) => {
      ink.fillStyle = look.fill;
      ink.strokeStyle = look.line;
      ink.lineWidth = look.weight;
      ink.lineJoin = "round";
      for (const heap of seen) {
        const path = this._pathsOf(heap)[state];
        if (!path) continue;
        ink.globalAlpha = look.opacity;
        ink.fill(path);
        ink.globalAlpha = 1;
        if (look.stroke) ink.stroke(path);
      }
    });
  },
  /** Of one heap, a path for each state that somebody in it has. */
  _pathsOf(heap) {
    if (this.paths[heap]) return this.paths[heap];
    const { ringOf, cornerOf, pixel, ends, points, heaps: all } = this.ground;
    const paths = this.looks.map(() => null);
    for (const place of all[heap]) {
      const state = this.states[place];
      paths[state] ??= new Path2D();
      for (let ring = ringOf[place]; ring < ringOf[place + 1]; ring++) {
        const first = 2 * cornerOf[ring];
        if (points) dot(paths[state], pixel[first], pixel[first + 1], this.looks[state]);
        else {
          paths[state].moveTo(pixel[first], pixel[first + 1]);
          for (let at = first + 2; at < 2 * ends[ring]; at += 2) paths[state].lineTo(pixel[at], pixel[at + 1]);
          paths[state].closePath();
        }
      }
    }
    this.paths[heap] = paths;
    return paths;
  },
});

/** A round dot or, to tell it apart without colour, a square one. */
function dot(path, x, y, { radius, square }) {
  if (square) path.rect(x - radius, y - radius, 2 * radius, 2 * radius);
  else {
    path.moveTo(x + radius, y);
    path.arc(x, y, radius, 0, 2 * Math.PI);
  }
}
