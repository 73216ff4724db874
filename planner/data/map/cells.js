"use strict";
// Too many homes to draw each from afar: squares of the ground, each split by the people in every state.

const CLOSE_TO_CELLS = 16; // the zoom from which every home is drawn after all
const EQUATOR_M = 40075016.7;
const LEAST_CELL = 0.35; // of its side, where hardly anybody lives

/** Squares of some metres over the places of a ground; `people` lives at each place. */
class Cells {
  constructor(ground, people, side_m) {
    const first = (place) => 2 * ground.cornerOf[ground.ringOf[place]];
    const { plane } = ground;
    const south = Math.atan(Math.sinh(2 * Math.PI * (0.5 - plane[1])));
    this.side = side_m / (EQUATOR_M * Math.cos(south)); // of the plane
    this.people = people;
    this.cellOf = new Int32Array(people.length);
    this.corners = [];
    const known = new Map();
    for (let place = 0; place < people.length; place++) {
      const [column, row] = [0, 1].map((axis) => Math.floor(plane[first(place) + axis] / this.side));
      const name = `${column} ${row}`;
      if (!known.has(name)) {
        known.set(name, this.corners.length);
        this.corners.push([column * this.side, row * this.side]);
      }
      this.cellOf[place] = known.get(name);
    }
    this.totals = new Float64Array(this.corners.length);
    people.forEach((each, place) => { this.totals[this.cellOf[place]] += each; });
    this.most = this.totals.reduce((most, each) => Math.max(most, each), 0);
  }

  /** The people of each cell in each of so many states, cell by cell. */
  sums(states, count) {
    const sums = new Float64Array(count * this.corners.length);
    states.forEach((state, place) => { sums[count * this.cellOf[place] + state] += this.people[place]; });
    return sums;
  }

  /** Every cell that meets the part, on a canvas: as wide as many live there, and split from left to right. */
  paint(ink, part, map, looks, sums) {
    const { x: west, y: north } = map.getPixelOrigin();
    const scale = map.options.crs.scale(map.getZoom());
    const whole = scale * this.side;
    const split = new Float64Array(this.corners.length);
    looks.forEach((look, state) => {
      ink.fillStyle = look.fill;
      ink.globalAlpha = look.opacity;
      for (let cell = 0; cell < this.corners.length; cell++) {
        const people = sums[looks.length * cell + state];
        if (!people) continue;
        const side = whole * (LEAST_CELL + (0.94 - LEAST_CELL) * Math.sqrt(this.totals[cell] / this.most));
        const left = scale * this.corners[cell][0] - west + (whole - side) / 2;
        const top = scale * this.corners[cell][1] - north + (whole - side) / 2;
        const from = split[cell];
        split[cell] += people / this.totals[cell];
        if (left > part.max.x || top > part.max.y || left + side < part.min.x || top + side < part.min.y) continue;
        ink.fillRect(left + from * side, top, (split[cell] - from) * side, side);
      }
    });
  }
}
