"use strict";
// Who is covered, whichever sites are on: the embedded reach, read and counted. Draws nothing.

const ZERO = 48; // the character that stands for 0, see planner/maps/what_if.py
const AT_NONE = 15; // of the limits
const TWICE = 2; // as many sites as the plan has may be tried

/** One number a character. */
const stepsIn = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0) - ZERO);

/** Numbers of one character or more, the lowest five bits first. */
function numbersIn(text, count) {
  const found = new Int32Array(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    for (let shift = 0, more = true; more; shift += 5) {
      const digit = text.charCodeAt(at++) - ZERO;
      found[i] |= (digit & 31) << shift;
      more = digit > 31;
    }
  }
  return found;
}

/** The candidates of one plan as switches. What is switched stands in `choice`; everything else follows from it. */
class Switches {
  constructor(data, number) {
    const { people, unit_of, plans, as_asked } = data.what_if;
    const own = plans[number];
    Object.assign(this, { own, people, unitOf: unit_of, asAsked: as_asked, plan: data.plans[own.plan] });
    this.unitCount = data.units.ids.length;
    this.weights = own.weights || people;
    this.ids = this.plan.candidates.ids;
    this.area = this.plan.candidates.area_m2;
    this.count = this.ids.length;
    this.start = new Int32Array(this.count + 1);
    own.counts.forEach((pairs, j) => { this.start[j + 1] = this.start[j] + pairs; });
    this.place = numbersIn(own.places, this.start[this.count]);
    this.reached = stepsIn(own.reached);
    for (let j = 0, pair = 0, step = 0; j < this.count; j++) {
      for (let place = 0; pair < this.start[j + 1]; pair++) {
        this.place[pair] = place += this.place[pair];
        this.reached[pair] = step = (step + this.reached[pair]) & AT_NONE;
      }
    }
    for (const name of ["today", "earlier", "others"]) this[name] = stepsIn(own[name]);
    const at = new Map(this.ids.map((id, j) => [id, j]));
    this.planned = this.plan.sites.map((site) => at.get(site.id));
    this.rank = new Map(this.planned.map((j, rank) => [j, rank + 1]));
    this.forbidden = own.forbid.filter((id) => at.has(id)).map((id) => at.get(id));
    this.reset();
  }

  /** The plan as it is. */
  reset() {
    this.choice = { on: new Set(this.planned), limit: this.asAsked, barred: new Set(this.forbidden), barredUnits: new Set() };
  }

  barred(j) {
    return this.choice.barred.has(j) || this.choice.barredUnits.has(this.own.unit[j]);
  }
  /** Whether a site may be switched on: large enough, nobody else's, not forbidden. */
  free(j) {
    return this.own.may[j] === "1" && !this.barred(j);
  }

  // ---- what the reader does ----

  toggle(j) {
    const { on } = this.choice;
    if (on.has(j)) on.delete(j);
    else if (this.free(j)) on.add(j);
  }

  bar(set, member) {
    if (set.has(member)) set.delete(member);
    else set.add(member);
    for (const j of [...this.choice.on]) if (this.barred(j)) this.choice.on.delete(j);
  }

  /** The first so many sites of an order: the plan's own, then the best next one each time; or that from the start. */
  take(count, greedy) {
    const first = greedy ? [] : this.planned.filter((j) => this.free(j)).slice(0, count);
    this.choice.on = new Set([...first, ...this.best(count - first.length, first)]);
  }

  /** How many sites may be tried at most. */
  get most() {
    let free = 0;
    for (let j = 0; j < this.count; j++) free += this.free(j);
    return Math.min(free, Math.max(TWICE * this.planned.length, this.choice.on.size));
  }

  // ---- what follows ----

  /** How many of these sites reach each place at the limit of the choice. */
  reachedBy(sites) {
    const times = new Uint16Array(this.people.length);
    for (const j of sites) {
      for (let pair = this.start[j]; pair < this.start[j + 1]; pair++) {
        if (this.reached[pair] <= this.choice.limit) times[this.place[pair]]++;
      }
    }
    return times;
  }

  /** What a place would count if it were covered now. */
  lacking(times) {
    const { limit } = this.choice;
    return Float64Array.from(this.weights, (weight, i) => (times[i] || this.others[i] <= limit ? 0 : weight));
  }

  /** The places that reach a candidate at one of the limits, the nearest or not. */
  reaching(j, limit) {
    const found = [];
    for (let pair = this.start[j]; pair < this.start[j + 1]; pair++) if (this.reached[pair] <= limit) found.push(this.place[pair]);
    return found;
  }

  /** What of an amount of each place a candidate reaches. */
  sumOf(amount, j) {
    let sum = 0;
    for (let pair = this.start[j]; pair < this.start[j + 1]; pair++) {
      if (this.reached[pair] <= this.choice.limit) sum += amount[this.place[pair]];
    }
    return sum;
  }

  /** What each candidate would bring; of one that is on, what would be lost without it. */
  worths(times) {
    const lacking = this.lacking(times);
    const alone = Float64Array.from(this.weights, (weight, i) => (times[i] === 1 && this.others[i] > this.choice.limit ? weight : 0));
    return Float64Array.from(this.ids, (_, j) => this.sumOf(this.choice.on.has(j) ? alone : lacking, j));
  }

