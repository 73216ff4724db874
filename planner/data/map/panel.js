"use strict";
// The panel beside the map. Whatever comes from data is set as text, never as markup.

const MOST_ROWS = 300; // of the table; a table of ten thousand rows makes the page slow

const $ = (id) => document.getElementById(id);

/** An element with a class, some text or children, and attributes. */
function make(tag, { text, children = [], ...attributes } = {}) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return element;
}

/** Text with its {gaps} filled. */
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (gap, name) => (name in values ? values[name] : gap));

/** What the panel says, in the words of the chosen language. */
class Words {
  constructor(data, language) {
    Object.assign(this, { data, language });
  }
  /** A label, its {gaps} filled. */
  say(key, values = {}) {
    return filled(this.data.labels[this.language][key], values);
  }
  /** A title that the data carries in one or both languages. */
  title(titles, otherwise) {
    return titles[this.language] || Object.values(titles).find(Boolean) || otherwise;
  }
  known(key, otherwise) {
    return key in this.data.labels[this.language] ? this.say(key) : otherwise;
  }
  service(service) {
    return this.known(`service_${service}`, service);
  }
  people(number) {
    return `${whole(number)} ${this.say("people")}`;
  }
  /** What a plan gains: people, or hectares of residential land. */
  gain(plan, number) {
    return plan.unit === "land" ? `${this.amount(plan, number)} ${this.say("land")}` : this.people(number);
  }
  amount(plan, number) {
    return plan.unit === "land" ? (number / 10000).toFixed(2) : whole(number);
  }
  /** A label in the words of what a plan gains. */
  of(plan, key, values = {}) {
    return this.say(plan.unit === "land" ? `${key}_land` : key, values);
  }
  /** Money in the unit of the labels. */
  money(number) {
    const [unit, maximumFractionDigits] = this.language === "zh" ? [1e4, 1] : [1e6, 3];
    return (number / unit).toLocaleString("en-US", { maximumFractionDigits });
  }
  metres(number) {
    return `${whole(number)} ${this.say("m")}`;
  }
  /** "300 m", or "15 min, walking at 0.8 m/s = 720 m". */
  limit(standard) {
    const limit = `${standard.limit} ${this.say(standard.unit)}`;
    if (!standard.speed_m_s) return limit;
    return `${limit}${this.language === "zh" ? "，" : ", "}${this.say("speed")} ${standard.speed_m_s} m/s = ${this.metres(standard.limit_m)}`;
  }
}

/** "rule-set P5 City health examination · 城市体检 2022". */
function ruleSet(words) {
  const { id, title, document } = words.data.rule_set;
  const name = make("span", { class: "long", text: ` ${words.title(title, "")}` });
  return make("span", { text: `${words.say("rule_set")} ${id}`, children: [name, ` · ${document}`] });
}

const thousands = new Intl.NumberFormat("en-US"); // made once: toLocaleString makes one each time
const whole = (number) => thousands.format(Math.round(number));
const signed = (number) => (Math.round(number) ? `${number < 0 ? "−" : "+"}${whole(Math.abs(number))}` : "0");
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const area = (words, square_m) => (square_m > 0 ? `${whole(square_m)} ${words.say("area_unit")}` : "–");

