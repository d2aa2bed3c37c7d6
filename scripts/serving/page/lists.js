// All models and all datasets, with filters and sorting; everything is here already, so that nobody waits.
import { list } from "./api.js";
import { address, go } from "./app.js";
import { download, el, field, select, table } from "./dom.js";
import * as format from "./format.js";

const PAGE = 50;

const MODEL_COLUMNS = [
  { key: "model", title: "Model", head: true, cell: (row) => el("a", { href: address("model", row.model), title: row.model }, row.model) },
  { key: "family", title: "Family", cell: (row) => format.text(row.family) },
  { key: "parameters", title: "Parameters", number: true, cell: (row) => format.count(row.parameters) },
  { key: "gmacs", title: "GMACs", number: true, cell: (row) => format.three(row.gmacs) },
  { key: "input_size", title: "Input, px", number: true, cell: (row) => format.text(row.input_size) },
  { key: "objective", title: "Trained for", cell: (row) => format.text(row.objective && row.objective.replaceAll("_", " ")) },
  { key: "licence", title: "Licence", cell: (row) => format.text(row.licence) },
  { key: "runs", title: "Runs", number: true, cell: (row) => format.whole(row.runs) },
];
const DATASET_COLUMNS = [
  { key: "dataset", title: "Dataset", head: true, cell: (row) => el("a", { href: address("dataset", row.dataset), title: row.dataset }, row.dataset) },
  { key: "family", title: "Family", cell: (row) => format.text(row.family) },
  { key: "domain", title: "Kind", cell: (row) => format.text(row.domain) },
  { key: "modality", title: "Made of", cell: (row) => format.text(row.modality) },
  { key: "num_classes", title: "Classes", number: true, cell: (row) => format.whole(row.num_classes) },
  { key: "num_samples", title: "Samples", number: true, cell: (row) => format.whole(row.num_samples) },
  { key: "runs", title: "Runs", number: true, cell: (row) => format.whole(row.runs) },
];

export const showModels = (root, settings) => show(root, settings, "models", "model", MODEL_COLUMNS, ["family", "licence", "objective"]);
export const showDatasets = (root, settings) => show(root, settings, "datasets", "dataset", DATASET_COLUMNS, ["family", "domain", "modality"]);

async function show(root, settings, kind, key, columns, filters) {
  const all = (await list(kind))[kind];
  const chosen = { ...settings };
  const place = el("div"), count = el("p", { class: "quiet", "aria-live": "polite" });
  let shown = PAGE;
  const titles = { family: "Family", licence: "Licence", objective: "Trained for", domain: "Kind", modality: "Made of" };
  const options = (name) => [["", "all"], ...[...new Set(all.map((row) => row[name]).filter(Boolean))].sort().map((value) => [value, value.replaceAll("_", " ")])];
  const draw = () => {
    const words = (chosen.search || "").toLowerCase().split(/\s+/).filter(Boolean);
    const rows = all.filter((row) => words.every((word) => row[key].toLowerCase().includes(word)) && filters.every((name) => !chosen[name] || row[name] === chosen[name]) && (!chosen.runs || row.runs > 0));
    const by = chosen.sort || "runs", sign = (chosen.sort ? chosen.down === "1" : true) ? -1 : 1;
    rows.sort((a, b) => {
      const [x, y] = [a[by], b[by]];
      if (x === null || y === null) return (x === null) - (y === null);
      return sign * (typeof x === "string" ? x.localeCompare(y) : x - y) || a[key].localeCompare(b[key]);
    });
    count.textContent = `${format.whole(rows.length)} of ${format.whole(all.length)} ${kind}.`;
    const order = (name) => {
      const first = typeof all[0]?.[name] === "number";
      chosen.down = (chosen.sort === name ? chosen.down !== "1" : first) ? "1" : "";
      chosen.sort = name;
      go(chosen, true);
      draw();
    };
    place.replaceChildren(
      table(columns, rows.slice(0, shown), { label: kind, sort: { key: by, down: sign < 0 }, onsort: order }),
      el("div", { class: "row" },
        rows.length > shown ? el("button", { type: "button", onclick: () => { shown += 200; draw(); } }, `Show ${Math.min(200, rows.length - shown)} more`) : null,
        el("button", { type: "button", onclick: () => download(`${kind}.csv`, format.csv(rows, Object.keys(all[0] || {})), "text/csv") }, "Download CSV")));
  };
  const form = el("form", { class: "ask", onsubmit: (event) => event.preventDefault(), oninput: () => {
    const given = Object.fromEntries(new FormData(form));
    for (const name of ["search", "runs", ...filters]) { delete chosen[name]; if (given[name]) chosen[name] = given[name]; }
    shown = PAGE;
    go(chosen, true);
    draw();
  } },
    field("Name contains", el("input", { name: "search", type: "search", value: chosen.search || "" }), true),
    filters.map((name) => field(titles[name], select(name, options(name), chosen[name]))),
    el("label", { class: "check" }, el("input", { type: "checkbox", name: "runs", value: 1, checked: chosen.runs === "1" }), "with runs"));
  root.replaceChildren(el("h1", {}, kind === "models" ? "Models" : "Datasets"), form, count, place);
  draw();
}
