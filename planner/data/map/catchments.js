"use strict";
// The tab "Schools": who goes where, zone by zone, and what every school has.

const ZONE_SIGNS = "abcdefg"; // one for each colour of a zone, see STATES
const NOWHERE = "2"; // the sign of those whom no school takes
const NOBODY = "3"; // and of homes without a pupil
const SOON = 14; // pixels between a click and the home it means
const SHAPES = { standing: "", extend: "+", build: "N", convert: "↔", reduce: "−", close: "×" };

/** A number that may be a part of a pupil, as people read it. */
const count = (number) => (number === "" || number === null || number === undefined ? "–" : whole(number));
const oneDecimal = (number) => (number === "" || number === null || number === undefined ? "–" : Number(number).toFixed(1));
const changed = (was, now) => (was === now ? now : `${was} → ${now}`);

/** Zones and schools of one stage at a time, shown while their tab is open. */
class Catchments {
  constructor(review) {
    Object.assign(this, { review, map: review.map, data: review.data, shown: false, at: 0, way: "plan" });
    this.stages = this.data.schools.flatMap((question) => question.stages.map((stage) => ({ question, stage })));
    const homes = this.data.places.traces.length;
    for (const { stage } of this.stages) {
      stage.metres = numbersIn(stage.walk, homes);
      for (const way of stage.ways) way.school = numbersIn(way.goes, homes);
    }
    this.zones = L.layerGroup();
    this.markers = L.layerGroup();
    this.lines = L.layerGroup();
    this.connect();
  }

  get words() {
    return this.review.words;
  }
  get question() {
    return this.stages[this.at].question;
  }
  get stage() {
    return this.stages[this.at].stage;
  }
  get shownWay() {
    return this.stage.ways.find((way) => way.id === this.way);
  }

  // ---- what the map paints in the place of a standard ----

  /** One sign a home: the colour of its zone, today or in the way that is shown. */
  statesWhen(after) {
    const { stage } = this;
    const { school: goes } = after ? this.shownWay : stage.ways.find(({ id }) => id === "today");
    return stage.pupils.map((pupils, home) => {
      if (!pupils) return NOBODY;
      const school = goes[home];
      return school ? ZONE_SIGNS[stage.colour[school]] : NOWHERE;
    });
  }

  get people() {
    return {};
  }

  // ---- in and out ----

  open(shown) {
    if (shown === this.shown) return;
    this.shown = shown;
    this.map.getContainer().classList.toggle("schooling", shown);
    this.map.closePopup();
    for (const layer of [this.zones, this.markers, this.lines]) this.review.toggle(layer, shown);
    if (shown) {
      this.way = "plan";
      this.review.after = true;
      this.draw();
    }
    this.review.fitToZoom();
    this.review.show();
    if (shown) this.write();
  }

  chooseStage(at) {
    this.at = at;
    this.draw();
    this.review.show();
    this.write();
  }

  chooseWay(way) {
    this.way = way;
    this.review.after = way !== "today";
    this.draw();
    this.review.show();
    this.write();
  }

  // ---- on the map ----

  /** The ground of every zone; not where two ways are compared. */
  drawZones() {
    const { stage, shownWay } = this;
    const drawn = this.review.swipe.on ? "" : `${this.at} ${this.way}`;
    if (this.zones.drawn === drawn) return;
    this.zones.drawn = drawn;
    this.zones.clearLayers();
    if (!drawn) return;
    shownWay.zones.forEach((traces, i) => {
      if (!traces.length) return;
      const { fill, line } = STATES[`zone_${ZONE_SIGNS[stage.colour[i + 1]]}`];
      L.polygon(shape(traces), {
        renderer: this.review.canvas.ground,
        interactive: false,
        color: line,
        weight: 1.6,
        fillColor: fill,
        fillOpacity: 0.28,
        smoothFactor: 1,
      }).addTo(this.zones);
    });
  }

