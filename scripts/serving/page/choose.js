// Which model for a dataset: the ranking, accuracy against cost, and three side by side.
import { list, recommend } from "./api.js";
import { address, go } from "./app.js";
import { download, el, facts, field, problem, say, select, table } from "./dom.js";
import * as format from "./format.js";
import { interval, pareto } from "./plot.js";

const PAGE = 50;
const BUDGETS = { gmacs: "GMACs", parameters: "M parameters", time: "ms an image" };
const COLUMNS = ["rank", "model", "family", "predicted", "lower", "upper", "best", "regret", "cost", "front", "measured", "parameters", "gmacs", "input_size", "licence", "twins"];
const BEST_FIRST = new Set(["predicted", "best", "measured"]);

export async function showChoose(root, settings) {
  const [choices, datasets] = await Promise.all([list("choices"), list("datasets")]);
  const chosen = { ...settings };
  if (!chosen.dataset && !chosen.describe && !chosen.folder) chosen.dataset = datasets.datasets[0] ? datasets.datasets[0].dataset : "";
  const place = el("div", { id: "result" });
  root.replaceChildren(
    el("h1", {}, "Which model for my dataset?"),
    el("p", { class: "lead" }, "Pick a dataset of the zoo, or describe yours. Every published model is ranked by the accuracy to expect of it, with its 90 % interval."),
    askForm(chosen, choices, datasets.datasets),
    place,
  );
  await showRanking(place, chosen, choices);
}

function askForm(chosen, choices, datasets) {
  const describing = Boolean(chosen.describe);
  const names = el("datalist", { id: "datasets" }, datasets.slice(0, 2000).map((row) => el("option", { value: row.dataset })));
  const dataset = el("input", { name: "dataset", list: "datasets", value: chosen.dataset || "", autocomplete: "off", required: !describing });
  const protocols = [["", "as it was measured"], ...choices.protocols.map((kind) => [kind.name, kind.description])];
  const costs = [["", "GMACs, where known"], ["parameters", "Parameters"], ["gmacs", "GMACs"], ["time", "Time an image"]];
  const unit = el("span", { id: "budget-unit" }, BUDGETS[chosen.cost || "gmacs"]);
  const budget = el("input", { name: "budget", type: "number", min: 0, step: "any", value: chosen.budget || "", placeholder: "no limit" });
  const cost = select("cost", costs, chosen.cost);
  cost.addEventListener("change", () => { budget.value = ""; unit.textContent = BUDGETS[cost.value || "gmacs"]; });
  const utility = el("input", { type: "range", name: "utility", min: 0, max: 1, step: 0.05, value: chosen.utility || 1 });
  const devices = choices.devices.map((name) => [name, name.replaceAll("_", " ")]);
  const parts = describing
    ? [
        field("Label words, one a line or with commas", el("textarea", { name: "labels", rows: 2 }, chosen.labels || ""), true),
        field("Classes, where you give no words", el("input", { name: "classes", type: "number", min: 2, max: 100000, value: chosen.classes || "" })),
        field("Images of each class", el("input", { name: "per_class", type: "number", min: 1, max: 1000000, value: chosen.per_class || "" })),
        field("Kind of images", el("input", { name: "domain", list: "domains", value: chosen.domain || "" })),
        el("datalist", { id: "domains" }, choices.domains.map((name) => el("option", { value: name }))),
      ]
    : [field("Dataset", dataset, true), names];
  const folders = choices.folders.length ? [field("Or a folder of this server", select("folder", [["", "none"], ...choices.folders.map((name) => [name, name])], chosen.folder))] : [];
  const form = el("form", { class: "ask", onsubmit: (event) => { event.preventDefault(); submit(form, chosen, describing); } },
    ...parts,
    ...(describing ? [] : folders),
    field("How it is transferred", select("protocol", protocols, chosen.protocol)),
    field("Cost", cost),
    field(["Budget: at most ", unit], budget),
    field("Device of times", select("device", devices, chosen.device || "rtx_4090_amp")),
    field("What counts: cost … accuracy", utility),
    el("button", { class: "main", type: "submit" }, "Rank models"),
    el("button", { type: "button", onclick: () => go(describing ? { protocol: chosen.protocol } : { describe: 1, classes: 10, per_class: 100, protocol: chosen.protocol || "head" }) }, describing ? "Pick a dataset instead" : "Describe a dataset instead"),
  );
  if (describing) {
    let waiting;
    form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => submit(form, chosen, true), 900); });
  }
  return form;
}