/** Everything that depends on the language alone. */
function writeFixedWords(words) {
  const { data } = words;
  document.documentElement.lang = words.language === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("[data-label]")) element.textContent = words.say(element.dataset.label);
  for (const element of document.querySelectorAll("[data-aria]")) {
    element.setAttribute("aria-label", words.say(element.dataset.aria));
  }
  for (const button of $("languages").children) {
    button.setAttribute("aria-pressed", button.dataset.language === words.language);
  }
  const title = words.title(data.title, data.scenario);
  document.title = title;
  $("title").textContent = title;
  const facts = [
    data.city,
    `${words.say("population")} ${whole(data.population)} (${data.population_base})`,
    data.data_date && `${words.say("data_date")} ${data.data_date}`,
  ].filter(Boolean);
  $("subtitle").replaceChildren(...facts.map((text) => make("span", { text })));
  if (data.rule_set) $("subtitle").append(ruleSet(words));
  $("banner").hidden = !data.synthetic;
  $("banner").textContent = words.say("synthetic");
  $("unit-filter").placeholder = words.say("filter_units");
  $("search").placeholder = words.say("search_short");
  $("search").title = words.say("search");
  $("whole-city").title = words.say("whole_city");
  $("before").title = $("after").title = words.say("before_after_hint");
  const sites = data.plans.reduce((sum, plan) => sum + plan.sites.length, 0);
  if (sites) $("tab-sites").textContent += ` ${sites}`;
  if (data.units.names.length) $("tab-units").textContent += ` ${data.units.names.length}`;
  const reviewed = data.map_number ? `${words.say("map_number")} ${data.map_number}` : words.say("no_map_number");
  $("credit-own").textContent = [data.attribution, words.say("schematic"), reviewed, `${data.scenario} ${data.stamp}`].join(" · ");
}

/** One row a standard: its figures before and after; a radio button for what the map shows. */
function writeStandards(words) {
  const { data } = words;
  $("standards").replaceChildren(
    ...data.standards.map((standard) => {
      const { walk, straight } = standard;
      const change = ({ share_before, share_after }) => [...new Set([share_before, share_after].map(percent))].join(" → ");
      const counts = (measured) =>
        measured.before === measured.after
          ? words.people(measured.before)
          : `${whole(measured.before)} → ${words.people(measured.after)}`;
      const bar = make("span", { class: "bar", "aria-hidden": "true" });
      const piece = (name, share) => {
        const part = make("i", { class: name });
        part.style.width = `${100 * share}%`; // a property, not markup: the page's policy lets it pass
        return part;
      };
      const nothing = data.services[standard.service]?.ids.length === 0;
      bar.append(piece("covered", walk.share_before), piece("newly", Math.max(0, walk.share_after - walk.share_before)));
      return make("button", {
        type: "button",
        role: "radio",
        "data-standard": standard.id,
        children: [
          make("span", { class: "name", text: words.title(standard.title, standard.id) }),
          make("span", { class: "share", text: change(walk) }),
          bar,
          ...(nothing ? [make("span", { class: "hint", text: words.say("none_in_data") })] : []),
          make("span", { class: "ways", children: [
            make("span", { children: [make("span", { text: words.say("walk") }), make("span", { text: counts(walk) })] }),
            make("span", {
              children: [
                make("span", { text: words.say("straight") }),
                make("span", { text: change(straight), children: [make("span", { class: "more", text: ` · ${counts(straight)}` })] }),
              ],
            }),
          ] }),
        ],
      });
    }),
  );
}

/** The title of the standard that a plan is for. */
function planTitle(words, plan) {
  const standard = words.data.standards.find((one) => one.id === plan.standard);
  return standard ? words.title(standard.title, standard.id) : plan.standard;
}

/** What a person of each group counts for a plan; nothing where everybody counts once. */
function weightsHint(words, plan) {
  const said = Object.entries(plan.weights).map(([group, weight]) => `${group} × ${weight}`);
  return said.length ? [make("p", { class: "hint", text: words.say("weighed", { groups: said.join(", ") }) })] : [];
}

/** One of several services on the same land: its sites and who gains; how good that is, the whole says. */
function partOfWhole(words, plan) {
  return make("div", {
    class: "plan part",
    children: [
      make("p", {
        class: "big",
        text: `${words.service(plan.service)}${words.say("colon")}${words.say("sited", { sites: plan.sites.length })} · +${words.gain(plan, plan.gained)}`,
      }),
      make("p", { class: "hint", text: planTitle(words, plan) }),
      ...weightsHint(words, plan),
      ...(plan.asked !== null && plan.asked > plan.parcels
        ? [make("p", { class: "hint", text: words.say("part_asked_more", { asked: plan.asked }) })]
        : []),
    ],
  });
}