  /**
   * The best next site, again and again; fewer where none brings anything. Of equal ones the first.
   * What a site brings only falls as others open, so most need not be looked at again.
   */
  best(count, open) {
    const found = [];
    if (count <= 0) return found;
    const lacking = this.lacking(this.reachedBy(open));
    const most = Float64Array.from(this.ids, (_, j) => (this.free(j) && !open.includes(j) ? this.sumOf(lacking, j) : 0));
    const asOf = new Int32Array(this.count);
    while (found.length < count) {
      let j = 0;
      for (let other = 1; other < this.count; other++) if (most[other] > most[j]) j = other;
      if (!(most[j] > 0)) break;
      if (asOf[j] < found.length) {
        most[j] = this.sumOf(lacking, j);
        asOf[j] = found.length;
        continue;
      }
      found.push(j);
      most[j] = 0;
      for (let pair = this.start[j]; pair < this.start[j + 1]; pair++) {
        if (this.reached[pair] <= this.choice.limit) lacking[this.place[pair]] = 0;
      }
    }
    return found;
  }

  /** Figures of some sites at the limit of the choice; without any, of today. */
  figures(sites, { times = this.reachedBy(sites || []), beside = sites ? this.others : this.today } = {}) {
    const { limit } = this.choice;
    const units = new Float64Array(this.unitCount + 1);
    const covered = new Uint8Array(this.people.length);
    let people = 0;
    let weighed = 0;
    for (let i = 0; i < covered.length; i++) {
      if (!times[i] && beside[i] > limit) continue;
      covered[i] = 1;
      people += this.people[i];
      weighed += this.weights[i];
      units[this.unitOf[i]] += this.people[i];
    }
    const sum = (each) => (each && sites ? [...sites].reduce((total, j) => total + each[j], 0) : null);
    return {
      times, covered, people, weighed, units,
      sites: sites ? [...sites].length : null,
      share: people / this.total,
      worst: this.worst(units),
      cost: sum(this.own.cost),
      area: sum(this.area),
    };
  }

  get total() {
    return this.people.reduce((sum, people) => sum + people, 0);
  }

  /** The least share of any unit, the first unit of that share, and how many have it; none where nobody lives in any. */
  worst(covered) {
    if (!this.livingIn) {
      this.livingIn = new Float64Array(this.unitCount + 1);
      this.people.forEach((people, i) => { this.livingIn[this.unitOf[i]] += people; });
    }
    let worst = null;
    for (let unit = 0; unit < this.unitCount; unit++) {
      if (!this.livingIn[unit]) continue;
      const share = covered[unit] / this.livingIn[unit];
      if (worst === null || share < worst.share) worst = { unit, share, units: 0 };
      if (share === worst.share) worst.units++;
    }
    return worst;
  }

  /** What a run of the exported variant finds: the people covered beside what then stands, and what its plan gains. */
  exported() {
    const sites = [...this.choice.on];
    const before = this.figures(null, { beside: this.earlier });
    const after = this.figures(sites, { beside: this.earlier });
    return { people: after.people, gained: after.weighed - before.weighed };
  }
}

/** YAML's words for text: JSON's, which it reads too. */
const quoted = (text) => JSON.stringify(text);

/** A variant of the scenario that asks for these sites and no others. `says` stands above it, line by line. */
function variantOf(switches, shares, says) {
  const { ask, limits, cost, budget } = switches.own;
  const { on, limit } = switches.choice;
  const chosen = [...on].sort((a, b) => a - b);
  const ids = (sites) => `[${sites.map((j) => quoted(switches.ids[j])).join(", ")}]`;
  const barred = switches.ids.map((_, j) => j).filter((j) => switches.own.may[j] === "1" && switches.barred(j));
  const tooDear = budget !== null && chosen.reduce((sum, j) => sum + cost[j], 0) > budget;
  const changes = new Map();
  for (const [key, value] of ask.changes) {
    if (key === ask.question || key.startsWith(`${ask.question}.`)) continue;
    changes.delete(key); // the last of two counts, in its place
    changes.set(key, value);
  }
  if (limit !== switches.asAsked) {
    const own = { ...ask.override, limit: limits[limit], reason: `tried on the review map, ${shares[limit]} % of the limit` };
    changes.delete("standards.overrides");
    changes.set("standards.overrides", `[${[...ask.overrides, quoted(own)].join(", ")}]`);
  }
  const lines = [
    ...[...changes].map(([key, value]) => `${key}: ${value}`),
    `${ask.question}:`,
    "  question: cover_most_people",
    `  standard: ${quoted(switches.plan.standard)}`,
    ...ask.asks.filter(([key]) => key !== "budget" || !tooDear).map(([key, value]) => `  ${key}: ${value}`),
    `  new_sites: ${chosen.length || ask.asked || switches.planned.length}`,
    `  must_keep: ${ids(chosen)}`,
    `  forbid: ${ids(barred)}`,
  ];
  const comment = (text) => `# ${text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, " ")}`; // a title must not end its line
  return [...says.map(comment), "variants:", "  what-if:", ...lines.map((line) => `    ${line}`), ""].join("\n");
}
