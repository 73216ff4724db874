"use strict";
// The tab "What if": switches, sliders and what they change, on the map and in figures.

const MOST_LISTED = 30; // candidates that are off; the filter finds the others
const MOST_UNITS = 5; // that gain or lose most against the plan
const MOST_UNDONE = 200;

/** What the reader tries with the sites of one plan, shown while its tab is open. */
class WhatIf {
  constructor(review) {
    Object.assign(this, { review, map: review.map, data: review.data, shown: false, greedy: false });
    this.all = this.data.what_if.plans.map(() => null); // read when they are first asked for
    this.at = 0;
    this.pins = new Map();
    this.dots = {};
    this.connect();
  }

  get words() {
    return this.review.words;
  }

  get switches() {
    return this.switchesOf(this.at);
  }

  switchesOf(at) {
    if (!this.all[at]) {
      const read = new Switches(this.data, at);
      const places = positions(read.plan.candidates.steps, SITE);
      this.all[at] = Object.assign(read, { places, undo: [] });
    }
    return this.all[at];
  }

  get standard() {
    return this.data.standards.findIndex((one) => one.id === this.switches.plan.standard);
  }

  // ---- in and out ----

  open(shown) {
    if (shown === this.shown) return;
    this.shown = shown;
    this.map.getContainer().classList.toggle("switching", shown);
    this.map.closePopup();
    this.nameAfter();
    if (shown) {
      this.review.standard = this.standard;
      this.review.after = true;
      this.drawCandidates();
      this.count();
    } else this.clear();
    this.review.show();
    if (shown) this.write();
  }

  choose(at) {
    this.at = at;
    this.say("");
    this.clear();
    this.review.standard = this.standard;
    this.drawCandidates();
    this.count();
    this.review.show();
    this.write();
  }

  clear() {
    this.review.areas.clear();
    for (const pin of this.pins.values()) pin.remove();
    this.pins.clear();
    for (const dots of Object.values(this.dots)) dots.remove();
    this.dots = {};
  }

  // ---- what is switched ----

  /**
   * One change, which can be undone; `said` tells what it was, once the figures are known. Changes of the same
   * `kind` in a row, those of a slider, are undone together.
   */
  change(what, said = () => "", kind = null) {
    const { switches } = this;
    const { on, limit, barred, barredUnits } = switches.choice;
    const before = { on: new Set(on), limit, barred: new Set(barred), barredUnits: new Set(barredUnits) };
    const people = this.now.people;
    what(switches);
    if (!kind || kind !== switches.last) switches.undo.push(before);
    switches.last = kind;
    if (switches.undo.length > MOST_UNDONE) switches.undo.shift();
    this.update();
    this.say(said(this.now.people - people));
  }

  say(text) {
    $("what-if-said").textContent = text;
  }

  undo() {
    const before = this.switches.undo.pop();
    if (!before) return;
    this.switches.choice = before;
    this.switches.last = null;
    this.update();
    this.say("");
  }

  toggle(j) {
    const { switches, words } = this;
    if (!switches.choice.on.has(j) && !switches.free(j)) {
      this.say(`${this.name(j)}${words.say("colon")}${words.say("what_if_barred")}`);
      return;
    }
    const key = switches.choice.on.has(j) ? "what_if_off" : "what_if_on";
    this.change(
      () => switches.toggle(j),
      (people) => words.say(key, { site: this.name(j), people: this.signed(people) }),
    );
  }

  take(count, kind = null) {
    this.change(() => this.switches.take(count, this.greedy), () => "", kind);
  }

  next() {
    const [j] = this.switches.best(1, [...this.switches.choice.on]);
    if (j === undefined) this.say(this.words.say("what_if_no_next"));
    else this.toggle(j);
  }

  barUnit(u) {
    const key = this.switches.choice.barredUnits.has(u) ? "what_if_unit_allowed" : "what_if_unit_barred";
    this.change(
      () => this.switches.bar(this.switches.choice.barredUnits, u),
      (people) => this.words.say(key, { unit: this.unitName(u), people: this.signed(people) }),
    );
  }

