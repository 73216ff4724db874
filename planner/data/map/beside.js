"use strict";
// What is left and right of the line: today, the plan, or another plan that was worked out, and their figures.

const SIDES = ["left", "right"];
const MOST_EXCHANGED = 8; // sites that are named one by one

class Beside {
  constructor(review) {
    Object.assign(this, { review, map: review.map, data: review.data, drawn: [] });
    this.chosen = { left: "today", right: "plan" };
    this.states = new Map();
    for (const side of SIDES) {
      const pane = this.map.createPane(`${side}-sites`);
      pane.style.zIndex = this.map.getPane("pins").style.zIndex;
      pane.style.pointerEvents = "none";
      $(`beside-${side}`).addEventListener("change", (event) => this.choose(side, event.target.value));
    }
  }

  get words() {
    return this.review.words;
  }

  /** Whether the reader may choose: not while something is tried, or schools are shown. */
  get shown() {
    const { swipe, whatIf, catchments } = this.review;
    return Boolean(swipe?.on) && !whatIf?.shown && !catchments?.shown && this.entries.length > 0;
  }

  /** What there is of the standard, today and the plan first. */
  get entries() {
    return this.data.beside.filter((one) => one.standard === this.review.measured.id);
  }

  key({ kind, of, plan }) {
    return plan === null ? kind : `${kind} ${plan} ${of}`;
  }

  /** What a side shows; today and the plan where the standard has nothing else of that name. */
  entry(side) {
    const { entries } = this;
    return entries.find((one) => this.key(one) === this.chosen[side]) || entries.find((one) => one.kind === (side === "left" ? "today" : "plan"));
  }

  choose(side, key) {
    this.chosen[side] = key;
    this.review.show();
  }

  // ---- on the map ----

  /** The states of the places on a side, and whether plans are built there; nothing where the reader may not choose. */
  look(side) {
    const entry = this.shown && this.entry(side);
    if (!entry) return null;
    if (entry.kind === "today") return { states: this.review.measured.states, after: false };
    return { states: this.statesOf(entry).states, after: true };
  }

  /** Who is painted how with another plan, and how many people each state has. */
  statesOf(entry) {
    const { measured } = this.review;
    if (entry.kind === "plan" || entry.kind === "today") return measured;
    if (!this.states.has(entry)) {
      const { covered, newly, more, lost } = STATES;
      const states = [...measured.states];
      const planned = (state) => state === covered.sign || state === newly.sign;
      const people = { ...measured.people };
      placesIn(entry.differs).forEach((place) => {
        const state = states[place];
        states[place] = planned(state) ? lost.sign : more.sign;
        people[state] -= this.data.what_if.people[place];
        people[states[place]] = (people[states[place]] || 0) + this.data.what_if.people[place];
      });
      this.states.set(entry, { states, people });
    }
    return this.states.get(entry);
  }

  /** What a side has of the sites for the standard: numbers of those of the plan, what it drops, what it adds. */
  sitesOf(entry) {
    if (entry.kind === "today") return { kept: [], dropped: [], added: [] };
    const dropped = new Set(entry.dropped);
    const found = { kept: [], dropped: [], added: entry.added.map((id) => ({ id, plan: entry.plan })) };
    this.data.plans.forEach((plan, p) => {
      if (plan.standard !== entry.standard) return;
      plan.sites.forEach((site, s) => {
        const out = entry.plan === p && dropped.has(site.id);
        found[out ? "dropped" : "kept"].push({ id: site.id, plan: p, s });
      });
    });
    return found;
  }

  place({ id, plan, s }) {
    if (s !== undefined) return this.review.sites[plan][s].marker.getLatLng();
    return this.candidate(id, plan).place;
  }

  candidate(id, plan) {
    const { ids, names, kinds, area_m2, steps } = this.data.plans[plan].candidates;
    const i = ids.indexOf(id);
    this.places ??= this.data.plans.map(() => null);
    this.places[plan] ??= positions(steps, SITE);
    return { id, name: names[i], kind: kinds[i], area_m2: area_m2[i], place: this.places[plan][i] };
  }

