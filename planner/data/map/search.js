"use strict";
// Finds sites, candidates, units and facilities by name, id or the first letters of their pinyin, and flies there.

const MOST_FOUND = 12;
// The first character of each letter in the order of pinyin, which the browser knows.
const LETTERS = "abcdefghjklmnopqrstwxyz";
const FIRST_OF = "阿八嚓哒妸发旮哈讥咔垃痳拏噢妑七呥扨它穵夕丫帀";
const byPinyin = new Intl.Collator("zh-CN-u-co-pinyin");

/** The letter a Chinese character begins with in pinyin; Latin letters and digits are themselves, others nothing. */
function initialOf(character) {
  if (/[a-z0-9]/i.test(character)) return character.toLowerCase();
  if (!/\p{Script=Han}/u.test(character)) return "";
  let letter = "";
  for (let i = 0; i < LETTERS.length && byPinyin.compare(FIRST_OF[i], character) <= 0; i++) letter = LETTERS[i];
  return letter;
}

/** "人民公园" → "rmgy"; of a character with several readings the one that it is sorted by. */
const initialsOf = (text) => [...text].map(initialOf).join("");

/** The place of a match among others, the best first; nothing where it is none. */
function rankOf({ name, id, initials }, wanted) {
  const [named, known] = [name.toLowerCase(), id.toLowerCase()];
  const fits = [known === wanted, named.startsWith(wanted), named.includes(wanted), initials.startsWith(wanted), known.includes(wanted)];
  const rank = fits.indexOf(true);
  return rank < 0 ? null : rank;
}

class Search {
  constructor(review) {
    Object.assign(this, { review, data: review.data, found: [], at: -1, ring: null });
    this.connect();
  }

  /** Everything with a name or an id, once: nobody may search at all. */
  get entries() {
    if (!this.all) this.all = [...this.listed()].map((entry) => ({ ...entry, initials: initialsOf(entry.name) }));
    return this.all;
  }

  *listed() {
    const { data, review } = this;
    const listed = new Set();
    for (const [p, plan] of data.plans.entries()) {
      for (const [s, site] of plan.sites.entries()) {
        listed.add(site.id);
        const [lon, lat] = site.lonlat;
        yield { kind: "site", name: site.name, id: site.id, more: plan.service, go: () => this.toSite(p, s, L.latLng(lat, lon)) };
      }
    }
    for (const [u, id] of data.units.ids.entries()) {
      yield { kind: "unit", name: data.units.names[u], id, go: () => review.flyToUnit(u) };
    }
    for (const [at, { question, stage }] of (review.catchments?.stages ?? []).entries()) {
      for (const [i, { id, name }] of question.schools.entries()) {
        if (!stage.figures[i + 1] || listed.has(id)) continue;
        listed.add(id);
        yield { kind: "school", name, id, go: () => this.toSchool(at, i) };
      }
    }
    for (const [service, { ids, names, traces }] of Object.entries(data.services)) {
      for (const [f, id] of ids.entries()) {
        if (traces[f].length && !listed.has(id)) yield { kind: "standing", name: names[f], id, more: service, go: () => this.toFacility(service, f, traces[f]) };
      }
    }
    for (const candidate of review.candidateList) {
      if (!listed.has(candidate.id)) yield { ...candidate, kind: "candidate", go: () => this.toCandidate(candidate) };
    }
  }

  // ---- to what was found ----

  toSchool(at, i) {
    const { review } = this;
    review.showTab($("tab-schools"));
    review.catchments.chooseStage(at);
    review.catchments.flyTo(i);
  }

  /** Zones of schools hide what else is found. */
  leaveSchools() {
    if (this.review.catchments?.shown) this.review.showTab($("tab-overview"));
  }

  toSite(p, s, place) {
    this.leaveSchools();
    if (this.review.whatIf?.shown) this.fly(place);
    else this.review.flyToSite(p, s);
  }

  toCandidate(candidate) {
    this.leaveSchools();
    this.fly(candidate.place, this.review.whatIf?.shown ? null : () => this.review.openCandidate(candidate));
  }

