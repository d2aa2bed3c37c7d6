// One model or one dataset: its card, its runs, predictions against measurements, neighbours, and what is not known.
import { get, list, path } from "./api.js";
import { address } from "./app.js";
import { el, facts, problem, table } from "./dom.js";
import * as format from "./format.js";
import { agreement } from "./plot.js";

const UNKNOWN = {
  models: { parameters: "number of parameters", gmacs: "multiply-accumulates", input_size: "input size", objective: "what it was trained for", licence: "licence", pretrained_on: "what it was trained on", released: "date of release" },
  datasets: { domain: "kind of images or texts", labels: "names of the classes", num_classes: "number of classes", num_samples: "number of samples" },
};

export const showModel = (root, settings, name) => show(root, "models", name);
export const showDataset = (root, settings, name) => show(root, "datasets", name);

async function show(root, kind, name) {
  const [entry, choices] = await Promise.all([get(`${kind}/${path(name)}`), list("choices")]);
  const card = entry.card || {};
  const other = kind === "models" ? "dataset" : "model";
  const compared = el("div", {}, el("p", { class: "quiet" }, "Looking for predictions …")), near = el("div", {}, el("p", { class: "quiet" }, "Looking for neighbours …"));
  const ask = kind === "datasets" ? el("p", {}, el("a", { class: "button", href: address("choose", "", { dataset: entry.name }) }, "Rank models for it")) : null;
  root.replaceChildren(
    el("h1", {}, entry.name), ...(ask ? [ask] : []),
    el("div", { class: "columns two" },
      el("section", {}, el("h2", {}, "The card"), kind === "models" ? modelFacts(card, entry) : datasetFacts(card, entry)),
      el("section", {}, el("h2", {}, "What is not known"), missing(kind, card, entry))),
    el("h2", {}, "Predicted against measured"), compared,
    el("h2", {}, `Every measured run: ${format.whole(entry.runs.length)}`), runs(entry.runs, other, choices),
    el("h2", {}, "Neighbours in the graph"), near,
    el("h2", {}, "Sources"), el("ul", { class: "notes" }, entry.sources.map((row) => el("li", {}, el("a", { href: address("zoo", "", { source: row.source }) }, row.source), row.about ? `: ${row.about}` : ": your own records"))));
  const usual = mostUsed(entry.runs), modality = card.modality || (card.modalities || ["image"])[0];
  await Promise.all([
    later(compared, () => showAnswers(compared, kind, entry.name, usual, modality, other)),
    later(near, () => showNeighbours(near, kind, entry.name, usual, modality)),
  ]);
}

async function later(place, work) {
  try {
    await work();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    place.replaceChildren(problem(error));
  }
}

function mostUsed(all) {
  const counts = new Map();
  for (const run of all) counts.set(`${run.protocol} ${run.metric}`, (counts.get(`${run.protocol} ${run.metric}`) || 0) + 1);
  const [first] = [...counts].sort((a, b) => b[1] - a[1]);
  const [protocol, metric] = first ? first[0].split(" ") : ["head", "top1"];
  return { protocol, metric };
}

const joined = (names, view) => (names && names.length ? names.map((name, i) => [i ? ", " : "", el("a", { href: address(view, name) }, name)]) : null);

function modelFacts(card, entry) {
  return facts([
    ["Family", card.family], ["Parameters", card.parameters && format.count(card.parameters)], ["GMACs", card.gmacs && format.three(card.gmacs)],
    ["Input", card.input_size && `${card.input_size} px`], ["Reads", (card.modalities || []).join(", ")], ["Trained for", card.objective && card.objective.replaceAll("_", " ")],
    ["Trained on", joined([...new Set([...(card.corpora || []), ...(card.pretrained_on ? [card.pretrained_on] : [])])], "dataset")],
    ["ImageNet top-1", card.imagenet_top1 && format.percent(card.imagenet_top1)], ["Licence", card.licence], ["Released", card.released], ["Paper", card.paper && `arXiv ${card.paper}`],
    ["Weights", card.hub_id], ["Also called", (card.aliases || []).slice(0, 8).join(", ")], ["Copied from", entry.copied_from],
    ["Published by its makers", entry.published === null ? null : entry.published ? "yes" : "no"],
  ]);
}

function datasetFacts(card, entry) {
  if (entry.members.length) return el("p", {}, `A family of ${entry.members.length} datasets: `, joined(entry.members, "dataset"));
  const labels = card.labels || [];
  return facts([
    ["Family", card.family], ["Kind", card.domain], ["Made of", card.modality], ["Classes", card.num_classes && format.whole(card.num_classes)], ["Samples", card.num_samples && format.whole(card.num_samples)],
    ["Of each class", card.samples_per_class && format.three(card.samples_per_class)], ["Splits", Object.entries(card.splits || {}).map(([name, size]) => `${name} ${format.whole(size)}`).join(", ")],
    ["Labels", labels.length ? `${labels.slice(0, 24).join(", ")}${labels.length > 24 ? ` and ${labels.length - 24} more` : ""}` : null],
    ["Languages", (card.languages || []).join(", ")], ["Also called", (card.aliases || []).slice(0, 8).join(", ")],
  ]);
}