  /** Sites of a side that shows something else than it does without a choice. */
  drawSites(side) {
    const entry = this.entry(side);
    const { kept, dropped, added } = this.sitesOf(entry);
    const renderer = new Canvas({ pane: `${side}-sites`, padding: 0.2 });
    const outlines = (some, style) => {
      const rings = some.flatMap(({ plan, s }) => shape(this.data.plans[plan].sites[s].traces, SITE));
      if (rings.length) this.drawn.push(L.polygon(rings, { renderer, interactive: false, color: "#111111", weight: 1.5, fillColor: "#F0E442", ...style }).addTo(this.map));
    };
    outlines(kept, { fillOpacity: 0.9 });
    outlines(dropped, { fill: false, dashArray: "3 4" });
    this.drawn.push(renderer);
    const pin = (site, name, says) => {
      const text = site.s === undefined ? "+" : site.s + 1;
      const icon = L.divIcon({ className: `site ${name}`, html: make("b", { class: "rank", text }), iconSize: [26, 26] });
      const marker = L.marker(this.place(site), { icon, pane: `${side}-sites`, keyboard: true, riseOnHover: true }).addTo(this.map);
      const plan = this.data.plans[site.plan];
      const card = () => (site.s === undefined ? candidateCard(this.words, this.candidate(site.id, site.plan)) : siteCard(this.words, plan, plan.sites[site.s], site.s + 1));
      marker.bindPopup(card, { minWidth: 270, maxWidth: 290, autoPanPaddingTopLeft: [10, 70] });
      const element = marker.getElement();
      element.title = `${site.id} · ${says}`;
      element.setAttribute("aria-label", element.title);
      element.dataset.site = site.id;
      this.drawn.push(marker);
    };
    for (const site of dropped) pin(site, "unbuilt gone", this.words.say("beside_dropped"));
    for (const site of kept) pin(site, "", this.words.title(entry.title, ""));
    for (const site of added) pin(site, "switch added", this.words.say("beside_added"));
  }

  /** Everything that follows from what is chosen. */
  show() {
    for (const layer of this.drawn) layer.remove();
    this.drawn = [];
    const { shown } = this;
    $("beside").hidden = !shown;
    $("swipe-left").textContent = this.words.say("before");
    if (!this.review.whatIf?.shown) $("swipe-right").textContent = this.words.say("after");
    const plain = !shown || this.entry("right").kind === "plan";
    for (const name of ["switches", "pins"]) this.map.getPane(name).style.visibility = plain ? "" : "hidden";
    if (!shown) return;
    if (this.entry("left").kind !== "today") this.drawSites("left");
    if (!plain) this.drawSites("right");
    this.review.swipe.cut();
    this.write();
  }

  // ---- in words ----

  /** What a reader of the legend must know besides: of which side its figures are, and the signs of sites. */
  legend(mark) {
    if (!this.shown) return [];
    const { kept, dropped, added } = this.sitesOf(this.entry("right"));
    return [
      ...(kept.length ? [mark("chosen", this.words.say("chosen"))] : []),
      ...(dropped.length ? [mark("chosen unbuilt gone", this.words.say("beside_dropped"))] : []),
      ...(added.length ? [mark("chosen added", this.words.say("beside_added"))] : []),
    ];
  }

  write() {
    const { words, entries } = this;
    for (const side of SIDES) {
      const chooser = $(`beside-${side}`);
      const option = (one) => make("option", { value: this.key(one), text: words.title(one.title, "") });
      const kinds = [...new Set(entries.filter(({ plan }) => plan !== null).map(({ kind }) => kind))];
      chooser.replaceChildren(
        ...entries.filter(({ plan }) => plan === null).map(option),
        ...kinds.map((kind) => make("optgroup", { label: words.say(`beside_${kind}`), children: entries.filter((one) => one.kind === kind).map(option) })),
      );
      chooser.value = this.key(this.entry(side));
      $(`swipe-${side}`).textContent = words.title(this.entry(side).title, "");
    }
    this.writeFigures(...SIDES.map((side) => this.entry(side)));
  }