function submit(form, chosen, describing) {
  const given = Object.fromEntries(new FormData(form));
  const kept = Object.fromEntries(FILTERS.filter((name) => chosen[name]).map((name) => [name, chosen[name]]));
  if (given.device === "rtx_4090_amp") delete given.device;
  if (Number(given.utility) === 1) delete given.utility;
  if (given.folder) delete given.dataset;
  const next = { ...(describing ? { describe: 1 } : {}), ...given, ...kept };
  if (describing) {
    go(next, true);
    const place = document.getElementById("result");
    list("choices").then((choices) => showRanking(place, next, choices));
  } else go(next);
}

const FILTERS = ["search", "family", "licence", "objective", "max_params", "max_gmacs", "max_input", "measured", "on_front"];

function question(chosen) {
  const asked = { top: 0, protocol: chosen.protocol || null, cost: chosen.cost || null, utility: Number(chosen.utility || 1) };
  if (chosen.device) asked.device = chosen.device;
  if (chosen.folder) asked.folder = chosen.folder;
  else if (chosen.describe) {
    const labels = [...new Set((chosen.labels || "").split(/[\n,]/).map((word) => word.trim()).filter(Boolean))];
    const card = { labels };
    if (chosen.domain) card.domain = chosen.domain;
    const classes = labels.length || Number(chosen.classes) || null;
    if (classes) card.num_classes = classes;
    if (Number(chosen.per_class)) {
      card.samples_per_class = Number(chosen.per_class);
      if (classes) card.num_samples = Math.round(classes * card.samples_per_class);
    }
    asked.card = card;
  } else asked.dataset = chosen.dataset;
  return asked;
}

let latest = 0;

async function showRanking(place, chosen, choices) {
  const mine = ++latest;
  if (place.firstChild) place.classList.add("waiting");
  else place.replaceChildren(el("p", { class: "quiet" }, "Weighing the records …"));
  let answer;
  try {
    answer = await recommend(question(chosen));
  } catch (error) {
    if (error.name === "AbortError" || mine !== latest) return;
    place.classList.remove("waiting");
    place.replaceChildren(problem(error));
    return;
  }
  if (mine !== latest) return;
  place.classList.remove("waiting");
  new Ranking(place, chosen, choices, answer);
}

// A ranking that is filtered, sorted and compared here; the server is asked anew only for what it must work out.
class Ranking {
  constructor(place, chosen, choices, answer) {
    Object.assign(this, { place, chosen, choices, answer });
    this.picked = new Set((chosen.compare || "").split(",").filter(Boolean).map(decodeURIComponent));
    this.sort = { key: chosen.sort || "rank", down: chosen.down === "1" };
    this.show = Number(chosen.show) || PAGE;
    this.among = null;
    this.list = el("div");
    this.compare = el("div");
    this.plot = el("div");
    this.count = el("p", { class: "quiet", "aria-live": "polite" });
    place.replaceChildren(this.heading(), this.filters(), this.count, el("div", { class: "columns ranking" }, this.plot, this.compare), this.list, this.notes());
    document.getElementById("budget-unit").textContent = BUDGETS[answer.cost.name]; // where few costs of one kind are known, it is another
    this.draw();
  }

  heading() {
    const { answer } = this;
    const described = this.choices.protocols.find((kind) => kind.name === answer.protocol);
    const metric = this.choices.metrics.find((kind) => kind.name === answer.metric);
    const name = this.chosen.describe ? "the dataset that you describe" : answer.dataset;
    const linked = this.chosen.describe || this.chosen.folder ? name : el("a", { href: address("dataset", answer.dataset) }, name);
    return el("h2", {}, "Models for ", linked, `: ${metric ? metric.description : answer.metric}, ${described ? described.description : answer.protocol}`);
  }

