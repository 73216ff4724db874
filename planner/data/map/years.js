"use strict";
// The years of a plan on a slider: the sites that are open by then, whom they cover, and what is spent.

class Years {
  constructor(review) {
    Object.assign(this, { review, map: review.map, data: review.data, at: null, of: null });
    this.looks = new Map();
    $("year").addEventListener("input", (event) => this.choose(Number(event.target.value)));
  }

  get words() {
    return this.review.words;
  }

  /** The first plan for the standard shown that has years, and what each of them is like. */
  get plan() {
    const { beside, plans } = this.data;
    const { id } = this.review.measured;
    const p = plans.findIndex((plan, at) => plan.standard === id && beside.some(({ kind, plan: own }) => kind === "year" && own === at));
    if (p < 0) return null;
    return { p, plan: plans[p], entries: beside.filter(({ kind, plan }) => kind === "year" && plan === p) };
  }

  /** Whether the slider stands on the map: not beside a line, what is tried, or schools. */
  get shown() {
    const { swipe, whatIf, catchments } = this.review;
    return !swipe?.on && !whatIf?.shown && !catchments?.shown && this.plan !== null;
  }

  /** The year between today and the last one that is shown; nothing where it is one of these. */
  get entry() {
    return this.at !== null && this.shown ? this.plan.entries[this.at] : null;
  }

  /** 0 is today; the last year is the plan. */
  choose(position) {
    const { entries } = this.plan;
    this.at = position > 0 && position < entries.length ? position - 1 : null;
    this.review.after = position > 0;
    this.review.show();
  }

  // ---- on the map ----

  /** The states of the places in the year that is shown, and how many people each has. */
  look() {
    const { entry } = this;
    if (!entry) return null;
    if (!this.looks.has(entry)) {
      const { covered, newly, uncovered } = STATES;
      const { measured } = this.review;
      const states = [...measured.states];
      const people = { ...measured.people };
      for (const place of placesIn(entry.differs)) {
        const state = states[place];
        const then = [covered.sign, newly.sign].includes(state) ? uncovered.sign : covered.sign; // covered by what closes later
        people[state] -= this.data.what_if.people[place];
        people[then] += this.data.what_if.people[place];
        states[place] = then;
      }
      this.looks.set(entry, { states, people });
    }
    return this.looks.get(entry);
  }

  /** Whether a site of a plan opens only after the year that is shown. */
  later(p, site) {
    return this.entry !== null && this.plan.p === p && site.phase > this.at + 1;
  }

  // ---- in words ----

  show() {
    const { measured } = this.review;
    if (this.of !== measured.id || this.review.whatIf?.shown || !this.review.after) this.at = null;
    this.of = measured.id;
    $("years").hidden = !this.shown;
    if (this.shown) this.write();
  }

  write() {
    const { words, review } = this;
    const { plan, entries } = this.plan;
    const { before, total } = review.measured.walk;
    const position = !review.after ? 0 : this.at === null ? entries.length : this.at + 1;
    const names = [words.say("before"), ...plan.years.map(({ name }) => name)];
    const slider = $("year");
    slider.max = entries.length;
    slider.value = position;
    $("year-name").textContent = names[position];
    $("year-marks").replaceChildren(...names.map((text) => make("li", { text })));
    const year = plan.years[position - 1];
    const entry = entries[position - 1];
    const people = entry ? entry.people : before;
    const sited = plan.years.slice(0, position).reduce((sum, { opened }) => sum + opened, 0);
    const pairs = [
      [words.say("what_if_people"), `${whole(people)} · ${percent(people / total)}`],
      [words.say(Object.keys(plan.weights).length ? "years_newly_weighed" : "years_newly"), signed(year ? year.newly : 0)],
      [words.say("years_sites"), words.say("years_so_far", { now: year ? year.opened : 0, so_far: `${sited} / ${plan.sites.length}` })],
    ];
    if (plan.years.every(({ so_far }) => so_far !== null)) {
      pairs.push([words.say("what_if_cost"), words.say("years_so_far", { now: words.money(year ? year.cost : 0), so_far: words.money(year ? year.so_far : 0) })]);
    }
    slider.setAttribute("aria-valuetext", `${names[position]}${words.say("colon")}${pairs.map((pair) => pair.join(" ")).join(words.say("list_comma"))}`);
    $("year-figures").replaceChildren(...pairs.flatMap(([term, value]) => [make("dt", { text: term }), make("dd", { text: value })]));
  }
}