  writeFigures(left, right) {
    const { words, data } = this;
    const points = (number) => (Math.abs(number) < 0.005 ? "0" : `${number < 0 ? "−" : "+"}${Math.abs(number).toFixed(2)}`);
    const share = (value) => (100 * value).toFixed(1);
    const { units } = data;
    const worst = ({ worst }) => `${share(worst.share)} ${worst.units > 1 ? words.say("what_if_worst_many", { units: worst.units }) : units.names[worst.unit] || units.ids[worst.unit]}`;
    const both = [left, right];
    const rows = [
      [words.say("what_if_people"), ...both.map((one) => whole(one.people)), signed(Math.round(right.people) - Math.round(left.people))],
      [words.say("what_if_share"), ...both.map((one) => share(one.share)), points(100 * (right.share - left.share))],
    ];
    if (left.worst.unit >= 0) {
      const label = words.say("what_if_worst", { unit: words.known(units.kind, words.say("unit")) });
      rows.push([label, ...both.map(worst), points(100 * (right.worst.share - left.worst.share))]);
    }
    rows.push([words.say("what_if_sites"), ...both.map((one) => one.sites), signed(right.sites - left.sites)]);
    const costs = both.map((one) => (one.kind === "today" ? 0 : one.cost));
    if (both.some((one) => one.cost !== null)) {
      const told = costs.map((cost, b) => (cost === null || both[b].kind === "today" ? "–" : words.money(cost)));
      const more = costs[1] - costs[0];
      const difference = costs.includes(null) ? "–" : more ? `${more < 0 ? "−" : "+"}${words.money(Math.abs(more))}` : "0";
      rows.push([words.say("what_if_cost"), ...told, difference]);
    }
    const head = ["", ...both.map((one) => words.title(one.title, "")), words.say("what_if_change")];
    $("beside-table").tHead.replaceChildren(make("tr", { children: head.map((text) => make("th", { scope: "col", text })) }));
    $("beside-table").tBodies[0].replaceChildren(
      ...rows.map(([label, ...cells]) =>
        make("tr", { children: [make("th", { scope: "row", text: label }), ...cells.map((text) => make("td", { text }))] }),
      ),
    );
    this.writeExchanged(left, right);
  }

  /** Which sites both sides have, and which one of them alone. */
  writeExchanged(left, right) {
    const { words } = this;
    const open = (entry) => {
      const { kept, added } = this.sitesOf(entry);
      return new Map([...kept, ...added].map((site) => [site.id, site]));
    };
    const [here, there] = [open(left), open(right)];
    const only = (one, other) => [...one.values()].filter(({ id }) => !other.has(id));
    const line = (key, sites, named) => {
      const text = words.say(key, { sites: sites.length });
      const buttons = sites.slice(0, named ? MOST_EXCHANGED : 0).map((site) => {
        const button = make("button", { type: "button", text: site.id });
        button.addEventListener("click", () => this.review.flyTo(this.place(site), CLOSE - 1));
        return button;
      });
      const more = named && sites.length > MOST_EXCHANGED ? [words.say("beside_more", { more: sites.length - MOST_EXCHANGED })] : [];
      return make("li", { children: [make("span", { text }), ...buttons, ...more] });
    };
    const both = [...here.values()].filter(({ id }) => there.has(id));
    const today = [left, right].some(({ kind }) => kind === "today");
    $("beside-sites").replaceChildren(
      ...(today ? [] : [line("beside_kept", both, false), line("beside_dropped_sites", only(here, there), true), line("beside_added_sites", only(there, here), true)]),
    );
    $("beside-note").textContent = [left, right].some(({ cost }) => cost !== null) && this.data.plans.some(({ part, standard }) => part && standard === left.standard) ? words.say("beside_whole_cost") : "";
  }
}

/** The places of a list of steps from one to the next. */
function placesIn({ count, steps }) {
  const places = numbersIn(steps, count);
  for (let i = 1; i < count; i++) places[i] += places[i - 1];
  return places;
}