/** What the services on the same land come to, how good that provably is, what it costs, and where each is present. */
function wholePlan(words, plan) {
  const proven = plan.ending === "proven";
  const more = whole(plan.bound - plan.gained);
  const money = plan.budget === null ? words.say("costs", { cost: whole(plan.cost) })
    : words.say("costs_of", { cost: whole(plan.cost), budget: whole(plan.budget) });
  const present = plan.services.filter((one) => one.units).map((one) =>
    make("p", {
      class: "hint",
      text: words.say("present_in", {
        what: planTitle(words, one),
        now: one.units - one.missing.length,
        units: one.units,
        before: one.present_before,
      }),
    }));
  return make("div", {
    class: "plan whole",
    children: [
      make("p", { class: "big", text: words.say("together", { services: plan.services.length }) }),
      make("p", { class: proven ? "ending proven" : "ending stopped", text: words.say(proven ? "together_proven" : "together_stopped", { more }) }),
      make("p", { class: "hint", text: `+${words.people(plan.gained)} · ${words.say("gap")} ${(100 * plan.gap).toFixed(2)} %` }),
      ...(plan.cost > 0 || plan.budget !== null ? [make("p", { class: "hint", text: money })] : []),
      make("p", {
        class: "hint",
        text: words.say("exchange", {
          rates: plan.services.map((one) => `${words.service(one.service)} ${one.weight}`).join(words.say("list_comma")),
        }),
      }),
      ...present,
    ],
  });
}

/** The plan's figures, ending in words that say how good it provably is. */
function writePlan(words) {
  const { data } = words;
  const plans = data.plans.map((plan) => {
    if (plan.part) return partOfWhole(words, plan);
    const over = plan.over_years; // it is the person-years that are proven, not the people in the end
    const proven = (over ?? plan).ending === "proven";
    const ending = over
      ? words.say(proven ? "proven_years" : "stopped_years", { more: whole(over.bound - over.gained) })
      : proven
        ? words.of(plan, "proven", { sites: plan.asked })
        : words.of(plan, "stopped", { more: words.amount(plan, plan.bound - plan.gained) });
    const bound = over ? `${whole(over.bound)} ${words.say("person_years")}` : words.gain(plan, plan.bound);
    return make("div", {
      class: "plan",
      children: [
        make("p", {
          class: "big",
          text: `${words.say("sited", { sites: plan.sites.length })} · +${words.gain(plan, plan.gained)}`,
        }),
        ...(plan.asked > plan.parcels
          ? [make("p", { class: "hint", text: words.of(plan, "asked_more", { asked: plan.asked }) })]
          : []),
        make("p", {
          class: "hint",
          text: `${words.known(plan.question, plan.question)}${words.say("colon")}${planTitle(words, plan)}`,
        }),
        ...weightsHint(words, plan),
        make("p", { class: proven ? "ending proven" : "ending stopped", text: ending }),
        make("p", {
          class: "hint",
          text: `${words.say("bound")} ${bound} · ${words.say("gap")} ${(100 * (over ?? plan).gap).toFixed(2)} %`,
        }),
      ],
    });
  });
  plans.unshift(...data.together.map((whole) => wholePlan(words, whole)));
  if (!plans.length && !data.schools.length) plans.push(make("p", { class: "hint", text: words.say("no_plans") }));
  $("plan").replaceChildren(...plans);
  $("assumptions").replaceChildren(...list(words.say("assumptions"), data.assumptions));
}

/** A list of terms and what stands beside them. */
function facts(pairs) {
  return make("dl", {
    children: pairs.flatMap(([term, value]) => [make("dt", { text: term }), make("dd", { text: value })]),
  });
}

