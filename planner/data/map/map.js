"use strict";
// The map: layers, sites, legend, and everything that reacts.

const INK = {
  paper: "#f5f1e8",
  water: "#bcd8e6",
  green: "#d5e3c4",
  building: "#e6decf",
  outline: "#6d6358",
  park: "#2f6b3c",
  service: "#7b3f73",
  unit: "#8a7f86",
};
const STATES = {
  covered: { sign: "0", fill: "#0072B2", line: "#0072B2" },
  newly: { sign: "1", fill: "#009E73", line: "#00513b" },
  uncovered: { sign: "2", fill: "#D55E00", line: "#a34700" },
  not_counted: { sign: "3", fill: "#b5afa6", line: "#8d877e" },
  lost: { sign: "4", fill: "#CC79A7", line: "#7a2350" }, // these two against the plan, in what_if_panel.js
  more: { sign: "5", fill: "#56B4E9", line: "#00513b" },
  zone_a: { sign: "a", fill: "#0072B2", line: "#00436a" }, // and these are zones of schools, in catchments.js
  zone_b: { sign: "b", fill: "#E69F00", line: "#8a5f00" },
  zone_c: { sign: "c", fill: "#009E73", line: "#00513b" },
  zone_d: { sign: "d", fill: "#CC79A7", line: "#7a2350" },
  zone_e: { sign: "e", fill: "#56B4E9", line: "#1f6a94" },
  zone_f: { sign: "f", fill: "#A6761D", line: "#5e420c" },
  zone_g: { sign: "g", fill: "#999933", line: "#585816" },
};
const PANES = ["ground", "areas", "people", "paths", "streets", "bounds", "switches", "facilities"]; // from below
const COARSE = 5000; // fewer places than this are blocks or hexagons rather than homes
const HATCHED = 14; // the zoom from which homes are wide enough for slanted lines
const CLOSE = 16; // the zoom at which one flies to a site
const NEAR_DOT = matchMedia("(pointer: coarse)").matches ? 20 : 8; // pixels between a click and the candidate it means
const PIN = 12; // and from a pin's middle to its edge
const MARGIN = 10; // pixels between the map's edge and what stands on it

// Widths in pixels by zoom, 12 or further out to 17 or closer; nothing = not drawn.
const STREET_WIDTH = {
  main: [1.4, 2, 3.4, 5, 7.5, 11],
  street: [0, 0.8, 1.5, 2.8, 5, 8],
  path: [0, 0, 0, 0.9, 1.4, 2],
};

const FAR = { uncovered: "#ec8f47", newly: "#00513b" }; // from where no pattern is seen: light, dark, and the others between
const isSmall = () => matchMedia("(max-width: 760px)").matches; // as in map.css
const isPhone = () => matchMedia("(max-width: 760px) and (min-height: 561px), (max-width: 559px)").matches; // as in access.css
const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** A map that jumps where it would glide. */
function still(map) {
  map._zoomAnimated = map._fadeAnimated = map.options.inertia = false;
  map.panBy = (by, options) => L.Map.prototype.panBy.call(map, by, { ...options, animate: false });
  map.flyTo = (to, zoom) => map.setView(to, zoom, { animate: false });
  map.flyToBounds = (bounds, options) => map.fitBounds(bounds, { ...options, animate: false });
}

/** Show the review on Folium's map. */
async function openReview(map) {
  const veil = $("veil");
  if (typeof DecompressionStream === "undefined") {
    veil.textContent = veil.dataset.oldBrowser;
    return;
  }
  let data;
  try {
    data = await inflated($("contents"));
  } catch {
    veil.textContent = veil.dataset.broken;
    return;
  }
  if (isStill()) still(map);
  new Review(map, data).start();
  veil.remove();
}

L.Marker.mergeOptions({ autoPanOnFocus: false }); // see Review.uncover

class Review {
  constructor(map, data) {
    Object.assign(this, { map, data });
    this.words = new Words(data, data.language);
    const planned = data.plans.length ? data.standards.findIndex((one) => one.id === data.plans[0].standard) : 0;
    this.standard = Math.max(0, planned);
    this.after = true;
    this.candidatesShown = true;
    this.order = { column: "share_after", falling: false };
  }

  get measured() {
    return this.data.standards[this.standard];
  }

  /** Whose states and figures are shown: those of the standard, or what is tried. */
  get painted() {
    if (this.catchments?.shown) return this.catchments;
    if (this.whatIf?.shown) return this.whatIf;
    if (this.years?.entry) return this.years.look();
    return this.beside?.shown ? this.beside.statesOf(this.beside.entry("right")) : this.measured;
  }

