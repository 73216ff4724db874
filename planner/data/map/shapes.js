"use strict";
// The embedded data, inflated; whole numbers back to positions.

const DISPLAY = 1e5; // steps to a degree, see planner/maps/shapes.py
const SITE = 1e6;
const CELL = 500; // steps: about 500 m
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
  const cell = (traces) => {
    const [lon, lat] = traces.length ? traces[0] : [0, 0];
    const row = Math.floor(lat / CELL);
    return [row, (row % 2 ? -1 : 1) * Math.floor(lon / CELL)]; // to and fro, so that a heap lies together
  };
  const cells = shapes.map(cell);
  const order = shapes.map((_, i) => i).sort((a, b) => cells[a][0] - cells[b][0] || cells[a][1] - cells[b][1] || a - b);
  const found = [];
  for (let start = 0; start < order.length; start += HEAP) found.push(order.slice(start, start + HEAP));
  return found;
}

/** Whether a shape is a single point. */
const isPoint = (traces) => traces.length === 1 && traces[0].length === 2;