/** A heading and its points; nothing where there are none. */
function list(heading, points) {
  if (!points.length) return [];
  return [make("h2", { text: heading }), make("ul", { children: points.map((text) => make("li", { text })) })];
}

/** Why a site is where it is: who gains, who has only it, and what they have today. */
function whyHere(words, plan, site) {
  if (!(site.gained > 0)) return words.say("why_none");
  return words.say("why_here", {
    gained: words.gain(plan, site.gained),
    standard: planTitle(words, plan),
    only: words.gain(plan, site.only),
    nearest: site.nearest_m === null ? "> 2 km" : words.metres(site.nearest_m),
  });
}

/** What a reviewer asks of one site; lines of which nothing is known are left out. */
function siteFacts(words, plan, site) {
  const rank = plan.sites.indexOf(site) + 1;
  const loses = site.loses === null ? "" : site.loses === 0 ? "0" : `${site.loses < 0 ? "+" : "−"}${words.gain(plan, Math.abs(site.loses))}`;
  const { tasks } = site;
  return [
    make("p", { class: "why", text: whyHere(words, plan, site) }),
    facts([
      [words.say("rank"), words.say(site.year ? "rank_years" : "rank_gained", { rank, all: plan.sites.length })],
      [words.of(plan, "gained"), words.gain(plan, site.gained)],
      [words.of(plan, "only"), words.gain(plan, site.only)],
      ...(site.loses === null ? [] : [[words.say("replaced_by"), `${site.replaced_by || words.say("no_replacement")} (${loses})`]]),
      ...(site.survives === null ? [] : [[words.say("survives"), `${Math.round(100 * site.survives)} %`]]),
      ...(site.area_m2 > 0 ? [[words.say("area"), area(words, site.area_m2)]] : []),
      ...(site.kind ? [[words.say("kind"), site.kind]] : []),
      ...(site.cost === null ? [] : [[words.say("what_if_cost"), words.money(site.cost)]]),
      ...(site.year ? [[words.say("opens"), `${site.year} · ${words.say("phase", { phase: site.phase })}`]] : []),
      [words.say("nearest_today"), site.nearest_m === null ? `> 2 km` : words.metres(site.nearest_m)],
      ...(words.data.units.ids.length ? [[words.say("unit_of_site"), site.unit || words.say("no_unit")]] : []),
      ...(tasks ? [[words.say("responsible"), tasks.owners.join(words.say("list_comma")) || "–"], [words.say("tasks_of_unit"), `${tasks.done} / ${tasks.all}`]] : []),
      ...(site.with.length ? [[words.say("also_here"), site.with.map((service) => words.service(service)).join(words.say("list_comma"))]] : []),
    ]),
    ruleStatus(words, plan, site),
  ];
}

/** Which rules a site meets, and by how much it falls short of the others, each with its document and clause. */
function ruleStatus(words, plan, site) {
  const { rule_sets: tests, standards } = words.data;
  const source = ({ document, clause }) => [document, clause === "-" ? "" : clause].filter(Boolean).join(" · ");
  const line = (meets, name, by, rule) =>
    make("li", {
      class: meets ? "meets" : "misses",
      children: [make("b", { text: `${meets ? "✓" : "✗"} ${name}` }), make("span", { text: by ? ` ${by}` : "" }), make("span", { class: "hint", text: ` ${source(rule)}` })],
    });
  const own = standards.find((one) => one.id === plan.standard);
  const least = own?.min_area_m2 ? `${words.say("minimum_area")} ${area(words, own.min_area_m2)}` : "";
  const rules = own ? [line(site.area_m2 >= own.min_area_m2, words.title(own.title, own.id), least, own)] : [];
  const shorts = site.short || [];
  rules.push(...shorts.map((short, r) => line(!short, `${tests[r].id} ${words.title(tests[r].title, "")}`, short ? words.title(short, "") : "", tests[r])));
  const met = shorts.filter((short) => !short).length;
  const text = shorts.length ? words.say("rules_of_site", { met, all: shorts.length }) : words.say("rule_of_site");
  return make("details", { class: "rules-of-site", children: [make("summary", { text }), make("ul", { children: rules })] });
}

