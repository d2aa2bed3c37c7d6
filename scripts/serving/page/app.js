// The address says everything that a view shows: #/view/name?settings.
import { leave } from "./api.js";
import { el, problem, say } from "./dom.js";
import { showChoose } from "./choose.js";
import { showDatasets, showModels } from "./lists.js";
import { showDataset, showModel } from "./pages.js";
import { showMap } from "./map.js";
import { showZoo } from "./zoo.js";

const VIEWS = {
  choose: ["Choose a model", showChoose],
  models: ["Models", showModels],
  datasets: ["Datasets", showDatasets],
  model: ["Model", showModel],
  dataset: ["Dataset", showDataset],
  map: ["Map", showMap],
  zoo: ["Zoo", showZoo],
};
const main = document.getElementById("content");
let shown = "";

export function address(view, name, settings = {}) {
  const query = new URLSearchParams(Object.entries(settings).filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false));
  return `#/${view}${name ? `/${encodeURIComponent(name)}` : ""}${query.size ? `?${query}` : ""}`;
}

function read() {
  const [place, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [view, ...name] = place.split("/");
  let id = name.join("/");
  try {
    id = decodeURIComponent(id);
  } catch {
    // an address that somebody cut short is looked up as it is
  }
  return { view: VIEWS[view] ? view : "choose", name: id, settings: Object.fromEntries(new URLSearchParams(query || "")) };
}

// Changes settings of the view; `quiet` leaves no step for the button that leads back.
export function go(settings, quiet = false) {
  const { view, name } = read();
  const hash = address(view, name, settings);
  if (quiet) {
    history.replaceState(null, "", hash);
    shown = hash;
  } else location.hash = hash;
}

async function show() {
  if (location.hash === shown && shown) return;
  shown = location.hash;
  leave();
  const { view, name, settings } = read();
  const [title, render] = VIEWS[view];
  document.title = `${name || title} · zoograph`;
  const family = { model: "models", dataset: "datasets" }[view] || view;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#/${family}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const root = el("div", { "aria-busy": "true" }, el("p", { class: "quiet" }, "Loading …"));
  const before = main.dataset.view;
  main.dataset.view = view;
  main.replaceChildren(root);
  try {
    await render(root, settings, name);
  } catch (error) {
    if (error.name === "AbortError") return;
    root.replaceChildren(el("h1", {}, name || title), problem(error));
  }
  root.removeAttribute("aria-busy");
  if (before && before !== view) {
    main.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  say(`${document.title} is shown.`);
}

// The address is that of the view: skipping to its content must not change it.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", show);
show();