  /** Whether what is shown, or shown on the right, is with a plan. */
  get planned() {
    return this.beside?.look("right")?.after ?? this.after;
  }

  start() {
    this.layOut();
    this.drawGround();
    this.drawPeople();
    this.drawUnits();
    this.drawSites();
    this.drawCandidates();
    this.swipe = new Swipe(this);
    this.beside = new Beside(this);
    this.years = new Years(this);
    this.search = new Search(this);
    this.areas = new Areas(this);
    this.tiles = new Tiles(this);
    this.whatIf = this.data.what_if.plans.length ? new WhatIf(this) : null;
    this.catchments = this.data.schools.length ? new Catchments(this) : null;
    $("tab-schools").hidden = !this.catchments;
    this.connect();
    this.fitToZoom();
    this.translate();
    this.showTab(document.querySelector('[role="tab"]'));
    if (isSmall()) $("legend").open = $("beside-figures").open = false;
    this.showWholeCity();
  }

  /**
   * The first view: everybody, clear of what stands on the map, beside the legend or above it, whichever is larger.
   * On a phone, where the legend opens closed, it may cover a corner.
   */
  showWholeCity() {
    const { map, data } = this;
    map.invalidateSize({ animate: false, pan: false }); // the panel has grown since Leaflet looked
    const box = (id) => $(id).getBoundingClientRect();
    const [head, legend] = [box("switch"), box("legend")];
    const right = box("north").width + 2 * MARGIN;
    const beneath = map.getContainer().getBoundingClientRect().bottom - legend.top;
    const underTheHead = [MARGIN, head.height + 2 * MARGIN];
    const views = [
      { paddingTopLeft: [Math.max(head.width, legend.width) + 2 * MARGIN, MARGIN], paddingBottomRight: [right, 3 * MARGIN] },
      { paddingTopLeft: underTheHead, paddingBottomRight: [right, beneath + MARGIN] },
    ];
    if (isSmall()) views.push({ paddingTopLeft: underTheHead, paddingBottomRight: [right, 3 * MARGIN] });
    const room = map.getSize().multiplyBy(0.7);
    let [best, largest] = [{}, 0]; // in a small window the city lies beneath what stands on it
    for (const view of views) {
      const taken = L.point(view.paddingTopLeft).add(view.paddingBottomRight);
      const zoom = room.contains(taken) ? map.getBoundsZoom(data.bounds, false, taken) : 0;
      if (zoom > largest) [best, largest] = [view, zoom];
    }
    map.fitBounds(data.bounds, { animate: false, ...best });
  }

  // ---- what is drawn once ----

  layOut() {
    const { map, data } = this;
    this.canvas = {};
    PANES.forEach((name, level) => {
      const pane = map.createPane(name);
      pane.style.zIndex = 300 + 10 * level;
      if (name !== "facilities") pane.style.pointerEvents = "none";
      this.canvas[name] = new Canvas({ pane: name, padding: 0.2 });
    });
    map.createPane("pins").style.zIndex = 610; // above the names of units, below tooltips
    const [southWest, northEast] = data.bounds;
    map.setMaxBounds(L.latLngBounds(southWest, northEast).pad(1));
    const corner = (element, position) => {
      const control = L.control({ position });
      control.onAdd = () => {
        L.DomEvent.disableClickPropagation(element);
        L.DomEvent.disableScrollPropagation(element);
        element.classList.add("corner");
        return element;
      };
      control.addTo(map);
    };
    corner($("switch"), "topleft");
    corner($("beside"), "topleft");
    corner($("years"), "topleft");
    this.zoom = L.control.zoom({ position: "topright" }).addTo(map);
    this.zoom.getContainer().append($("whole-city"));
    corner($("north"), "topright");
    L.control.scale({ position: "bottomleft", imperial: false, maxWidth: 140 }).addTo(map);
    corner($("legend"), "bottomleft");
    corner($("credit"), "bottomright");
  }