const siteName = (site) => (site.name ? `${site.name} (${site.id})` : site.id);

function siteCard(words, plan, site, rank) {
  return make("div", {
    class: "card",
    "data-site": site.id,
    children: [
      make("h3", { children: [make("b", { class: "rank", text: rank }), make("span", { text: siteName(site) })] }),
      make("p", { class: "hint", text: words.service(plan.service) }),
      ...siteFacts(words, plan, site),
    ],
  });
}

/** What tells one candidate from the others: `must_keep` and `forbid` of a scenario ask for its id. */
function candidateCard(words, candidate) {
  const { id, name, kind, area_m2 } = candidate;
  const pairs = [
    [words.say("id"), id],
    [words.say("kind"), kind || "–"],
    [words.say("area"), area(words, area_m2)],
  ];
  return make("div", {
    class: "card",
    "data-candidate": id,
    children: [
      make("h3", { text: name || words.say("candidate") }),
      ...(name ? [make("p", { class: "hint", text: words.say("candidate") })] : []),
      facts(pairs),
      make("p", { class: "hint", text: words.say("id_hint") }),
    ],
  });
}

/** The chosen sites by plan, a card each; its heading flies there. */
function writeSites(words, fly) {
  const plans = words.data.plans.map((plan, p) => {
    const cards = plan.sites.map((site, s) => {
      const heading = make("button", {
        type: "button",
        children: [make("b", { class: "rank", text: s + 1 }), make("span", { text: siteName(site) })],
      });
      const card = make("li", { class: "card", "data-site": site.id, children: [heading, ...siteFacts(words, plan, site)] });
      card.querySelector("details").addEventListener("click", (event) => event.stopPropagation());
      card.addEventListener("click", () => fly(p, s)); // the heading's own clicks and keys arrive here too
      return card;
    });
    return make("section", {
      children: [make("h2", { text: planTitle(words, plan) }), make("ol", { children: cards })],
    });
  });
  $("site-list").replaceChildren(...plans);
}

/** A row of the table: who lives there, and how many are covered before and after. */
function unitRow(id, name, people, before, after) {
  const share = (covered) => (people > 0 ? covered / people : null);
  return { id, name, people, before, after, share_before: share(before), share_after: share(after) };
}

/** The rows of the table for one standard, a unit each. */
function unitRows(data, standard) {
  const { people, before, after } = standard.units;
  const row = (id, u) => ({ u, ...unitRow(id, data.units.names[u] || id, people[u], before[u], after[u]) });
  return data.units.ids.map(row);
}

/** The rows that complete the sum: the people in no unit, where there are any, and everybody. */
function closingRows(words, standard) {
  const { people, before, after } = standard.units;
  const last = people.length - 1; // see Coverage.by_unit
  const some = last > 0 && people[last] > 0;
  const outside = some ? [unitRow("outside", words.say("outside_units"), people[last], before[last], after[last])] : [];
  const { walk } = standard;
  return [...outside, unitRow("total", words.say("total"), walk.total, walk.before, walk.after)];
}

const COLUMNS = ["name", "people", "before", "share_before", "after", "share_after"];

/** The table's headings, each a button that sorts. */
function writeUnitHead(words, sort) {
  const { data } = words;
  const heading = {
    name: words.known(data.units.kind, words.say("unit")),
    people: words.say("people_column"),
    before: words.say("before"),
    after: words.say("after"),
    share_before: "%",
    share_after: "%",
  };
  const long = { share_before: words.say("share_before"), share_after: words.say("share_after") };
  const cells = COLUMNS.map((column) => {
    const button = make("button", { type: "button", text: heading[column], title: long[column] || heading[column] });
    button.addEventListener("click", () => sort(column));
    return make("th", { scope: "col", "data-column": column, children: [button] });
  });
  $("unit-table").tHead.replaceChildren(make("tr", { children: cells }));
}