  filters() {
    const { chosen, choices } = this;
    const one = (names, all) => [["", all], ...names.map((name) => [name, name])];
    const number = (name, title, unit) => field(unit ? `${title} (${unit})` : title, el("input", { name, type: "number", min: 0, step: "any", value: chosen[name] || "" }));
    const families = [...new Set(this.answer.candidates.map((row) => row.family).filter(Boolean))].sort();
    const licences = [...new Set(this.answer.candidates.map((row) => row.licence).filter(Boolean))].sort();
    const form = el("form", { class: "ask", onsubmit: (event) => event.preventDefault(), oninput: () => this.filter(form) },
      field("Name contains", el("input", { name: "search", type: "search", value: chosen.search || "" })),
      field("Family", select("family", one(families, "all"), chosen.family)),
      field("Licence", select("licence", one(licences, "all"), chosen.licence)),
      number("max_params", "Most parameters", "M"),
      number("max_gmacs", "Most GMACs"),
      number("max_input", "Largest input", "px"),
      el("label", { class: "check" }, el("input", { type: "checkbox", name: "measured", value: 1, checked: chosen.measured === "1" }), "measured here"),
      el("label", { class: "check" }, el("input", { type: "checkbox", name: "on_front", value: 1, checked: chosen.on_front === "1" }), "on the front"),
    );
    this.form = form;
    const open = FILTERS.some((name) => chosen[name]);
    return el("details", { class: "more", open }, el("summary", {}, "Filters"), form);
  }

  filter(form) {
    const given = Object.fromEntries(new FormData(form));
    for (const name of FILTERS) delete this.chosen[name];
    for (const [name, value] of Object.entries(given)) if (value) this.chosen[name] = value;
    this.show = PAGE;
    delete this.chosen.show;
    this.remember();
    this.draw();
  }

  remember() {
    this.chosen.compare = [...this.picked].map(encodeURIComponent).join(",");
    go(this.chosen, true);
  }

  passing() {
    const { chosen } = this;
    const words = (chosen.search || "").toLowerCase().split(/\s+/).filter(Boolean);
    const most = (limit, value) => !limit || (value !== null && value <= limit);
    const [params, gmacs, input] = [Number(chosen.max_params) * 1e6, Number(chosen.max_gmacs), Number(chosen.max_input)];
    const budget = Number(chosen.budget) * (this.answer.cost.name === "parameters" ? 1e6 : 1);
    return this.answer.candidates.filter((row) => words.every((word) => row.model.toLowerCase().includes(word))
      && (!chosen.family || row.family === chosen.family) && (!chosen.licence || row.licence === chosen.licence)
      && most(budget, row.cost) && most(params, row.parameters) && most(gmacs, row.gmacs) && most(input, row.input_size)
      && (!chosen.measured || row.measured_runs > 0) && (!chosen.on_front || row.front));
  }

  order(key) {
    const down = this.sort.key === key ? !this.sort.down : BEST_FIRST.has(key);
    this.sort = { key, down };
    this.chosen.sort = key;
    this.chosen.down = down ? "1" : "";
    this.remember();
    this.draw();
    say(`Sorted by ${key}.`);
  }

  pick(model) {
    if (this.picked.has(model)) this.picked.delete(model);
    else {
      if (this.picked.size === 3) this.picked.delete([...this.picked][0]);
      this.picked.add(model);
    }
    this.remember();
    this.draw();
    say(`${this.picked.size} of 3 are compared.`);
  }

  draw() {
    const rows = this.passing();
    const { key, down } = this.sort;
    const sign = down ? -1 : 1;
    rows.sort((a, b) => {
      const [x, y] = [a[key], b[key]];
      if (x === null || y === null) return (x === null) - (y === null);
      return sign * (typeof x === "string" ? x.localeCompare(y) : x - y);
    });
    this.rows = rows;
    const all = this.answer.num_candidates;
    const among = rows.length < all ? ` Chance of best and regret are among all ${format.whole(all)}.` : "";
    this.count.textContent = `${format.whole(rows.length)} of ${format.whole(all)} models.${among}`;
    this.list.replaceChildren(this.table(rows.slice(0, this.show)), this.tools(rows));
    const name = this.answer.cost.name;
    this.plot.replaceChildren(el("h3", { class: "hidden-text" }, "Accuracy against cost"), pareto(rows, name, this.picked, (model) => this.pick(model)));
    this.compare.replaceChildren(...this.side());
  }

