// What the zoo rests on: sources and licences, how much is measured, versions of the predictors, and calibration.
import { get } from "./api.js";
import { el, table } from "./dom.js";
import * as format from "./format.js";

const PROTOCOLS = ["native", "zero_shot", "probe", "head", "finetune"];

export async function showZoo(root, settings) {
  const [zoo, health] = await Promise.all([get("zoo"), get("health")]);
  root.replaceChildren(
    el("h1", {}, "What the zoo rests on"),
    el("p", { class: "lead" }, `${format.whole(health.models)} models, ${format.whole(health.datasets)} datasets and ${format.whole(health.runs)} runs.`),
    el("p", {}, el("a", { class: "button", href: "runs.csv", download: true }, "Download every run as CSV"), " ", el("a", { class: "button", href: "runs.parquet", download: true }, "as Parquet"), " ", el("a", { class: "button", href: "openapi.json" }, "The API")),
    el("h2", {}, "What is measured"), el("p", { class: "quiet" }, "Runs of each collection and protocol, and the share of pairs of its models and datasets that were measured."), coverage(zoo.coverage),
    el("h2", {}, "Versions of the predictors, and how their error moved"), versions(zoo.predictors),
    el("h2", {}, "Calibration of the intervals, by kind of images or texts"),
    el("p", { class: "quiet" }, "Of measured pairs, each predicted without its own records, the share whose 90 % interval held the measurement."), calibration(zoo.calibration),
    el("h2", {}, "Sources and licences"), origins(zoo.sources), ...zoo.sources.map((row) => el("details", { class: "more", id: `source-${row.source}`, open: settings.source === row.source }, el("summary", {}, row.source), el("pre", {}, row.text))));
  const chosen = document.getElementById(`source-${settings.source}`);
  if (chosen) chosen.scrollIntoView();
}

function origins(sources) {
  return table([
    { title: "Source", head: true, cell: (row) => row.source },
    { title: "Licences that it names", cell: (row) => row.licences.join(", ") || "–" },
    { title: "Snapshot: commit, date", cell: (row) => row.snapshots.join("; ") || "–" },
  ], sources, { label: "Sources" });
}

function coverage(rows) {
  const names = [...new Set(rows.map((row) => row.collection))];
  const cell = (name, protocol) => rows.find((row) => row.collection === name && row.protocol === protocol);
  return table([
    { title: "Collection", head: true, cell: (name) => name },
    ...PROTOCOLS.map((protocol) => ({ title: protocol.replace("_", "-"), number: true, cell: (name) => { const found = cell(name, protocol); return found ? `${format.whole(found.runs)} (${format.percent(found.share, 0)} of ${format.whole(found.models)} × ${format.whole(found.datasets)})` : "–"; } })),
  ], names, { label: "Coverage" });
}

function versions(predictors) {
  const rows = predictors.flatMap((one) => one.versions.map((version) => ({ ...version, title: one.title })));
  if (!rows.length) return el("p", {}, "No predictor was asked for yet.");
  return table([
    { title: "Predictor", head: true, cell: (row) => row.title },
    { title: "Version", cell: (row) => row.version },
    { title: "Trained", cell: (row) => format.day(row.created_at) },
    { title: "Runs", number: true, cell: (row) => format.whole(row.records) },
    { title: "Error, points", number: true, cell: (row) => (row.error === null ? "–" : (100 * row.error).toFixed(2)) },
    { title: "Of the one before", number: true, cell: (row) => (row.parent_error === null ? "–" : (100 * row.parent_error).toFixed(2)) },
    { title: "In interval", number: true, cell: (row) => format.percent(row.coverage, 0) },
    { title: "Fate", cell: (row) => (row.is_current ? "answers now" : row.promoted ? "was promoted" : "kept aside") },
    { title: "Why", text: true, cell: (row) => row.reason },
  ], rows, { label: "Versions" });
}

function calibration(rows) {
  if (!rows.length) return el("p", {}, "No predictor was asked for yet.");
  return table([
    { title: "Predictor", head: true, cell: (row) => row.title },
    { title: "Kind", cell: (row) => row.group },
    { title: "Pairs", number: true, cell: (row) => format.whole(row.pairs) },
    { title: "In the interval", number: true, cell: (row) => format.percent(row.covered, 0) },
    { title: "Mean error, points", number: true, cell: (row) => (100 * row.error).toFixed(1) },
    { title: "Mean width, points", number: true, cell: (row) => (100 * row.width).toFixed(0) },
  ], rows, { label: "Calibration" });
}