function missing(kind, card, entry) {
  if (entry.members.length) return el("p", {}, "Its members have cards of their own.");
  const fields = Object.entries(UNKNOWN[kind]).filter(([name]) => card[name] === null || card[name] === undefined || (Array.isArray(card[name]) && !card[name].length)).map(([, words]) => words);
  const done = new Set(entry.runs.map((run) => run.protocol));
  const about = (protocol) => (kind === "models" ? `zoograph measure --models ${entry.name} --dataset FOLDER --protocol ${protocol}` : `zoograph measure --models MODEL --dataset FOLDER --protocol ${protocol}`);
  const commands = [["head", "a retrained head"], ["finetune", "full fine-tuning"]].filter(([protocol]) => !done.has(protocol));
  const scoring = kind === "models" ? `zoograph score --models ${entry.name} --dataset FOLDER` : "zoograph score --models MODEL --dataset FOLDER";
  return el("div", {},
    fields.length ? el("p", {}, `Not on the card: ${fields.join(", ")}.`) : el("p", {}, "The card is complete."),
    el("p", {}, "To measure more (FOLDER has one sub-folder of images a class):"),
    el("ul", {}, commands.map(([protocol, words]) => el("li", {}, `Never measured with ${words}: `, el("code", {}, about(protocol)))), el("li", {}, "Transferability scores: ", el("code", {}, scoring))));
}

function runs(all, other, choices) {
  if (!all.length) return el("p", {}, "Nothing was measured yet.");
  const [words, metrics] = [choices.protocols, choices.metrics].map((kinds) => Object.fromEntries(kinds.map((kind) => [kind.name, kind.description])));
  const sorted = [...all].sort((a, b) => b.value - a.value);
  const place = el("div");
  let shown = 25;
  const draw = () => place.replaceChildren(table([
    { title: other === "model" ? "Model" : "Dataset", head: true, cell: (run) => el("a", { href: address(other, run[other]), title: run[other] }, run[other]) },
    { title: "Value", number: true, cell: (run) => format.percent(run.value) },
    { title: "Metric", cell: (run) => metrics[run.metric] || run.metric },
    { title: "How", cell: (run) => words[run.protocol] || run.protocol },
    { title: "Shots", number: true, cell: (run) => format.text(run.shots) },
    { title: "Input, px", number: true, cell: (run) => format.text(run.input_size) },
    { title: "Source", cell: (run) => el("a", { href: address("zoo", "", { source: run.source }) }, run.source) },
    { title: "Failed", cell: (run) => format.text(run.failure) },
  ], sorted.slice(0, shown), { label: "Measured runs" }), el("div", { class: "row" }, sorted.length > shown ? el("button", { type: "button", onclick: () => { shown += 200; draw(); } }, `Show ${Math.min(200, sorted.length - shown)} more`) : null));
  draw();
  return place;
}

async function showAnswers(place, kind, name, usual, modality, other) {
  const found = await get("answers", { [kind === "models" ? "model" : "dataset"]: name, ...usual, modality });
  if (!found.pairs.length) {
    place.replaceChildren(el("p", {}, "The predictor has no stored answer for a measured pair here."));
    return;
  }
  const worst = [...found.pairs].sort((a, b) => Math.abs(b.predicted - b.measured) - Math.abs(a.predicted - a.measured)).slice(0, 8);
  place.replaceChildren(el("div", { class: "columns two" },
    agreement(found.pairs, (pair) => pair[other]),
    el("div", {}, el("h3", {}, "Where it was most wrong"), table([
      { title: other === "model" ? "Model" : "Dataset", head: true, cell: (pair) => el("a", { href: address(other, pair[other]), title: pair[other] }, pair[other]) },
      { title: "Said", number: true, cell: (pair) => format.percent(pair.predicted) },
      { title: "Measured", number: true, cell: (pair) => format.percent(pair.measured) },
    ], worst, { label: "Largest errors" }))),
    el("p", { class: "quiet" }, `As version ${found.predictor} said when it was trained, each pair without its own records.`));
}

async function showNeighbours(place, kind, name, usual, modality) {
  const found = await get("neighbours", { kind, name, ...usual, modality });
  const view = kind === "models" ? "model" : "dataset";
  place.replaceChildren(el("div", { class: "columns even" },
    found.nearest.length
      ? table([
          { title: `Most alike ${kind}`, head: true, cell: (row) => el("a", { href: address(view, row.name), title: row.name }, row.name) },
          { title: "Likeness", number: true, cell: (row) => row.likeness.toFixed(2) },
        ], found.nearest, { label: "Nearest" })
      : el("p", {}, "It is not in the graph of this predictor: nothing was measured of it in that way."),
    found.edges.length
      ? table([
          { title: "Edge", cell: (edge) => edge.kind.replaceAll("_", " ") },
          { title: "To", head: true, cell: (edge) => el("a", { href: address(edge.model ? "model" : "dataset", edge.model || edge.dataset), title: edge.model || edge.dataset }, edge.model || edge.dataset) },
          { title: "Value", number: true, cell: (edge) => format.three(edge.value) },
        ], found.edges, { label: "Edges" })
      : el("p", {}, "No lineage, corpus or relation is known of it.")),
    el("p", {}, el("a", { href: address("map", "", { kind, chosen: name, protocol: usual.protocol, metric: usual.metric, modality }) }, "Show it on the map")));
}