  draw() {
    const { stage, question } = this;
    this.map.closePopup();
    for (const layer of [this.markers, this.lines]) layer.clearLayers();
    question.schools.forEach((school, i) => {
      const own = stage.figures[i + 1];
      if (!own || (this.way === "today" && school.kind === "build")) return;
      const [lon, lat] = school.lonlat;
      const html = make("b", { class: `school ${school.kind}`, text: `${i + 1}${SHAPES[school.kind]}` });
      const icon = L.divIcon({ className: "school-pin", html, iconSize: [28, 22] });
      const marker = L.marker([lat, lon], { icon, keyboard: true, riseOnHover: true, school: i });
      const text = `${this.words.say("school")} ${i + 1}${this.words.say("colon")}${this.name(school)}`;
      marker.on("add", () => {
        marker.getElement().title = text;
        marker.getElement().setAttribute("aria-label", text);
      });
      marker.bindPopup(() => this.schoolCard(i), { minWidth: 290, maxWidth: 320, autoPanPaddingTopLeft: [10, 70] });
      marker.on("popupopen", () => this.outline(i));
      marker.addTo(this.markers);
    });
  }

  /** The zone of one school, among all those of its colour. */
  outline(i) {
    this.lines.clearLayers();
    const traces = this.shownWay.zones[i];
    const style = { renderer: this.review.canvas.facilities, interactive: false, fill: false, color: "#111", weight: 3.5 };
    if (traces.length && !this.review.swipe.on) L.polygon(shape(traces), style).addTo(this.lines);
  }

  name(school) {
    return school.name || school.id;
  }

  /** The home under the pointer, or the nearest one close to it; -1 for none. */
  homeAt({ layerPoint }) {
    return this.review.places.nearest(layerPoint, SOON);
  }

  click(event) {
    const home = this.homeAt(event);
    if (home < 0) return;
    this.lines.clearLayers();
    const from = this.review.places.middle(home);
    const schools = new Set();
    for (const { question, stage } of this.stages) {
      const at = stage.ways.find((way) => way.id === this.way).school[home];
      if (stage.pupils[home] && at) schools.add(question.schools[at - 1]);
    }
    for (const { lonlat } of schools) {
      const [lon, lat] = lonlat;
      L.polyline([from, [lat, lon]], { renderer: this.review.canvas.facilities, interactive: false, color: "#111", weight: 2, dashArray: "6 4" }).addTo(this.lines);
    }
    L.popup({ minWidth: 270, maxWidth: 320, autoPanPaddingTopLeft: [10, 70] }).setLatLng(from).setContent(this.homeCard(home)).openOn(this.map);
  }

  // ---- cards ----

  /** Where the pupils of a home go, stage by stage. */
  homeCard(home) {
    const { words } = this;
    const children = [make("h3", { text: words.say("school_of_home") })];
    for (const { question, stage } of this.stages) {
      const pupils = stage.pupils[home];
      if (!pupils) continue;
      const [today, plan, nearest] = ["today", "plan", "nearest"].map((id) => {
        const at = stage.ways.find((way) => way.id === id).school[home];
        return at ? `${at} ${this.name(question.schools[at - 1])}` : words.say("no_school");
      });
      const at = stage.ways.find((way) => way.id === "plan").school[home];
      const own = at ? stage.figures[at] : null;
      children.push(
        make("h4", { text: `${words.title(stage.title, stage.id)} · ${oneDecimal(pupils)} ${words.say("pupils")}` }),
        facts([
          [words.say("way_plan"), plan],
          [words.say("way_today"), today],
          [words.say("way_nearest"), nearest],
          [words.say("walk_to_school"), at ? this.walk(stage.metres[home]) : "–"],
          [words.say("class_size"), own ? changed(oneDecimal(own["pupils a class today"]), oneDecimal(own["pupils a class plan"])) : "–"],
        ]),
        ...(today === plan ? [] : [make("p", { class: "hint moves", text: words.say("changes_school") })]),
      );
    }
    return make("div", { class: "card", "data-home": home, children });
  }

  walk(amount) {
    return this.question.unit === "m" ? this.words.metres(amount) : `${(amount / 60).toFixed(1)} ${this.words.say("min")}`;
  }