  drawGround() {
    const { base } = this.data;
    const ground = { renderer: this.canvas.ground, interactive: false, smoothFactor: 1.2, noClip: true, fillRule: "nonzero" };
    const area = (shapes, style) => {
      const heap = (members) => L.polygon(together(members.map((i) => shapes[i])), { ...ground, ...style });
      return L.featureGroup(heaps(shapes).map(heap));
    };
    const line = (shapes, style) => L.polyline(together(shapes), { ...ground, ...style }).addTo(this.map);
    area(base.green, { stroke: false, fillColor: INK.green, fillOpacity: 1 }).addTo(this.map);
    area(base.water, { color: "#a3c6d8", weight: 0.8, fillColor: INK.water, fillOpacity: 1 }).addTo(this.map);
    this.buildings = area(base.buildings, { stroke: false, fillColor: INK.building, fillOpacity: 1 });
    this.waterways = line(base.waterways, { color: INK.water, weight: 2 });

    this.streets = [];
    const streets = { renderer: this.canvas.streets, interactive: false, smoothFactor: 1.5, fill: false };
    this.paths = L.polyline(together(base.path || []), { ...streets, renderer: this.canvas.paths, color: "#c9b99f" });
    for (const casing of [true, false]) {
      for (const kind of ["street", "main"]) {
        const color = casing ? "#cfc4b2" : "#ffffff";
        const layer = L.polyline(together(base[kind] || []), { ...streets, color }).addTo(this.map);
        this.streets.push({ layer, kind, casing });
      }
    }
    const outline = together(base.outline);
    if (!outline.length) return;
    const style = { renderer: this.canvas.bounds, interactive: false };
    const world = [[-85, -180], [-85, 180], [85, 180], [85, -180]];
    L.polygon([world, ...outline], { ...style, stroke: false, fillColor: INK.paper, fillOpacity: 0.6 }).addTo(this.map);
    L.polygon(outline, { ...style, fill: false, color: INK.outline, weight: 2, dashArray: "8 4 2 4" }).addTo(this.map);
  }

  drawPeople() {
    const { traces } = this.data.places;
    this.coarse = traces.length < COARSE;
    this.places = new Ground(traces);
    const side_m = this.data.places.cell_m;
    if (side_m) this.places.cells = new Cells(this.places, this.data.what_if.people, side_m);
    if (this.places.points) this.map.getPane("people").style.zIndex = 300 + 10 * PANES.indexOf("bounds") - 1;
    this.looks = Object.entries(STATES).map(([state, { fill, line }]) => {
      const square = state === "uncovered" || state === "lost";
      if (this.places.points && !side_m) return { square, pattern: fill, far: fill };
      const pattern = square ? hatch(state === "lost" ? "#f1d3e3" : "#ef9a55", fill) : state === "newly" ? dotted(fill, line) : fill;
      return { square, pattern, far: FAR[state] ?? fill };
    });
    this.people = this.placesOn(this.canvas.people);
  }

  /** Every place on a canvas, each in its state. */
  placesOn(renderer) {
    return new Places(this.places, this.looks, { renderer }).addTo(this.map);
  }

  drawUnits() {
    const { units } = this.data;
    const style = { renderer: this.canvas.bounds, interactive: false, fill: false };
    this.unitShapes = units.traces.map((one) => shape(one));
    this.unitNames = L.layerGroup();
    if (units.kind === "hex") return;
    L.polygon(this.unitShapes.flat(), { ...style, color: INK.unit, weight: 1, dashArray: "1 4", opacity: 0.9 }).addTo(this.map);
    this.unitShapes.forEach((rings, u) => {
      if (!rings.length) return;
      const name = make("span", { text: units.names[u] });
      const icon = L.divIcon({ className: "unit-name", html: name, iconSize: [0, 0] });
      const where = L.latLngBounds(rings[0]).getCenter();
      L.marker(where, { icon, interactive: false, keyboard: false }).addTo(this.unitNames);
    });
  }

  drawSites() {
    this.sites = this.data.plans.map((plan, p) =>
      plan.sites.map((site, s) => {
        const outline = L.polygon(shape(site.traces, SITE), {
          renderer: this.canvas.switches,
          interactive: false,
          color: "#111111",
          weight: 1.5,
          fillColor: "#F0E442",
          fillOpacity: 0.9,
        }).addTo(this.map);
        const icon = L.divIcon({ className: "site", html: make("b", { class: "rank", text: s + 1 }), iconSize: [26, 26] });
        const [lon, lat] = site.lonlat;
        const marker = L.marker([lat, lon], { icon, pane: "pins", keyboard: true, riseOnHover: true, rank: s });
        marker.on("popupopen", () => {
          this.chooseStandardOf(plan);
          this.areas.of(site.id, p);
        });
        marker.addTo(this.map).bindPopup(() => siteCard(this.words, plan, site, s + 1), {
          minWidth: 270,
          maxWidth: 290,
          autoPanPaddingTopLeft: [10, 70],
        });
        return { marker, outline };
      }),
    );
  }