/** The table's rows, sorted and filtered. Units where nobody lives come last, whatever the order. */
function writeUnitRows(words, standard, { column, falling }, flyToUnit) {
  const wanted = $("unit-filter").value.trim().toLowerCase();
  const matching = (row) => `${row.name} ${row.id}`.toLowerCase().includes(wanted);
  const rows = unitRows(words.data, standard).filter(matching);
  const collator = new Intl.Collator(words.language === "zh" ? "zh-CN" : "en", { numeric: true });
  rows.sort((a, b) => {
    if (column === "name") return (falling ? -1 : 1) * collator.compare(a.name, b.name) || a.u - b.u;
    if ((a[column] === null) !== (b[column] === null)) return a[column] === null ? 1 : -1;
    return (falling ? -1 : 1) * (a[column] - b[column]) || a.u - b.u;
  });
  for (const cell of $("unit-table").tHead.rows[0].cells) {
    const sorted = cell.dataset.column === column;
    cell.setAttribute("aria-sort", sorted ? (falling ? "descending" : "ascending") : "none");
  }
  const share = (value) => (value === null ? "–" : (100 * value).toFixed(1));
  const line = (row, name) => {
    const better = row.after > row.before ? { class: "better" } : {};
    return make("tr", {
      "data-unit": row.id,
      children: [
        make("th", { scope: "row", ...name }),
        make("td", { text: whole(row.people) }),
        make("td", { text: whole(row.before) }),
        make("td", { text: share(row.share_before) }),
        make("td", { text: whole(row.after), ...better }),
        make("td", { text: share(row.share_after), ...better }),
      ],
    });
  };
  $("unit-table").tBodies[0].replaceChildren(
    ...rows.slice(0, MOST_ROWS).map((row) => {
      const flying = line(row, { children: [make("button", { type: "button", text: row.name })] });
      flying.addEventListener("click", () => flyToUnit(row.u));
      return flying;
    }),
  );
  const closing = closingRows(words, standard).filter((row) => row.id === "total" || matching(row));
  $("unit-table").tFoot.replaceChildren(...closing.map((row) => line(row, { text: row.name })));
  const cut = rows.length > MOST_ROWS ? words.say("shown_first", { shown: MOST_ROWS, all: whole(rows.length) }) : "";
  const none = wanted && !rows.length && closing.length === 1;
  $("unit-rest").textContent = none ? words.say("no_match") : cut;
}

/** A cell of a sheet in words: of a pair, what was and what the plan makes of it. */
function cellText(words, kind, cell) {
  if (kind === "words") return cell === null || typeof cell === "string" ? (cell ?? "–") : words.title(cell, "");
  const said = (value) => (value === null ? "–" : kind === "share" ? percent(value).replace(" ", "\u00a0") : whole(value));
  if (!Array.isArray(cell)) return said(cell);
  const [before, after] = cell.map(said);
  return before === after ? before : `${before}\u00a0→ ${after}`; // a line may end behind the arrow
}