  // ---- what follows ----

  /** Figures, and the state of every place. */
  count() {
    const { switches } = this;
    const { limit, on } = switches.choice;
    this.before = switches.figures(null);
    this.planned = switches.figures(switches.planned);
    this.now = switches.figures(on);
    const published = this.data.standards[this.standard].states;
    const { covered } = this.now;
    const people = {};
    this.states = Array.from(covered, (served, i) => {
      const had = switches.today[i] <= limit;
      const plan = this.planned.covered[i];
      const lacks = published[i] === STATES.not_counted.sign ? "not_counted" : "uncovered";
      const state = served ? (had ? "covered" : plan ? "newly" : "more") : plan ? "lost" : lacks;
      people[STATES[state].sign] = (people[STATES[state].sign] || 0) + switches.people[i];
      return STATES[state].sign;
    });
    this.people = people;
  }

  update() {
    this.count();
    this.review.paintPeople();
    this.review.writeLegend();
    this.write();
  }

  // ---- on the map ----

  drawCandidates() {
    const style = { renderer: this.review.canvas.switches, interactive: false, fillOpacity: 0.95 };
    this.dots = {
      free: new Dots([], { ...style, radius: 3, weight: 1.2, color: "#4a4640", fillColor: "#ffffff" }).addTo(this.map),
      barred: new Dots([], { ...style, square: true, radius: 3, weight: 1, color: "#4a4640", fillColor: "#8d877e" }).addTo(this.map),
    };
    this.fitToZoom();
  }

  fitToZoom() {
    const step = this.review.step();
    const style = { radius: [0.9, 1.3, 2.4, 3.6, 4.6, 5.5][step], weight: [0.4, 0.7, 1, 1.2, 1.2, 1.2][step] };
    for (const dots of Object.values(this.dots)) L.setOptions(dots, style);
  }

  /** The candidate under the pointer. */
  candidateAt({ layerPoint }) {
    const { switches } = this;
    let [best, least] = [-1, NEAR_DOT];
    switches.places.forEach((place, j) => {
      if (switches.own.may[j] !== "1") return;
      const away = this.map.latLngToLayerPoint(place).distanceTo(layerPoint);
      if (away <= least) [best, least] = [j, away];
    });
    return best;
  }

  click(event) {
    const j = this.candidateAt(event);
    if (j >= 0) this.toggle(j);
  }

  paintPins() {
    const { switches, words } = this;
    const { on } = switches.choice;
    const wanted = new Set([...switches.planned, ...on]);
    for (const [j, pin] of this.pins) {
      if (wanted.has(j)) continue;
      const focused = document.activeElement === pin.getElement();
      pin.remove();
      this.pins.delete(j);
      if (focused) this.map.getContainer().focus();
    }
    for (const j of wanted) {
      if (!this.pins.has(j)) {
        const icon = L.divIcon({ className: "site switch", html: make("b", { class: "rank" }), iconSize: [26, 26] });
        const pin = L.marker(switches.places[j], { icon, pane: "pins", keyboard: true, riseOnHover: true }).addTo(this.map);
        pin.on("click", () => this.toggle(j));
        pin.getElement().addEventListener("keydown", (event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          this.toggle(j);
        });
        this.pins.set(j, pin);
      }
      const pin = this.pins.get(j);
      const element = pin.getElement();
      const [planned, open] = [switches.rank.has(j), on.has(j)];
      element.querySelector(".rank").textContent = planned ? switches.rank.get(j) : "+";
      element.classList.toggle("unbuilt", !open);
      element.classList.toggle("added", !planned);
      element.dataset.site = switches.ids[j];
      element.setAttribute("aria-pressed", open);
      const text = `${this.name(j)} · ${words.say(open ? "what_if_is_on" : "what_if_is_off")}`;
      element.title = text;
      element.setAttribute("aria-label", text);
      pin.setZIndexOffset(open ? 100 : -100);
    }
  }