  /** What a school has and does, in the stage that is shown. */
  schoolCard(i) {
    const { words, stage, question } = this;
    const school = question.schools[i];
    const own = stage.figures[i + 1];
    const done = school.kind === "standing" ? words.say("school_standing") : `${words.say(`school_${school.kind}`)} ${school.year}`;
    const pair = (key) => changed(count(own[`${key} today`]), count(own[`${key} plan`]));
    const rows = [
      [words.say("id"), school.id],
      [words.say("school_done"), done],
      [words.say("school_classes"), pair("classes")],
      [words.say("school_pupils"), pair("pupils")],
      [words.say("class_size"), changed(oneDecimal(own["pupils a class today"]), oneDecimal(own["pupils a class plan"]))],
      [words.say("standard_seats"), pair("standard seats")],
      ...(stage.oversized === null ? [] : [[words.say("beyond_oversized", { size: stage.oversized - 1 }), pair("beyond oversized")]]),
      [words.say("beyond_standard", { size: stage.class_size }), pair("beyond standard")],
      [words.say("empty_seats"), pair("empty seats")],
      ...(stage.oversized === null ? [] : [[words.say("beyond_size"), pair("beyond the size of a school")]]),
      [words.say("walk_mean_p90"), `${this.walk(own["mean walk"])} / ${this.walk(own["nine of ten walk"])}`],
      ...(school.cost === null ? [] : [[words.say("cost"), whole(school.cost)]]),
    ];
    return make("div", {
      class: "card",
      "data-school": school.id,
      children: [
        make("h3", { children: [make("b", { class: `school ${school.kind}`, text: `${i + 1}${SHAPES[school.kind]}` }), make("span", { text: ` ${this.name(school)}` })] }),
        make("p", { class: "hint", text: `${words.title(stage.title, stage.id)} · ${question.year}` }),
        facts(rows),
      ],
    });
  }

  // ---- the tab ----

  connect() {
    this.review.connectChoice($("school-stages"), (button) => this.chooseStage(Number(button.dataset.at)));
    this.review.connectChoice($("school-ways"), (button) => this.chooseWay(button.dataset.way));
  }

  flyTo(i) {
    const marker = this.markers.getLayers().find((one) => one.options.school === i);
    if (!marker) return;
    this.map.closePopup();
    this.review.flyTo(marker.getLatLng(), 15, () => marker.openPopup());
  }

  write() {
    const { words, stage, question } = this;
    const radio = (chosen, attributes, text) =>
      make("button", { type: "button", role: "radio", "aria-checked": chosen, tabindex: chosen ? 0 : -1, ...attributes, text });
    $("school-stages").replaceChildren(
      ...this.stages.map(({ stage: one }, at) => radio(at === this.at, { "data-at": at }, words.title(one.title, one.id))),
    );
    $("school-ways").replaceChildren(
      ...stage.ways.map(({ id }) => radio(id === this.way, { "data-way": id }, words.say(`way_${id}`))),
    );
    $("school-way-says").textContent = words.title(this.shownWay.title, "");
    const { totals } = this.shownWay;
    const rows = [
      ["school_pupils", count(totals.pupils)],
      ["no_school", count(totals.unserved)],
      ["standard_seats", `${count(totals.seats)} (+${count(totals.added)})`],
      ...(stage.oversized === null ? [] : [["missing_oversized", count(totals.missing_oversized), { size: stage.oversized - 1 }]]),
      ["missing_standard", count(totals.missing_standard), { size: stage.class_size }],
      ["empty_seats", count(totals.empty)],
      ["walk_mean_p90", `${this.walk(totals.mean)} / ${this.walk(totals.p90)}`],
    ];
    $("school-totals").replaceChildren(facts(rows.map(([key, figure, gaps]) => [words.say(key, gaps), figure])));
    const head = ["", words.say("school"), words.say("school_done"), words.say("school_classes"), words.say("class_size")];
    $("school-table").querySelector("thead").replaceChildren(
      make("tr", { children: head.map((text) => make("th", { scope: "col", text })) }),
    );
    $("school-table").querySelector("tbody").replaceChildren(
      ...question.schools.flatMap((school, i) => {
        const own = stage.figures[i + 1];
        if (!own) return [];
        const fly = make("button", { type: "button", text: this.name(school) });
        fly.addEventListener("click", () => this.flyTo(i));
        const done = school.kind === "standing" ? words.say("school_unchanged") : `${words.say(`school_${school.kind}`)} ${school.year}`;
        const size = changed(oneDecimal(own["pupils a class today"]), oneDecimal(own["pupils a class plan"]));
        return [
          make("tr", {
            "data-school": school.id,
            children: [
              make("td", { children: [make("i", { class: `swatch zone_${ZONE_SIGNS[stage.colour[i + 1]] ?? "none"}` }), make("span", { text: i + 1 })] }),
              make("th", { scope: "row", children: [fly] }),
              make("td", { text: done }),
              make("td", { text: changed(count(own["classes today"]), count(own["classes plan"])) }),
              make("td", { text: size }),
            ],
          }),
        ];
      }),
    );
  }

