"use strict";
// How far one walks to a site: an area around the homes that reach it, in bands of its limit. For looking only.

const BANDS = [100, 75, 50]; // per cent of the standard's limit
const AROUND_M = 60; // of ground around a home
const AREA_INK = "#5b2a86";

/** Discs around homes, band by band, as one area each. */
const Area = L.Path.extend({
  initialize(ground, bands, site, options) {
    L.setOptions(this, { interactive: false, ...options });
    Object.assign(this, { ground, bands, site });
  },
  _project() {
    this.ground.project(this._map);
    const { lat } = this.site;
    const metres = (EQUATOR_M * Math.cos((lat * Math.PI) / 180)) / this._map.options.crs.scale(this._map.getZoom());
    this._radius = Math.max(3, AROUND_M / metres);
    const { min, max } = this.ground.around(this.bands[0]);
    const own = this._map.latLngToLayerPoint(this.site);
    const reach = this._radius + 2;
    this._pxBounds = L.bounds([L.point(min).subtract([reach, reach]), L.point(max).add([reach, reach]), own.subtract([reach, reach]), own.add([reach, reach])]);
  },
  _update() {},
  _updatePath() {
    const { _drawing: drawing, _ctx: ink } = this._renderer;
    if (!drawing) return;
    const { boxes } = this.ground;
    const own = this._map.latLngToLayerPoint(this.site);
    this.bands.forEach((members, band) => {
      const path = new Path2D();
      dot(path, own.x, own.y, { radius: this._radius });
      for (const place of members) {
        const [left, top, right, bottom] = boxes.subarray(4 * place, 4 * place + 4);
        dot(path, (left + right) / 2, (top + bottom) / 2, { radius: this._radius });
      }
      ink.fillStyle = ink.strokeStyle = AREA_INK;
      ink.globalAlpha = 1;
      if (band === 0) {
        ink.lineWidth = 3;
        ink.stroke(path); // around every disc, and what lies within the area is taken away again
        ink.globalCompositeOperation = "destination-out";
        ink.fill(path);
        ink.globalCompositeOperation = "source-over";
      }
      ink.globalAlpha = 0.2;
      ink.fill(path);
    });
  },
});

class Areas {
  constructor(review) {
    Object.assign(this, { review, map: review.map, data: review.data, layer: null });
  }

  /** The what-if of a plan that knows a candidate: of this plan, or else of the standard that is shown, or any. */
  knowing(id, plan = null) {
    const { plans } = this.data.what_if;
    const knows = (own) => this.data.plans[own.plan].candidates.ids.includes(id);
    const shown = (own) => this.data.plans[own.plan].standard === this.review.measured.id;
    if (plan !== null) return plans.findIndex((own) => own.plan === plan);
    const first = plans.findIndex((own) => shown(own) && knows(own));
    return first >= 0 ? first : plans.findIndex(knows);
  }

  /** The area of a site or a candidate, by its id. */
  of(id, plan = null) {
    const at = this.knowing(id, plan);
    if (at >= 0) this.show(at, this.review.whatIf.switchesOf(at).ids.indexOf(id));
  }

  show(at, j) {
    const read = this.review.whatIf.switchesOf(at);
    const steps = BANDS.map((share) => this.data.what_if.shares.indexOf(share));
    this.draw(read.plan.standard, read.places[j], steps.map((step) => read.reaching(j, step)), steps.map((step) => read.own.limits[step]));
  }

  /** The area of a standing facility of the standard that is shown, by its number among those of its service. */
  ofFacility(f, place) {
    const walks = this.data.walks.find((one) => one.standard === this.review.measured.id);
    if (!walks) return;
    const start = walks.counts.slice(0, f).reduce((sum, pairs) => sum + pairs, 0);
    walks.read ??= numbersIn(walks.places, walks.bands.length);
    let home = 0;
    const bands = walks.limits.map(() => []);
    for (let pair = start; pair < start + walks.counts[f]; pair++) {
      home += walks.read[pair];
      for (let band = walks.bands.charCodeAt(pair) - ZERO; band < bands.length; band++) bands[band].push(home);
    }
    this.draw(walks.standard, place, bands.reverse(), [...walks.limits].reverse());
  }

  /** Homes and limits of each band, the widest first. */
  draw(standard, place, bands, limits) {
    const { review } = this;
    this.clear();
    if (!bands[0].length) return;
    this.layer = new Area(review.places, bands, place, { renderer: review.canvas.areas }).addTo(this.map);
    this.limits = limits.map((limit) => Number(limit.toFixed(2)));
    this.standard = this.data.standards.find((one) => one.id === standard);
    this.write();
  }

  clear() {
    this.layer?.remove();
    this.layer = null;
    this.write();
  }

  /** In the legend: how far each band goes, and what it is not for. */
  write() {
    const { words } = this.review;
    $("legend-area").hidden = !this.layer;
    if (!this.layer) return;
    const said = this.limits.map((limit, band) => make("span", { children: [make("i", { class: `swatch area-${band}` }), make("span", { text: `≤ ${limit}` })] }));
    const close = make("button", { type: "button", text: "×", "aria-label": words.say("close") });
    close.addEventListener("click", () => this.clear());
    const title = make("b", { text: words.say("area_title", { unit: words.say(this.standard.unit) }) });
    $("legend-area").replaceChildren(
      make("span", { class: "title", children: [title, close] }),
      make("span", { class: "bands", children: said.reverse() }),
      make("span", { class: "hint", text: words.say("area_note") }),
    );
  }
}