  /** Parcels of the plan are filled where they are on. */
  paintOutlines() {
    const { switches, review } = this;
    switches.planned.forEach((j, s) => {
      const open = switches.choice.on.has(j) && review.after;
      const { outline } = review.sites[switches.own.plan][s];
      const fillOpacity = open ? 0.9 : 0;
      if (outline.options.fillOpacity !== fillOpacity) outline.setStyle({ fillOpacity, dashArray: open ? null : "3 4" });
    });
  }

  /** The rows of the legend about sites. */
  marks(mark) {
    const { words } = this;
    return [
      mark("chosen", words.say("what_if_planned")),
      mark("chosen unbuilt", words.say("what_if_planned_off")),
      mark("chosen added", words.say("what_if_added")),
      mark("candidate", words.say("what_if_candidate")),
      mark("candidate barred", words.say("what_if_candidate_barred")),
    ];
  }

  flyTo(j) {
    this.review.areas.show(this.at, j);
    this.review.flyTo(this.switches.places[j], CLOSE - 1);
  }

  // ---- in words ----

  name(j) {
    const { ids, names } = this.switches.plan.candidates;
    return names[j] ? `${names[j]} (${ids[j]})` : ids[j];
  }

  unitName(u) {
    const { names, ids } = this.data.units;
    return u < 0 ? this.words.say("no_unit") : names[u] || ids[u];
  }

  signed(number) {
    return `${Math.round(number) < 0 ? "−" : "+"}${whole(Math.abs(number))}`;
  }

  limitSaid() {
    const { limits } = this.switches.own;
    const { shares, as_asked } = this.data.what_if;
    const { limit } = this.switches.choice;
    const { unit, limit_m, speed_m_s, limit: own } = this.data.standards[this.standard];
    const short = (number) => Number(number.toFixed(2));
    const metres = speed_m_s ? ` = ${this.words.metres((limit_m * limits[limit]) / own)}` : "";
    const note = limit === as_asked ? this.words.say("what_if_limit_own") : `${shares[limit]} %`;
    return `${short(limits[limit])} ${this.words.say(unit)}${metres} · ${note}`;
  }

  translate() {
    const { words, data } = this;
    $("tab-what-if").hidden = false;
    $("what-if-plan").replaceChildren(
      ...data.what_if.plans.map(({ plan }, number) => {
        const { standard, sites } = data.plans[plan];
        const title = `${planTitle(words, { standard })} · ${words.say("sited", { sites: sites.length })}`;
        return make("option", { value: number, text: title });
      }),
    );
    $("what-if-plan").value = this.at;
    this.nameAfter();
    $("what-if-plan").hidden = data.what_if.plans.length < 2;
    $("what-if-filter").placeholder = words.say("what_if_filter");
    const none = make("option", { value: "", text: words.say("what_if_choose_unit", { unit: words.known(data.units.kind, words.say("unit")) }) });
    const collator = new Intl.Collator(words.language === "zh" ? "zh-CN" : "en", { numeric: true });
    const units = data.units.ids.map((_, u) => u).sort((a, b) => collator.compare(this.unitName(a), this.unitName(b)));
    $("what-if-unit").replaceChildren(none, ...units.map((u) => make("option", { value: u, text: this.unitName(u) })));
    $("what-if-bar").hidden = !units.length;
    if (this.shown) this.write();
  }

  /** The switch between today and the plan calls what is tried by its name. */
  nameAfter() {
    for (const id of ["after", "swipe-right"]) $(id).textContent = this.words.say(this.shown ? "what_if" : "after");
  }

  /** Everything in the panel that a change may touch. The element that has the focus keeps it. */
  write() {
    const focus = document.activeElement?.dataset?.key;
    this.writeFigures();
    this.writeControls();
    this.writeRows();
    this.writeUnits();
    this.paintPins();
    this.paintDots();
    this.paintOutlines();
    if (!$("what-if-export").hidden) $("what-if-text").value = this.text();
    if (focus) document.querySelector(`#what-if [data-key="${CSS.escape(focus)}"]`)?.focus();
  }