  table(rows) {
    const name = this.answer.cost.name;
    const ends = rows.flatMap((row) => [row.lower, row.upper, ...(row.measured === null ? [] : [row.measured])]);
    const axis = [Math.floor(20 * Math.min(1, ...ends)) / 20, Math.ceil(20 * Math.max(0, ...ends)) / 20];
    const columns = [
      { key: "rank", title: "#", number: true, cell: (row) => row.rank },
      { title: "Compare", cell: (row) => el("input", { type: "checkbox", "aria-label": `Compare ${row.model}`, checked: this.picked.has(row.model), onchange: () => this.pick(row.model) }) },
      { key: "model", title: "Model", head: true, cell: (row) => el("a", { href: address("model", row.model), title: row.model }, row.model) },
      { key: "predicted", title: "Expected", number: true, cell: (row) => format.percent(row.predicted) },
      { title: `90 % interval, ${format.percent(axis[0], 0)} – ${format.percent(axis[1], 0)}`, cell: (row) => interval(row, axis) },
      { key: "measured", title: "Measured", number: true, cell: (row) => format.percent(row.measured) },
      { key: "best", title: "Best?", number: true, help: "Probability that no other candidate has a higher true accuracy", cell: (row) => format.chance(row.best) },
      { key: "regret", title: "Regret, points", number: true, help: "Points of accuracy that picking it loses in expectation against the best", cell: (row) => format.points(row.regret) },
      { key: "cost", title: format.COSTS[name], number: true, cell: (row) => [format.cost(name, row.cost), row.front ? el("span", { class: "front", title: "On the Pareto front" }, " ★") : null] },
      { key: "parameters", title: "Parameters", number: true, cell: (row) => format.count(row.parameters) },
      { key: "licence", title: "Licence", cell: (row) => format.text(row.licence) },
    ].filter((column) => !(name === "parameters" && column.key === "parameters"));
    return table(columns, rows, { label: "Ranking of models", sort: this.sort, onsort: (key) => this.order(key), rowClass: (row) => (this.picked.has(row.model) ? "chosen" : null) });
  }

  tools(rows) {
    const more = rows.length > this.show
      ? el("button", { type: "button", onclick: () => { this.show += 200; this.chosen.show = this.show; this.remember(); this.draw(); } }, `Show ${Math.min(200, rows.length - this.show)} more`)
      : null;
    const name = `models-for-${this.answer.dataset.replace(/[^\w.-]+/g, "_")}`;
    return el("div", { class: "row" }, more,
      el("button", { type: "button", onclick: () => download(`${name}.csv`, format.csv(rows, COLUMNS), "text/csv") }, "Download CSV"),
      el("button", { type: "button", onclick: () => download(`${name}.json`, JSON.stringify({ ...this.answer, candidates: rows }, null, 1), "application/json") }, "Download JSON"));
  }

  side() {
    const rows = this.answer.candidates.filter((row) => this.picked.has(row.model));
    if (!rows.length) return [el("p", { class: "quiet" }, "Tick up to three models, or click their points, to see them side by side.")];
    const name = this.answer.cost.name;
    return [
      el("h2", { class: "hidden-text" }, "Side by side"),
      el("div", { class: "cards" }, rows.map((row) => el("section", { class: "card" },
        el("h3", {}, el("a", { href: address("model", row.model) }, row.model)),
        facts([
          ["Expected", `${format.percent(row.predicted)} (${format.percent(row.lower)} – ${format.percent(row.upper)})`],
          ["Measured", row.measured === null ? "not here" : `${format.percent(row.measured)}, ${row.measured_runs} runs`],
          ["Chance of best", format.chance(row.best)],
          ["Regret", `${format.points(row.regret)} points`],
          [format.COSTS[name], format.cost(name, row.cost)],
          ...(name === "parameters" ? [] : [["Parameters", format.count(row.parameters)]]),
          ...(name === "gmacs" ? [] : [["GMACs", format.three(row.gmacs)]]),
          ["Input", row.input_size ? `${row.input_size} px` : "–"],
          ["Licence", format.text(row.licence)],
          ["Pareto front", row.front ? "yes" : "no"],
          ["Stands for", row.twins.length ? `${row.twins.length} near-twins` : "itself alone"],
        ]),
        el("p", {}, el("button", { type: "button", onclick: () => this.pick(row.model) }, "Take out"))))),
    ];
  }

  notes() {
    return el("details", { class: "more" }, el("summary", {}, "Where this comes from, and how to read it"), el("ul", { class: "notes" }, this.answer.notes.map((note) => el("li", {}, note))));
  }
}