/** One table a sheet; a row with something behind it opens. */
function writeSheets(words) {
  const sheets = words.data.sheets.map((sheet) => {
    const head = sheet.columns.map(({ title }) => make("th", { scope: "col", text: words.title(title, "") }));
    const rows = sheet.rows.slice(0, MOST_ROWS).flatMap((row, r) => {
      const [first, ...others] = row.map((cell, c) => cellText(words, sheet.columns[c].kind, cell));
      const cells = others.map((text) => make("td", { text }));
      const line = make("tr", { children: [make("th", { scope: "row", text: first }), ...cells] });
      const behind = sheet.more[r] || [];
      if (!behind.length) return [line];
      const points = make("ul", { children: behind.map((text) => make("li", { text: words.title(text, "") })) });
      const summary = make("summary", { text: filled(words.title(sheet.behind, ""), { count: behind.length }) });
      const details = make("details", { children: [summary, points] });
      return [line, make("tr", { class: "behind", children: [make("td", { colspan: row.length, children: [details] })] })];
    });
    const cut = sheet.rows.length > MOST_ROWS;
    return make("section", {
      "data-sheet": sheet.id,
      children: [
        make("h2", { text: words.title(sheet.title, sheet.id) }),
        make("p", { class: "hint", text: words.title(sheet.note, "") }),
        make("div", { class: "wide", role: "region", "aria-label": words.title(sheet.title, sheet.id), children: [
          make("table", { class: "figures", children: [
            make("thead", { children: [make("tr", { children: head })] }),
            make("tbody", { children: rows }),
          ] }),
        ] }),
        ...(cut ? [make("p", { class: "hint", text: words.say("rows_in_file", { shown: MOST_ROWS, all: whole(sheet.rows.length), file: `${sheet.id}.csv` }) })] : []),
      ],
    });
  });
  $("tab-sheets").hidden = !sheets.length;
  $("sheets").replaceChildren(...sheets);
}

/** Where everything comes from: documents, data, what was left out, and which run this is. */
function writeAbout(words) {
  const { data } = words;
  const confidence = (one) => words.known(`confidence_${one.confidence}`, one.confidence);
  const cited = (one, name, limit) => {
    const year = `${one.document} ${one.clause}`.includes(one.edition) ? "" : one.edition;
    return make("li", {
      children: [
        make("b", { text: name }),
        make("span", { text: limit ? ` · ${limit}` : "" }),
        make("br"),
        make("span", { text: [one.document, one.clause, year].filter(Boolean).join(" · ") }),
        make("br"),
        make("span", {
          class: one.check_first ? "check" : "hint",
          text: `${one.check_first ? "⚠ " : ""}${words.say("confidence")}${words.say("colon")}${confidence(one)}`,
        }),
        make("span", { class: "hint", text: one.reason ? ` · ${words.say("override_reason")}: ${one.reason}` : "" }),
      ],
    });
  };
  const rules = data.standards.map((one) => {
    const floor = one.min_area_m2 ? ` · ${words.say("minimum_area")} ${area(words, one.min_area_m2)}` : "";
    return cited(one, words.title(one.title, one.id), words.limit(one) + floor);
  });
  if (data.rule_set) rules.push(cited(data.rule_set, `${words.say("rule_set")} ${data.rule_set.id} ${words.title(data.rule_set.title, "")}`, ""));
  const left = data.left_out.map(([id, name, reason]) => `${name || words.say("unnamed")} (${id}): ${reason}`);
  const more = data.left_out_count - data.left_out.length;
  if (more > 0) left.push(words.say("and_more", { more: whole(more) }));
  const simplified = data.simplified.map(({ layer, count, cell_m }) =>
    layer === "places"
      ? words.say("simplified_places", { count: whole(count), side: cell_m })
      : words.say("simplified_base", { layer: words.known(`layer_${layer}`, layer), count: whole(count) }),
  );
  const pairs = (mapping) => Object.entries(mapping).map(([name, value]) => `${name}: ${value}`);
  $("about").replaceChildren(
    make("h2", { text: words.say("rules") }),
    make("ul", { class: "rules", children: rules }),
    ...list(words.say("notes"), [...data.notes, ...simplified]),
    ...list(words.say("left_out"), left),
    ...list(words.say("inputs"), pairs(data.inputs)),
    ...list(words.say("versions"), pairs(data.versions)),
    ...list(words.say("run_stamp"), [
      `${words.say("scenario")} ${data.scenario} · ${data.stamp}`,
      `${words.say("map_number")} ${data.map_number || `– · ${words.say("no_map_number")}`}`,
      data.attribution,
    ]),
  );
}