  writeFigures() {
    const { words, switches, before, planned, now } = this;
    const difference = now.people - planned.people;
    $("what-if-people").textContent = words.say("what_if_covered", { people: whole(now.people), share: percent(now.share) });
    const key = Math.round(difference) === 0 ? "what_if_same" : difference < 0 ? "what_if_less" : "what_if_more";
    $("what-if-gain").textContent = [
      words.say("what_if_today", { people: this.signed(now.people - before.people) }),
      words.say(key, { people: whole(Math.abs(difference)) }),
    ].join(words.say("list_comma"));
    $("what-if-gain").className = Math.round(difference) < 0 ? "less" : Math.round(difference) > 0 ? "better" : "";

    const three = [before, planned, now];
    const row = (label, cells, change) => [label, ...cells, change];
    const points = 100 * (now.share - planned.share);
    const share = (value) => (value === null ? "–" : (100 * value).toFixed(1));
    const rows = [
      row(words.say("what_if_people"), three.map((each) => whole(each.people)), this.signed(difference)),
      row(words.say("what_if_share"), three.map((each) => share(each.share)), `${points < -0.05 ? "−" : "+"}${Math.abs(points).toFixed(1)}`),
    ];
    if (switches.own.weights) {
      rows.push(row(words.say("what_if_weighed"), three.map((each) => whole(each.weighed)), this.signed(now.weighed - planned.weighed)));
    }
    if (now.worst) {
      rows.push(row(
        words.say("what_if_worst", { unit: words.known(this.data.units.kind, words.say("unit")) }),
        three.map(({ worst }) => `${share(worst.share)} ${worst.units > 1 ? words.say("what_if_worst_many", { units: worst.units }) : this.unitName(worst.unit)}`),
        `${now.worst.share < planned.worst.share ? "−" : "+"}${(100 * Math.abs(now.worst.share - planned.worst.share)).toFixed(1)}`,
      ));
    }
    rows.push(row(words.say("what_if_sites"), ["–", planned.sites, now.sites], this.signed(now.sites - planned.sites)));
    if (now.cost !== null) {
      const money = now.cost - planned.cost;
      rows.push(row(words.say("what_if_cost"), ["–", words.money(planned.cost), words.money(now.cost)], `${money < 0 ? "−" : "+"}${words.money(Math.abs(money))}`));
    }
    rows.push(row(words.say("what_if_area"), ["–", whole(planned.area), whole(now.area)], this.signed(now.area - planned.area)));
    const head = ["", words.say("before"), words.say("what_if_plan"), words.say("what_if_now"), words.say("what_if_change")];
    $("what-if-compare").tHead.replaceChildren(make("tr", { children: head.map((text) => make("th", { scope: "col", text })) }));
    $("what-if-compare").tBodies[0].replaceChildren(
      ...rows.map(([label, ...cells]) =>
        make("tr", { children: [make("th", { scope: "row", text: label }), ...cells.map((text) => make("td", { text }))] }),
      ),
    );
    const { budget } = switches.own;
    $("what-if-notes").replaceChildren(
      ...[
        this.proofSaid(),
        switches.plan.part && words.say("what_if_part"),
        switches.choice.limit !== switches.asAsked && words.say("what_if_limit_note"),
        budget !== null && now.cost > budget && words.say("what_if_budget", { cost: words.money(now.cost), budget: words.money(budget) }),
      ].filter(Boolean).map((text) => make("li", { text })),
    );
  }

  /** How good the plan is that everything is held against. */
  proofSaid() {
    const { words, switches } = this;
    const { plan } = switches;
    const proof = plan.part ? this.data.together.find((one) => one.number === plan.number) : plan.over_years || plan;
    const proven = proof.ending === "proven";
    if (plan.over_years) return words.say(proven ? "what_if_proven_years" : "what_if_stopped_years");
    if (plan.part) return words.say(proven ? "what_if_proven_part" : "what_if_stopped_part");
    return proven ? words.say("what_if_proven", { sites: plan.asked }) : words.say("what_if_stopped", { more: whole(plan.bound - plan.gained) });
  }