  /** A facility is drawn with the first standard of its service. */
  toFacility(service, f, traces) {
    const { review, data } = this;
    this.leaveSchools();
    const index = data.standards.findIndex((one) => one.service === service);
    if (!review.whatIf?.shown && index >= 0 && review.measured.service !== service) review.chooseStandard(index);
    const place = L.latLngBounds(shape(traces).flat()).getCenter();
    if (review.measured.service === service) review.areas.ofFacility(f, place);
    this.fly(place);
  }

  fly(place, open = null) {
    const { map, canvas } = this.review;
    const style = { renderer: canvas.facilities, interactive: false, radius: 17, color: "#111111", weight: 3, fill: false };
    this.ring = L.circleMarker(place, style).addTo(map);
    this.review.flyTo(place, CLOSE, open);
  }

  // ---- in words ----

  kindOf({ kind, more }) {
    const { words } = this.review;
    const said = kind === "unit" ? words.known(this.data.units.kind, words.say("unit")) : words.say({ site: "site", school: "school", candidate: "candidate", standing: "search_standing" }[kind]);
    return more ? `${said} · ${words.service(more)}` : said;
  }

  look() {
    const wanted = $("search").value.trim().toLowerCase();
    const ranked = wanted ? this.entries.map((entry) => [rankOf(entry, wanted), entry]).filter(([rank]) => rank !== null) : [];
    ranked.sort(([a], [b]) => a - b); // equal ones stay as they are: sites, units, facilities, candidates
    this.found = ranked.slice(0, MOST_FOUND).map(([, entry]) => entry);
    this.at = -1;
    const { words } = this.review;
    const rows = this.found.map((entry, i) => {
      const name = make("b", { text: entry.name || entry.id });
      const more = make("span", { class: "hint", text: [entry.name && entry.id, this.kindOf(entry)].filter(Boolean).join(" · ") });
      const row = make("li", { role: "option", id: `found-${i}`, "aria-selected": false, children: [name, more] });
      row.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
      row.addEventListener("click", () => this.choose(i));
      return row;
    });
    const rest = ranked.length - this.found.length;
    const note = !wanted ? "" : !ranked.length ? words.say("search_none") : rest ? words.say("search_more", { more: whole(rest) }) : "";
    if (note) rows.push(make("li", { class: "hint", role: "presentation", text: note }));
    $("found").replaceChildren(...rows);
    $("found-said").textContent = wanted ? words.say("search_found", { count: whole(ranked.length) }) : "";
    this.show(rows.length > 0);
  }

  show(shown) {
    $("found").hidden = !shown;
    $("search").setAttribute("aria-expanded", shown);
    if (!shown) $("search").removeAttribute("aria-activedescendant");
  }

  mark(at) {
    this.at = at;
    this.found.forEach((_, i) => $(`found-${i}`).setAttribute("aria-selected", i === at));
    $(`found-${at}`).scrollIntoView({ block: "nearest" });
    $("search").setAttribute("aria-activedescendant", `found-${at}`);
  }

  choose(i) {
    const entry = this.found[i];
    if (!entry) return;
    this.show(false);
    this.ring?.remove();
    this.review.map.closePopup();
    entry.go();
  }

  connect() {
    const box = $("search");
    box.addEventListener("input", () => this.look());
    box.addEventListener("focus", () => this.look());
    box.addEventListener("blur", () => this.show(false));
    box.addEventListener("keydown", (event) => {
      const { length } = this.found;
      if (event.key === "Enter") this.choose(Math.max(0, this.at));
      else if (event.key === "Escape") this.show(false);
      else if (["ArrowDown", "ArrowUp"].includes(event.key) && length) {
        event.preventDefault();
        if ($("found").hidden) this.look();
        this.mark(event.key === "ArrowDown" ? (this.at + 1) % length : (Math.max(this.at, 0) + length - 1) % length);
      }
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.target.matches("input, textarea, select")) return;
      event.preventDefault();
      if (document.body.classList.contains("folded")) this.review.fold(false);
      box.focus();
    });
  }
}