  /** Candidates of several plans are drawn once. */
  drawCandidates() {
    const found = new Map();
    for (const { candidates } of this.data.plans) {
      const { ids, names, kinds, area_m2, steps } = candidates;
      positions(steps, SITE).forEach((place, i) => {
        found.set(`${ids[i]} ${place}`, { id: ids[i], name: names[i], kind: kinds[i], area_m2: area_m2[i], place });
      });
    }
    this.candidateList = [...found.values()];
    const places = this.candidateList.map(({ place }) => place);
    this.candidates = new Dots(places, {
      renderer: this.canvas.bounds,
      interactive: false,
      radius: 3,
      weight: 1.2,
      color: "#4a4640",
      fillColor: "#ffffff",
      fillOpacity: 0.9,
    });
    if (places.length) this.candidates.addTo(this.map);
  }

  // ---- what changes with the standard, before and after, zoom and language ----

  paintPeople() {
    const look = (after) => ({ states: this.painted.statesWhen?.(after) ?? this.painted.states, after });
    this.paintStates(this.people, this.beside.look("right") ?? look(this.after));
    if (this.swipe.on) this.paintStates(this.swipe.people, this.beside.look("left") ?? look(false));
  }

  /** Each place in its state; before the plan, what it will cover is still uncovered. */
  paintStates(people, { states, after }) {
    const names = Object.keys(STATES);
    const bySign = Object.fromEntries(names.map((state, look) => [STATES[state].sign, look]));
    if (!after) for (const state of ["newly", "more", "lost"]) bySign[STATES[state].sign] = names.indexOf("uncovered");
    people.setStates(Uint8Array.from(states, (sign) => bySign[sign]));
  }

  /** Sites are hollow before they are built, and pale where they were chosen for another standard. */
  paintSites() {
    this.data.plans.forEach((plan, p) => {
      const other = plan.standard !== this.measured.id;
      const fillOpacity = !this.after ? 0 : other ? 0.25 : 0.9;
      this.sites[p].forEach(({ marker, outline }, s) => {
        const later = this.years.later(p, plan.sites[s]);
        marker.getElement().classList.toggle("later", later);
        marker.getElement().classList.toggle("other", other);
        marker.getElement().classList.toggle("unbuilt", !this.after);
        marker.setZIndexOffset(other ? -1000 : 100 - marker.options.rank);
        const hidden = later || Boolean(this.catchments?.shown);
        outline.setStyle({ dashArray: this.after && !other ? null : "3 4", fillOpacity: hidden ? 0 : fillOpacity, stroke: !hidden });
      });
    });
  }

  paintFacilities() {
    const { service, min_area_m2: floor } = this.measured;
    if (this.facilities) {
      if (this.facilities.service === service && this.facilities.floor === floor) return;
      this.facilities.remove();
      this.signs.remove();
    }
    this.facilities = Object.assign(L.layerGroup(), { service, floor });
    this.signs = L.layerGroup(); // a school's grounds are a speck from afar
    const standing = this.data.services[service];
    this.smallShown = false;
    if (standing) {
      const green = ["green", "park"].includes(service);
      const color = green ? INK.park : INK.service;
      const dot = { renderer: this.canvas.facilities, color: "#ffffff", fillColor: color, fillOpacity: 0.95 };
      standing.traces.forEach((traces, f) => {
        const small = standing.area_m2[f] < floor;
        this.smallShown ||= small;
        const style = {
          renderer: this.canvas.facilities,
          color,
          dashArray: small ? "2 3" : null,
          fillColor: color,
          fillOpacity: small ? 0.05 : 0.3,
        };
        const rings = shape(traces);
        const place = rings.length ? L.latLngBounds(rings[0]).getCenter() : null;
        const named = (layer) =>
          layer.on("click", () => { if (!this.whatIf?.shown) this.areas.ofFacility(f, place); }).bindTooltip(() => {
            const name = standing.names[f] || `${this.words.say("unnamed")} (${standing.ids[f]})`;
            return make("span", { text: `${name} · ${area(this.words, standing.area_m2[f])}` });
          }, { sticky: true });
        if (isPoint(traces)) this.facilities.addLayer(named(L.circleMarker(rings[0][0], dot)));
        else this.facilities.addLayer(named(L.polygon(rings, style)));
        if (!green && !isPoint(traces)) this.signs.addLayer(named(L.circleMarker(L.latLngBounds(rings[0]).getCenter(), dot)));
      });
    }
    this.fitFacilities();
  }