  writeControls() {
    const { words, switches } = this;
    const { choice } = switches;
    const number = $("what-if-number");
    number.max = switches.most;
    number.value = choice.on.size;
    $("what-if-number-says").textContent = `${choice.on.size}`;
    const limit = $("what-if-limit");
    limit.max = switches.own.limits.length - 1;
    limit.value = choice.limit;
    $("what-if-limit-says").textContent = this.limitSaid();
    limit.setAttribute("aria-valuetext", this.limitSaid());
    for (const button of $("what-if-order").children) {
      const chosen = (button.dataset.order === "greedy") === this.greedy;
      button.setAttribute("aria-checked", chosen);
      button.tabIndex = chosen ? 0 : -1;
    }
    $("what-if-order-says").textContent = words.say(this.greedy ? "what_if_greedy_hint" : "what_if_planned_hint", { sites: switches.planned.length });
    $("what-if-undo").disabled = !switches.undo.length;
    $("what-if-units").replaceChildren(
      ...[...choice.barredUnits].map((u) => {
        const button = make("button", { type: "button", text: `${this.unitName(u)} ×`, "data-key": `unit ${u}`, "aria-label": words.say("what_if_allow_unit", { unit: this.unitName(u) }) });
        button.addEventListener("click", () => this.barUnit(u));
        return make("li", { children: [button] });
      }),
    );
  }

  /** The sites that are on, then the candidates that would bring most; a filter finds any. */
  writeRows() {
    const { words, switches, now } = this;
    const { on } = switches.choice;
    const worths = switches.worths(now.times);
    const wanted = $("what-if-filter").value.trim().toLowerCase();
    const matching = (j) => `${this.name(j)} ${this.unitName(switches.own.unit[j])}`.toLowerCase().includes(wanted);
    const listed = switches.ids.map((_, j) => j).filter((j) => switches.own.may[j] === "1" && matching(j));
    const open = listed.filter((j) => on.has(j)).sort((a, b) => worths[b] - worths[a] || a - b);
    const others = listed.filter((j) => !on.has(j) && (wanted || switches.choice.barred.has(j) || (switches.free(j) && worths[j] > 0)));
    others.sort((a, b) => worths[b] - worths[a] || a - b);
    const dropped = switches.planned.filter((j) => !on.has(j) && matching(j)); // of the plan: always in sight
    const off = [...dropped, ...others.filter((j) => !switches.rank.has(j)).slice(0, MOST_LISTED)];
    const row = (j) => {
      const [is, barred, rank] = [on.has(j), switches.barred(j), switches.rank.get(j)];
      const box = make("input", { type: "checkbox", "data-key": `on ${j}`, "aria-label": `${this.name(j)} ${words.say("what_if_is_on")}` });
      box.checked = is;
      box.disabled = barred;
      box.addEventListener("change", () => this.toggle(j));
      const name = make("button", { type: "button", "data-key": `fly ${j}`, text: this.name(j) });
      name.addEventListener("click", () => this.flyTo(j));
      const forbid = make("button", { type: "button", class: "forbid", "data-key": `bar ${j}`, "aria-pressed": switches.choice.barred.has(j), text: words.say("what_if_forbid"), title: words.say("what_if_forbid_hint", { site: this.name(j) }) });
      forbid.addEventListener("click", () => this.change(() => switches.bar(switches.choice.barred, j)));
      const mark = rank ? make("b", { class: is ? "rank" : "rank off", text: rank }) : make("b", { class: is ? "rank" : "rank none", text: is ? "+" : "" });
      const where = make("span", { class: "hint", text: ` ${this.unitName(switches.own.unit[j])}` });
      const amount = barred ? "–" : `${is ? "−" : "+"}${whole(worths[j])}`;
      return make("tr", {
        "data-candidate": switches.ids[j],
        class: barred ? "barred" : is ? "on" : "",
        children: [
          make("td", { children: [box] }),
          make("td", { children: [mark] }),
          make("th", { scope: "row", children: [name, where] }),
          make("td", { text: amount }),
          make("td", { children: [forbid] }),
        ],
      });
    };
    const heading = (text) => make("tr", { class: "heading", children: [make("th", { colspan: 5, scope: "rowgroup", text })] });
    $("what-if-sites").tBodies[0].replaceChildren(
      heading(words.say("what_if_rows_on", { sites: open.length })),
      ...open.map(row),
      heading(words.say("what_if_rows_off", { sites: whole(others.length) })),
      ...off.map(row),
    );
  }

