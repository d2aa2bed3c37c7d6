// Models or datasets on a plane: near each other where the predictor takes them to be alike.
import { get, list } from "./api.js";
import { address, go } from "./app.js";
import { el, field, problem, select, table } from "./dom.js";
import * as format from "./format.js";
import { plane } from "./plot.js";

export async function showMap(root, settings) {
  const choices = await list("choices");
  const chosen = { kind: "datasets", protocol: "head", metric: "top1", modality: "image", ...settings };
  const place = el("div", {}, el("p", { class: "quiet" }, "Placing the points …"));
  const ways = choices.ways.filter((way, i, all) => all.findIndex((other) => other.protocol === way.protocol && other.modality === way.modality && other.metric === way.metric) === i);
  const described = (way) => `${choices.protocols.find((kind) => kind.name === way.protocol).description}, ${choices.metrics.find((kind) => kind.name === way.metric).description}, ${way.modality} (${format.whole(way.runs)} runs)`;
  const way = `${chosen.protocol} ${chosen.metric} ${chosen.modality}`;
  const form = el("form", { class: "ask", onsubmit: (event) => event.preventDefault() },
    field("Points are", select("kind", [["datasets", "datasets"], ["models", "models"]], chosen.kind)),
    field("As the predictor of", select("way", ways.map((one) => [`${one.protocol} ${one.metric} ${one.modality}`, described(one)]), way), true),
    field("Search", el("input", { name: "search", type: "search", value: chosen.search || "" })));
  form.addEventListener("change", (event) => {
    if (event.target.name === "search") return;
    const [protocol, metric, modality] = form.elements.way.value.split(" ");
    go({ kind: form.elements.kind.value, protocol, metric, modality, search: form.elements.search.value });
  });
  root.replaceChildren(el("h1", {}, "Map of the zoo"),
    el("p", { class: "lead" }, "The trained covariances of the predictor, on two axes: the first two principal components. Axes have no unit; what lies near each other is taken to be alike."),
    form, place);
  const { kind, protocol, metric, modality } = chosen;
  const found = await get("map", { kind, protocol, metric, modality });
  let edges = [], nearest = null;
  const draw = () => {
    const words = (chosen.search || "").toLowerCase().split(/\s+/).filter(Boolean);
    const matches = words.length ? found.points.filter((point) => words.every((word) => `${point.name} ${point.group || ""}`.toLowerCase().includes(word))).map((point) => point.name) : [];
    const view = kind === "models" ? "model" : "dataset";
    const listed = matches.slice(0, 25).map((name) => found.points.find((point) => point.name === name));
    place.replaceChildren(el("div", { class: "columns two" },
      el("div", {}, plane(found.points, chosen.chosen, edges, matches, pick),
        el("p", { class: "legend" }, el("span", { class: "s-blue" }, "measured; larger with more runs"), el("span", {}, "known by its card"), el("span", { class: "s-front" }, "found by the search")),
        el("p", { class: "quiet" }, `${format.whole(found.points.length)} ${kind}. The two axes hold ${format.percent(found.explained, 0)} of how they differ; version ${found.predictor}.`)),
      el("div", {},
        chosen.chosen ? [el("h2", {}, el("a", { href: address(view, chosen.chosen) }, chosen.chosen)), nearest ? table([
          { title: "Most alike", head: true, cell: (row) => el("button", { type: "button", onclick: () => pick(row.name) }, row.name) },
          { title: "Likeness", number: true, cell: (row) => row.likeness.toFixed(2) },
        ], nearest, { label: "Most alike" }) : el("p", { class: "quiet" }, "Looking for neighbours …")] : el("p", { class: "quiet" }, "Click a point, or search and press a name, to see what it is connected with."),
        words.length ? [el("h2", {}, `Found: ${format.whole(matches.length)}`), table([
          { title: "Name", head: true, cell: (point) => el("button", { type: "button", onclick: () => pick(point.name) }, point.name) },
          { title: kind === "models" ? "Family" : "Kind", cell: (point) => format.text(point.group) },
          { title: "Runs", number: true, cell: (point) => format.whole(point.runs) },
        ], listed, { label: "Found" })] : null)));
  };
  const pick = async (name) => {
    chosen.chosen = name;
    [edges, nearest] = [[], null];
    go(chosen, true);
    draw();
    try {
      const around = await get("neighbours", { kind, name, protocol, metric, modality });
      if (chosen.chosen !== name) return;
      nearest = around.nearest;
      edges = [...around.nearest.map((row) => row.name), ...around.edges.map((edge) => edge.model || edge.dataset)];
      draw();
    } catch (error) {
      if (error.name !== "AbortError") place.append(problem(error));
    }
  };
  form.elements.search.addEventListener("input", () => {
    chosen.search = form.elements.search.value;
    go(chosen, true);
    draw();
  });
  draw();
  if (chosen.chosen) await pick(chosen.chosen);
}