  /** Outlines of facilities are thin from afar, or they would hide what they enclose. */
  fitFacilities() {
    const step = this.step();
    for (const layer of [...this.facilities.getLayers(), ...this.signs.getLayers()]) {
      const width = layer.options.dashArray ? 0.4 : 0.7;
      L.setOptions(layer, { weight: layer.setRadius ? 1.4 : width * [0.5, 0.9, 1.4, 2.2, 2.8, 3][step] });
      if (layer.setRadius) layer.setRadius([3.2, 3.6, 4, 4.6, 5.5, 6.5][step]);
    }
    const shown = !this.catchments?.shown; // which has schools of its own
    this.toggle(this.facilities, shown);
    this.toggle(this.signs, shown && step < 4);
  }

  /** Which of the widths by zoom holds: 0 from afar, 5 close by. */
  step() {
    return Math.min(5, Math.max(0, Math.floor(this.map.getZoom()) - 12));
  }

  /**
   * Streets widen and outlines appear as one comes closer. Options are set without asking for a repaint:
   * at the end of a zoom everything is painted anew in any case.
   */
  fitToZoom() {
    const zoom = this.map.getZoom();
    const step = this.step();
    this.map.getContainer().classList.toggle("afar", zoom < 13);
    this.map.getContainer().classList.toggle("midway", zoom < 14); // a pin is as wide as 300 m: it hides whom it serves
    for (const { layer, kind, casing } of this.streets) {
      const width = STREET_WIDTH[kind][step];
      const wide = width >= 1.4;
      const style = { stroke: width > 0 && (wide || !casing), weight: casing ? width + 1.6 : width };
      if (!casing) style.color = wide ? "#ffffff" : "#ddd3c3";
      L.setOptions(layer, style);
    }
    L.setOptions(this.paths, { weight: STREET_WIDTH.path[step] });
    this.toggle(this.paths, STREET_WIDTH.path[step] > 0);
    this.toggle(this.buildings, zoom >= 14);
    this.toggle(this.unitNames, zoom >= 14.5);
    $("legend-cells").hidden = !this.places.cells || zoom >= CLOSE_TO_CELLS;
    if (this.facilities) this.fitFacilities();
    L.setOptions(this.waterways, { weight: [1, 1.5, 2.5, 4, 6, 8][step] });
    const close = zoom >= OUTLINED;
    const { points } = this.places;
    Object.entries(STATES).forEach(([state, { fill, line }], i) => {
      const strong = state !== "covered" && state !== "not_counted" && !state.startsWith("zone_");
      Object.assign(this.looks[i], {
        fill: zoom >= HATCHED ? this.looks[i].pattern : this.looks[i].far,
        stroke: points ? zoom >= 14 : close,
        line: close ? line : fill,
        weight: strong || !close ? 1.3 : 0.6,
        opacity: (strong ? 0.95 : close || points ? 0.72 : 0.95) * (this.coarse && !points ? 0.75 : 1),
        radius: points ? [1.3, 1.6, 2, 3, 4.5, 7][step] * (this.coarse ? 2.2 : 1) : 0,
      });
    });
    L.setOptions(this.candidates, { radius: [0.8, 1.1, 2, 3.2, 4, 5][step], weight: [0.5, 0.7, 1, 1.2, 1.3, 1.4][step] });
  }

  toggle(layer, shown) {
    if (shown === this.map.hasLayer(layer)) return;
    if (shown) layer.addTo(this.map);
    else layer.remove();
  }

  writeLegend() {
    if (this.catchments?.shown) {
      this.catchments.writeLegend();
      return;
    }
    const { words, measured, planned } = this;
    const people = Object.fromEntries(
      Object.entries(STATES)
        .filter(([state]) => !state.startsWith("zone_"))
        .map(([state, { sign }]) => [state, this.painted.people[sign] || 0]),
    );
    if (!planned) {
      people.uncovered += people.newly + people.more + people.lost;
      people.newly = people.more = people.lost = 0;
    }
    for (const state of ["not_counted", "newly", "more", "lost"]) if (!people[state]) delete people[state];
    const label = (state) => words.say(state === "uncovered" && !planned ? "uncovered_today" : state);
    $("legend-states").replaceChildren(
      ...Object.entries(people).map(([state, count]) =>
        make("li", {
          "data-state": state,
          children: [
            make("i", { class: `swatch ${state}` }),
            make("span", { text: label(state) }),
            make("b", { text: words.people(count) }),
          ],
        }),
      ),
    );
    const mark = (name, text) => make("li", { children: [make("i", { class: `swatch ${name}` }), make("span", { text })] });
    const green = ["green", "park"].includes(measured.service);
    const marks = [mark(green ? "park" : "service", words.say("standing", { service: words.service(measured.service) }))];
    if (this.smallShown) marks.push(mark("small", words.say("outlines_small")));
    if (this.whatIf?.shown) {
      $("legend-marks").replaceChildren(...marks, ...this.whatIf.marks(mark));
      return;
    }
    const sited = this.data.plans.filter((plan) => plan.sites.length);
    const byYear = sited.some((plan) => plan.standard === measured.id && plan.sites.some((site) => site.year));
    const entry = this.beside.shown && this.beside.entry("right");
    const of = entry || this.years.entry;
    $("legend-of").textContent = of ? ` · ${words.title(of.title, "")}` : "";
    if (entry && entry.kind !== "plan") marks.push(...this.beside.legend(mark));
    else if (sited.some((plan) => plan.standard === measured.id)) {
      const built = mark("chosen", words.say(byYear ? "chosen_years" : "chosen"));
      marks.push(this.after ? built : mark("chosen unbuilt", words.say("chosen_before")));
    }
    if (!(entry && entry.kind !== "plan") && sited.some((plan) => plan.standard !== measured.id)) marks.push(mark("chosen other", words.say("chosen_other")));
    const count = this.candidateList.length;
    if (count) {
      const box = make("input", { type: "checkbox", id: "candidates" });
      box.checked = this.candidatesShown;
      box.addEventListener("change", () => this.showCandidates(box.checked));
      const text = `${words.say("candidates")} ${whole(count)}`;
      const toggle = make("label", { children: [box, make("i", { class: "swatch candidate" }), make("span", { text })] });
      marks.push(make("li", { children: [toggle] }));
    }
    $("legend-marks").replaceChildren(...marks);
  }

