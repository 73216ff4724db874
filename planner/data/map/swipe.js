"use strict";
// Today on the left of a line that can be moved, the plan on its right: two sets of canvases, each cut at the line.

const SWIPE_STEP = 2; // per cent of the map's width that an arrow key moves the line
const SWIPE_LEAP = 10; // and a page key
const ON_THE_LEFT = ["today", "left-sites"]; // panes
const ON_THE_RIGHT = ["people", "switches", "pins", "right-sites"];

class Swipe {
  constructor(review) {
    Object.assign(this, { review, map: review.map, on: false, at: 50, people: null });
    this.pane = this.map.createPane("today");
    this.pane.style.zIndex = this.map.getPane("people").style.zIndex;
    this.pane.style.pointerEvents = "none";
    this.line = $("swipe");
    this.map.getContainer().append(this.line);
    L.DomEvent.disableClickPropagation(this.line);
    this.connect();
  }

  /** Both at once, or one of them. */
  show(on) {
    if (on === this.on) return;
    this.on = on;
    this.line.hidden = !on;
    if (on) {
      this.canvas = new Canvas({ pane: "today", padding: 0.2 });
      this.people = this.review.placesOn(this.canvas);
      this.cut();
      return;
    }
    this.people.remove();
    this.canvas.remove();
    this.people = null;
    for (const name of [...ON_THE_LEFT, ...ON_THE_RIGHT]) this.map.getPane(name).style.clipPath = "";
  }

  /** Where the line is, in per cent of the map's width. */
  move(at) {
    this.at = Math.min(100, Math.max(0, at));
    this.cut();
  }

  /** Panes move with the map, and the line does not. */
  cut() {
    if (!this.on) return;
    const { x, y } = this.map.getSize();
    const across = (x * this.at) / 100;
    const corner = (left, top) => {
      const point = this.map.containerPointToLayerPoint([left, top]);
      return `${point.x}px ${point.y}px`;
    };
    const box = (left, right) => `polygon(${corner(left, 0)}, ${corner(right, 0)}, ${corner(right, y)}, ${corner(left, y)})`;
    for (const name of ON_THE_LEFT) this.map.getPane(name).style.clipPath = box(0, across);
    for (const name of ON_THE_RIGHT) this.map.getPane(name).style.clipPath = box(across, x);
    this.line.style.left = `${across}px`;
    this.line.setAttribute("aria-valuenow", Math.round(this.at));
  }

  connect() {
    const { line, map } = this;
    map.on("move zoomend viewreset resize", () => this.cut());
    line.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      line.focus();
      line.setPointerCapture(event.pointerId);
    });
    line.addEventListener("pointermove", (event) => {
      if (!line.hasPointerCapture(event.pointerId)) return;
      const { left, width } = map.getContainer().getBoundingClientRect();
      this.move((100 * (event.clientX - left)) / width);
    });
    line.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -SWIPE_STEP, ArrowRight: SWIPE_STEP, PageDown: -SWIPE_LEAP, PageUp: SWIPE_LEAP, Home: -100, End: 100 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      event.stopPropagation(); // the map would pan
      this.move(this.at + step);
    });
  }
}