  /** Dots of the candidates that are off: round ones may be switched on. */
  paintDots() {
    const { switches } = this;
    const { on } = switches.choice;
    const of = { free: [], barred: [] };
    switches.places.forEach((place, j) => {
      if (!on.has(j) && !switches.rank.has(j) && switches.own.may[j] === "1") of[switches.barred(j) ? "barred" : "free"].push(place);
    });
    for (const [kind, places] of Object.entries(of)) {
      const there = this.dots[kind]._places;
      if (places.length !== there.length || places.some((place, i) => place !== there[i])) this.dots[kind].setPlaces(places);
    }
  }

  /** Which units gain and lose most against the plan. */
  writeUnits() {
    const { words, planned, now } = this;
    const changes = this.data.units.ids.map((_, u) => ({ u, people: now.units[u] - planned.units[u] }));
    const losing = changes.filter(({ people }) => people < -0.5).sort((a, b) => a.people - b.people);
    const gaining = changes.filter(({ people }) => people > 0.5).sort((a, b) => b.people - a.people);
    const line = ({ u, people }) => {
      const name = make("button", { type: "button", "data-key": `change ${u}`, text: this.unitName(u) });
      name.addEventListener("click", () => this.review.flyToUnit(u));
      return make("li", { children: [name, make("b", { text: this.signed(people) })] });
    };
    $("what-if-changes").replaceChildren(
      ...[["what_if_losing", losing], ["what_if_gaining", gaining]].filter(([, some]) => some.length).flatMap(([key, some]) => [
        make("h2", { text: words.say(key, { units: some.length }) }),
        make("ul", { class: "changes", children: some.slice(0, MOST_UNITS).map(line) }),
      ]),
    );
  }

  // ---- to the scenario ----

  /** The choice as a variant, with what a run of it will say. */
  text() {
    const { words, data, switches } = this;
    const { people, gained } = switches.exported();
    const says = [
      `${words.title(data.title, data.scenario)} · ${planTitle(words, switches.plan)}`,
      words.say("what_if_expected", { people: whole(people), gained: whole(gained) }),
      words.say("what_if_how"),
    ];
    return variantOf(switches, data.what_if.shares, says);
  }

  showText() {
    $("what-if-text").value = this.text();
    $("what-if-export").hidden = false;
  }

  save() {
    this.showText();
    const link = make("a", { download: "what-if.yaml" });
    link.href = URL.createObjectURL(new Blob([$("what-if-text").value], { type: "text/yaml" }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  connect() {
    const { map } = this;
    map.on("zoomend", () => { if (this.shown) this.fitToZoom(); });
    $("what-if-plan").addEventListener("change", (event) => this.choose(Number(event.target.value)));
    $("what-if-number").addEventListener("input", (event) => this.take(Number(event.target.value), "number"));
    $("what-if-limit").addEventListener("input", (event) => {
      this.change(({ choice }) => { choice.limit = Number(event.target.value); }, () => "", "limit");
    });
    this.review.connectChoice($("what-if-order"), (button) => {
      this.greedy = button.dataset.order === "greedy";
      this.take(this.switches.choice.on.size);
    });
    $("what-if-next").addEventListener("click", () => this.next());
    $("what-if-undo").addEventListener("click", () => this.undo());
    $("what-if-back").addEventListener("click", () => this.change((switches) => switches.reset()));
    $("what-if-none").addEventListener("click", () => this.change(({ choice }) => choice.on.clear()));
    $("what-if-unit").addEventListener("change", (event) => {
      const u = event.target.value;
      event.target.value = "";
      if (u !== "" && !this.switches.choice.barredUnits.has(Number(u))) this.barUnit(Number(u));
    });
    $("what-if-filter").addEventListener("input", () => this.writeRows());
    $("what-if-save").addEventListener("click", () => this.save());
    $("what-if-show").addEventListener("click", () => this.showText());
  }
}