  showCandidates(shown) {
    this.candidatesShown = shown;
    this.toggle(this.candidates, shown);
  }

  /** Everything that says which standard is shown, before or after. */
  show() {
    const { words } = this;
    this.years.show();
    this.paintPeople();
    this.paintFacilities();
    this.paintSites();
    this.writeLegend();
    const { catchments } = this;
    $("switch-title").textContent = catchments?.shown
      ? `${words.say("schools")} · ${words.title(catchments.stage.title, catchments.stage.id)}`
      : words.title(this.measured.title, this.measured.id);
    const both = this.swipe.on;
    $("before").setAttribute("aria-pressed", !this.after && !both);
    $("after").setAttribute("aria-pressed", this.after && !both && !this.years.entry);
    $("both").setAttribute("aria-pressed", both);
    [...$("standards").children].forEach((row, index) => {
      row.setAttribute("aria-checked", index === this.standard);
      row.tabIndex = index === this.standard ? 0 : -1;
    });
    this.writeUnits();
    this.beside.show();
    if (this.whatIf?.shown) this.whatIf.paintOutlines();
    if (catchments?.shown) catchments.drawZones();
  }

  writeUnits() {
    writeUnitRows(this.words, this.measured, this.order, (u) => this.flyToUnit(u));
  }

  translate() {
    const { words, data } = this;
    writeFixedWords(words);
    writeStandards(words);
    writePlan(words);
    writeSites(words, (p, s) => this.flyToSite(p, s));
    writeUnitHead(words, (column) => this.sortUnits(column));
    writeSheets(words);
    writeAbout(words);
    this.tiles.write();
    this.whatIf?.translate();
    this.catchments?.translate();
    this.map.closePopup();
    this.map.getContainer().setAttribute("aria-label", words.say("map"));
    const zoomButton = (button, key) => {
      button.title = words.say(key);
      button.setAttribute("aria-label", words.say(key));
    };
    zoomButton(this.zoom._zoomInButton, "zoom_in");
    zoomButton(this.zoom._zoomOutButton, "zoom_out");
    data.plans.forEach((plan, p) => {
      plan.sites.forEach((site, s) => {
        const text = `${words.say("site")} ${s + 1}: ${siteName(site)}, +${words.gain(plan, site.gained)}`;
        const pin = this.sites[p][s].marker.getElement();
        pin.title = text;
        pin.setAttribute("aria-label", text);
      });
    });
    $("legend-cells").textContent = words.say("legend_cells", { side: data.places.cell_m });
    this.nameFold();
    this.show();
  }

  // ---- what the reader does ----

  chooseStandard(index) {
    this.areas.clear();
    this.standard = index;
    this.show();
  }

  /** Show the standard that a plan is for, where it is measured. */
  chooseStandardOf(plan) {
    const index = this.data.standards.findIndex((one) => one.id === plan.standard);
    if (index >= 0 && index !== this.standard) this.chooseStandard(index);
  }

  chooseAfter(after) {
    this.swipe.show(false);
    if (this.catchments?.shown) {
      this.catchments.chooseWay(after ? "plan" : "today");
      return;
    }
    this.after = after;
    this.years.at = null;
    this.show();
  }