  translate() {
    writeSchoolSeats(this.words, this.data.schools);
    if (this.shown) {
      this.draw();
      this.write();
    }
  }

  writeLegend(mark) {
    const { words, stage } = this;
    const item = (name, text) => make("li", { children: [make("i", { class: `swatch ${name}` }), make("span", { text })] });
    $("legend-states").replaceChildren(
      item("zone_a", words.say("legend_zones")),
      ...(this.shownWay.totals.unserved > 0.5 ? [item("uncovered", words.say("legend_no_school"))] : []),
    );
    const kinds = new Set(this.question.schools.filter((_, i) => stage.figures[i + 1]).map(({ kind }) => kind));
    $("legend-marks").replaceChildren(...[...kinds].map((kind) => {
      const sign = make("b", { class: `school ${kind}`, text: `1${SHAPES[kind]}` });
      return make("li", { children: [sign, make("span", { text: words.say(`school_${kind}`) })] });
    }));
  }
}

/** On the first tab: what is missing today and with the plan, what is done, and how good that provably is. */
function writeSchoolSeats(words, questions) {
  $("seats").replaceChildren(
    ...questions.map((question) => {
      const titles = question.stages.map((stage) => words.title(stage.title, stage.id)).join(words.say("list_comma"));
      const of = (id, key) => question.stages.reduce((sum, stage) => sum + stage.ways.find((way) => way.id === id).totals[key], 0);
      const proven = question.ending === "proven";
      const doing = question.schools.filter(({ kind }) => kind !== "standing").length;
      const classes = question.stages.some((stage) => stage.oversized !== null);
      const line = (key, values) => make("p", { class: "hint", text: words.say(key, values) });
      const open = question.aims.filter((aim) => !aim.proven).map((aim) => words.say(`aim_${aim.aim}`));
      return make("div", {
        class: "plan",
        "data-schools": question.number,
        children: [
          make("p", { class: "big", text: words.say("seats_added", { stages: titles, seats: count(of("plan", "added")), options: doing }) }),
          ...(classes ? [line("seats_missing_oversized", { today: count(of("today", "missing_oversized")), plan: count(of("plan", "missing_oversized")) })] : []),
          line("seats_missing_standard", { today: count(of("today", "missing_standard")), plan: count(of("plan", "missing_standard")) }),
          line("seats_unserved", { today: count(of("today", "unserved")), plan: count(of("plan", "unserved")) }),
          ...(question.fewest && classes ? [line(question.fewest.proven ? "seats_fewest" : "seats_few", { seats: count(question.fewest.seats), options: question.fewest.options })] : []),
          make("p", {
            class: proven ? "ending proven" : "ending stopped",
            text: proven ? words.say("seats_proven") : words.say("seats_stopped", { aims: open.join(words.say("list_comma")) }),
          }),
        ],
      });
    }),
  );
}