  chooseBoth() {
    this.after = true;
    this.swipe.show(true);
    this.show();
    $("swipe").focus();
  }

  chooseLanguage(language) {
    this.words = new Words(this.data, language);
    this.translate();
  }

  sortUnits(column) {
    const falling = this.order.column === column ? !this.order.falling : column !== "name";
    this.order = { column, falling };
    this.writeUnits();
  }

  flyToSite(p, s) {
    const { marker } = this.sites[p][s];
    if (!this.after || this.years.later(p, this.data.plans[p].sites[s])) this.chooseAfter(true);
    this.chooseStandardOf(this.data.plans[p]);
    this.map.closePopup();
    this.flyTo(marker.getLatLng(), CLOSE, () => marker.openPopup());
  }

  /** The candidate whose dot is under the pointer, if any is shown there. */
  candidateAt({ layerPoint }) {
    if (!this.candidatesShown || !this.candidateList.length) return undefined;
    return this.candidateList[this.candidates.nearest(layerPoint, NEAR_DOT)];
  }

  openCandidate(candidate) {
    if (!candidate) return;
    L.popup({ minWidth: 230, maxWidth: 290 })
      .setLatLng(candidate.place)
      .setContent(candidateCard(this.words, candidate))
      .openOn(this.map);
    this.areas.of(candidate.id);
  }

  flyToUnit(u) {
    const rings = this.unitShapes[u];
    if (!rings.length) return;
    if (this.unitOutline) this.unitOutline.remove();
    const style = { renderer: this.canvas.bounds, interactive: false, fill: false, color: "#111111", weight: 3 };
    this.unitOutline = L.polygon(rings, style).addTo(this.map);
    this.fly(() => this.map.flyToBounds(this.unitOutline.getBounds(), { duration: 0.7, maxZoom: CLOSE, padding: [30, 30] }));
  }

  /** On a phone the panel would hide where one flies to. What was to be opened elsewhere stays closed. */
  fly(there, opening = null) {
    if (isPhone()) this.fold(true);
    this.opening = opening;
    there();
  }

  /** To a place, at least so close; what is to be opened there opens once it is in the middle, as folding moves the map too. */
  flyTo(place, zoom, open = null) {
    const there = () => this.map.flyTo(place, Math.max(zoom, this.map.getZoom()), { duration: 0.7 });
    this.fly(there, open && { place: L.latLng(place), open });
  }

  showTab(chosen) {
    this.areas.clear();
    for (const tab of document.querySelectorAll('[role="tab"]')) {
      const selected = tab === chosen;
      tab.setAttribute("aria-selected", selected);
      tab.tabIndex = selected ? 0 : -1;
      $(tab.getAttribute("aria-controls")).hidden = !selected;
    }
    this.whatIf?.open(chosen.id === "tab-what-if");
    this.catchments?.open(chosen.id === "tab-schools");
    const others = this.whatIf?.shown || this.catchments?.shown;
    this.toggle(this.candidates, this.candidatesShown && this.candidateList.length > 0 && !others);
  }

  fold(folded) {
    document.body.classList.toggle("folded", folded);
    this.nameFold();
    this.map.invalidateSize({ animate: false });
  }

  nameFold() {
    const folded = document.body.classList.contains("folded");
    const text = this.words.say(folded ? "expand" : "collapse");
    $("fold").setAttribute("aria-expanded", !folded);
    $("fold").setAttribute("aria-label", text);
    $("fold").title = text;
  }

  connect() {
    const { map } = this;
    map.on("zoomend", () => this.fitToZoom());
    map.on("dragstart", () => { this.opening = null; });
    map.on("moveend", () => {
      const { opening } = this;
      if (!opening || map.latLngToContainerPoint(opening.place).distanceTo(map.getSize().divideBy(2)) > NEAR_DOT) return;
      this.opening = null;
      opening.open();
    });
    map.on("popupopen", ({ popup }) => {
      const button = popup.getElement().querySelector(".leaflet-popup-close-button");
      button.setAttribute("aria-label", this.words.say("close"));
      map.getContainer().classList.add("reading");
      const beside = [$("years"), $("beside")].find((box) => !box.hidden && !isPhone());
      popup.options.autoPanPaddingTopLeft = [beside ? beside.offsetWidth + 2 * MARGIN : MARGIN, 70];
      if (beside) popup._adjustPan();
      popup.getElement().querySelector("details")?.addEventListener("toggle", () => popup._adjustPan());
      this.enterPopup(popup.getElement());
    });
    map.on("popupclose", ({ popup }) => {
      if (popup.getElement()?.contains(document.activeElement)) this.opener?.focus({ preventScroll: true });
    });
    map.getContainer().addEventListener("focusin", ({ target }) => this.uncover(target));
    document.body.prepend($("skip"));
    $("skip").addEventListener("click", (event) => {
      event.preventDefault();
      if (document.body.classList.contains("folded")) this.fold(false);
      document.querySelector('[role="tab"][aria-selected="true"]').focus();
    });
    map.on("popupclose", () => {
      map.getContainer().classList.remove("reading");
      this.catchments?.lines.clearLayers();
    });
    map.on("click", (event) => {
      if (this.catchments?.shown) this.catchments.click(event);
      else if (this.whatIf?.shown) this.whatIf.click(event);
      else this.openCandidate(this.candidateAt(event));
    });
    map.on("mousemove", (event) => {
      const above = this.whatIf?.shown ? this.whatIf.candidateAt(event) >= 0 : Boolean(this.candidateAt(event));
      map.getContainer().classList.toggle("on-candidate", above);
    });
    $("whole-city").addEventListener("click", () => this.showWholeCity());
    $("before").addEventListener("click", () => this.chooseAfter(false));
    $("after").addEventListener("click", () => this.chooseAfter(true));
    $("both").addEventListener("click", () => this.chooseBoth());
    $("fold").addEventListener("click", () => this.fold(!document.body.classList.contains("folded")));
    $("unit-filter").addEventListener("input", () => this.writeUnits());
    for (const button of $("languages").children) {
      button.addEventListener("click", () => this.chooseLanguage(button.dataset.language));
    }
    this.connectChoice($("standards"), (row) => this.chooseStandard([...$("standards").children].indexOf(row)));
    this.connectChoice($("tabs"), (tab) => this.showTab(tab));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.escape(event);
      const typing = event.target.matches("input, textarea, select") && event.target.type !== "checkbox";
      if (typing || event.ctrlKey || event.metaKey || event.altKey || event.key.toLowerCase() !== "b") return;
      this.chooseAfter(!this.after);
    });
  }

  /** A card that was opened with the keyboard takes the focus, and gives it back. */
  enterPopup(element) {
    element.setAttribute("role", "dialog");
    element.setAttribute("aria-label", element.querySelector("h3")?.textContent ?? "");
    element.tabIndex = -1;
    const opener = document.activeElement;
    if (!opener.matches(".leaflet-marker-icon:focus-visible")) return;
    this.opener = opener;
    element.focus({ preventScroll: true });
  }

  /** A pin that has the focus is in sight: not beneath the legend, nor beyond the edge. */
  uncover(pin) {
    if (!pin.matches(".leaflet-marker-icon:focus-visible")) return;
    const container = this.map.getContainer();
    container.scrollLeft = container.scrollTop = 0; // the browser scrolls to what has the focus, and Leaflet back
    const whole = container.getBoundingClientRect();
    const { left, top, right, bottom } = pin.getBoundingClientRect();
    const corners = (x, y) => [[x, y], [x - PIN, y - PIN], [x + PIN, y - PIN], [x - PIN, y + PIN], [x + PIN, y + PIN]];
    const free = (x, y) => corners(x, y).every(([across, down]) => {
      const at = document.elementFromPoint(across, down);
      return at && container.contains(at) && !at.closest(".leaflet-control, #swipe");
    });
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    if (free(x, y)) return;
    const tries = [0.5, 0.65, 0.35, 0.8, 0.2].flatMap((down) => [0.5, 0.7, 0.3, 0.85, 0.15].map((across) => [whole.left + across * whole.width, whole.top + down * whole.height]));
    const [toX, toY] = tries.find((place) => free(...place)) ?? tries[0];
    this.map.panBy([x - toX, y - toY], { animate: false });
  }

  /** Closes the card, or else the comparison that has the focus. */
  escape({ target }) {
    const open = document.querySelector(".leaflet-popup");
    this.map.closePopup();
    if (!open) this.areas.clear();
    if (open || !this.swipe.on || !target.closest("#swipe, #beside")) return;
    this.chooseAfter(true);
    $("both").focus();
  }

  /** Of several buttons one is chosen: by a click or, once the group has the focus, with the arrow keys. */
  connectChoice(group, choose) {
    group.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) choose(button);
    });
    group.addEventListener("keydown", (event) => {
      const buttons = [...group.querySelectorAll("button:not([hidden])")];
      const at = buttons.indexOf(event.target.closest("button"));
      const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      const next = buttons.at(to % buttons.length);
      choose(next);
      next.focus();
    });
  }
}
