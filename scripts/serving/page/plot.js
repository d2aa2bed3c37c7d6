// Drawings: intervals in a row, accuracy against cost, predictions against measurements, and points on a plane.
import { el, svg } from "./dom.js";
import * as format from "./format.js";

const WIDTH = innerWidth < 700 ? 400 : 640, HEIGHT = 460, LEFT = 56, RIGHT = 16, TOP = 16, BOTTOM = 48;

// The interval of a row on an axis from `low` to `high`, the same for all rows of a table.
export function interval(row, [low, high]) {
  const x = (value) => 6 + 124 * Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
  const words = `${format.percent(row.lower)} to ${format.percent(row.upper)}` + (row.measured === null || row.measured === undefined ? "" : `, measured ${format.percent(row.measured)}`);
  return svg("svg", { class: "bar", viewBox: "0 0 136 18", role: "img", "aria-label": words }, svg("title", {}, words),
    svg("line", { class: "axis", x1: 2, x2: 134, y1: 9, y2: 9 }),
    svg("line", { class: "line", x1: x(row.lower), x2: x(row.upper), y1: 9, y2: 9 }),
    svg("circle", { class: "dot", cx: x(row.predicted), cy: 9, r: 4.5 }),
    row.measured === null || row.measured === undefined ? null : svg("path", { class: "measured", d: `M${x(row.measured)} 1v16` }));
}

function ticks(low, high, wanted) {
  const rough = (high - low) / wanted, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((size) => size >= rough) || power;
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + 1e-9; at += step) found.push(at);
  return found;
}

function frame(words, ...children) {
  return svg("svg", { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words }, ...children);
}

// What lies nearest to the pointer; within 18 units, or nothing.
function nearest(event, plot, points) {
  const box = plot.getBoundingClientRect();
  const [px, py] = [(event.clientX - box.left) * (WIDTH / box.width), (event.clientY - box.top) * (HEIGHT / box.height)];
  let best = null, distance = 18 ** 2;
  for (const point of points) {
    const far = (point.x - px) ** 2 + (point.y - py) ** 2;
    if (far < distance) [best, distance] = [point, far];
  }
  return best;
}

function hover(plot, points, describe, choose) {
  const label = svg("text", { class: "strong", "pointer-events": "none" });
  const ring = svg("circle", { class: "picked", r: 8, visibility: "hidden", "pointer-events": "none" });
  plot.append(ring, label);
  plot.addEventListener("pointermove", (event) => {
    const found = nearest(event, plot, points);
    plot.style.cursor = found && choose ? "pointer" : "";
    ring.setAttribute("visibility", found ? "visible" : "hidden");
    label.textContent = found ? describe(found) : "";
    if (!found) return;
    ring.setAttribute("cx", found.x);
    ring.setAttribute("cy", found.y);
    const right = found.x > WIDTH / 2;
    label.setAttribute("x", found.x + (right ? -12 : 12));
    label.setAttribute("y", Math.max(TOP + 12, found.y - 10));
    label.setAttribute("text-anchor", right ? "end" : "start");
  });
  plot.addEventListener("pointerleave", () => { label.textContent = ""; ring.setAttribute("visibility", "hidden"); });
  if (choose) plot.addEventListener("click", (event) => { const found = nearest(event, plot, points); if (found) choose(found); });
}

const cloud = (points, size) => svg("path", { class: "cloud", "stroke-width": size, d: points.map((p) => `M${p.x.toFixed(1)} ${p.y.toFixed(1)}h0`).join("") });

export function pareto(rows, name, picked, choose) {
  const known = rows.filter((row) => row.cost !== null && row.cost > 0);
  if (!known.length) return el("p", { class: "quiet" }, "Of none of these models the cost is known.");
  const logs = known.map((row) => Math.log10(row.cost)), values = known.map((row) => row.predicted);
  const pad = (low, high, least) => { const extra = Math.max((high - low) * 0.06, least); return [low - extra, high + extra]; };
  const [x0, x1] = pad(Math.min(...logs), Math.max(...logs), 0.1);
  let [y0, y1] = pad(Math.min(...values), Math.max(...values), 0.005);
  [y0, y1] = [Math.max(0, y0), Math.min(1, y1)];
  const x = (cost) => LEFT + ((Math.log10(cost) - x0) / (x1 - x0)) * (WIDTH - LEFT - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - ((value - y0) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM);
  const points = known.map((row) => ({ row, x: x(row.cost), y: y(row.predicted) }));
  // The front of what is shown: nobody here is cheaper and better.
  let best = -1;
  const front = [...points].sort((a, b) => a.row.cost - b.row.cost || b.row.predicted - a.row.predicted).filter((p) => p.row.predicted > best && ((best = p.row.predicted), true));
  const step = front.map((p, i) => (i ? `H${p.x.toFixed(1)}V${p.y.toFixed(1)}` : `M${p.x.toFixed(1)} ${p.y.toFixed(1)}`)).join("");
  const costs = [];
  for (let power = Math.floor(x0); power <= x1; power++) for (const m of x1 - x0 > 3 ? [1] : [1, 3]) { const at = Math.log10(m) + power; if (at >= x0 && at <= x1) costs.push(10 ** at); }
  const unit = { gmacs: "GMACs of one forward pass", parameters: "Parameters", time: "Images a second, faster to the left" }[name];
  const show = (cost) => (name === "parameters" ? format.count(cost) : name === "time" ? format.three(1000 / cost) : format.three(cost));
  const plot = frame(`Expected accuracy against ${unit.toLowerCase()} of ${known.length} models; ${front.length} are on the Pareto front. The table has the same numbers.`,
    ticks(y0, y1, 6).map((at) => [svg("line", { class: "level", x1: LEFT, x2: WIDTH - RIGHT, y1: y(at), y2: y(at) }), svg("text", { x: LEFT - 8, y: y(at) + 4, "text-anchor": "end" }, format.percent(at, y1 - y0 < 0.06 ? 1 : 0))]),
    costs.map((cost) => [svg("line", { class: "level", x1: x(cost), x2: x(cost), y1: TOP, y2: HEIGHT - BOTTOM }), svg("text", { x: x(cost), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, show(cost))]),
    svg("text", { x: (LEFT + WIDTH) / 2, y: HEIGHT - 8, "text-anchor": "middle" }, unit),
    cloud(points, 5),
    svg("path", { class: "frontline", d: step }),
    front.map((p) => svg("circle", { class: "frontdot", cx: p.x, cy: p.y, r: 5 })),
    points.filter((p) => picked.has(p.row.model)).map((p) => svg("circle", { class: "picked", cx: p.x, cy: p.y, r: 8 })));
  hover(plot, points, (p) => `${p.row.model} · ${format.percent(p.row.predicted)} · ${format.cost(name, p.row.cost)}${name === "gmacs" ? " GMACs" : ""}`, (p) => choose(p.row.model));
  return el("div", {}, plot, el("p", { class: "legend" }, el("span", { class: "s-front" }, "on the Pareto front of what is shown"), el("span", {}, "other models")), el("p", { class: "quiet small" }, "A click on a point compares it."));
}

// Predicted against measured, both in [0, 1].
export function agreement(pairs, label) {
  const ends = pairs.flatMap((p) => [p.predicted, p.measured]);
  const low = Math.max(0, Math.min(...ends) - 0.03), high = Math.min(1, Math.max(...ends) + 0.03);
  const x = (value) => LEFT + ((value - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const points = pairs.map((pair) => ({ pair, x: x(pair.measured), y: y(pair.predicted) }));
  const at = ticks(low, high, 6);
  const held = pairs.filter((p) => p.lower <= p.measured && p.measured <= p.upper).length;
  const plot = frame(`Predicted against measured accuracy of ${pairs.length} pairs; ${held} measurements lie in their interval.`,
    at.map((v) => [svg("line", { class: "level", x1: LEFT, x2: WIDTH - RIGHT, y1: y(v), y2: y(v) }), svg("text", { x: LEFT - 8, y: y(v) + 4, "text-anchor": "end" }, format.percent(v, 0)), svg("text", { x: x(v), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, format.percent(v, 0))]),
    svg("line", { class: "axis", x1: x(low), y1: y(low), x2: x(high), y2: y(high) }),
    svg("text", { x: (LEFT + WIDTH) / 2, y: HEIGHT - 8, "text-anchor": "middle" }, "measured"),
    svg("text", { x: LEFT + 6, y: TOP + 12 }, "predicted without its own records"),
    points.map((p) => svg("circle", { class: p.pair.lower <= p.pair.measured && p.pair.measured <= p.pair.upper ? "mark" : "mark other", cx: p.x, cy: p.y, r: pairs.length > 400 ? 2.5 : 4 })));
  hover(plot, points, (p) => `${label(p.pair)} · ${format.percent(p.pair.predicted)} said, ${format.percent(p.pair.measured)} measured`);
  return el("div", {}, plot, el("p", { class: "legend" }, el("span", { class: "s-blue" }, `in the 90 % interval: ${held} of ${pairs.length}`), el("span", { class: "s-front" }, "outside of it")));
}

// Points of a plane, each axis in [-1, 1]; edges lead from the chosen one.
export function plane(points, chosen, edges, matches, choose) {
  const x = (value) => 16 + ((value + 1.08) / 2.16) * (WIDTH - 32), y = (value) => HEIGHT - 16 - ((value + 1.08) / 2.16) * (HEIGHT - 32);
  const places = points.map((point) => ({ point, x: x(point.x), y: y(point.y) }));
  const at = new Map(places.map((place) => [place.point.name, place]));
  const middle = at.get(chosen), measured = places.filter((p) => p.point.runs > 0), others = places.filter((p) => !p.point.runs);
  const plot = frame(`${points.length} points; those near each other are taken to be alike.` + (chosen ? ` ${chosen} is chosen.` : ""),
    cloud(others, 4),
    measured.map((p) => svg("circle", { class: "mark", cx: p.x, cy: p.y, r: 2.5 + Math.min(5, Math.sqrt(p.point.runs) / 6) })),
    middle ? edges.filter((name) => at.has(name)).map((name) => svg("line", { class: "edge", x1: middle.x, y1: middle.y, x2: at.get(name).x, y2: at.get(name).y })) : [],
    matches.slice(0, 200).filter((name) => at.has(name)).map((name) => svg("circle", { class: "mark other", cx: at.get(name).x, cy: at.get(name).y, r: 4.5 })),
    middle ? [svg("circle", { class: "picked", cx: middle.x, cy: middle.y, r: 9 }), svg("text", { class: "strong", x: middle.x + (middle.x > WIDTH / 2 ? -14 : 14), y: middle.y + 4, "text-anchor": middle.x > WIDTH / 2 ? "end" : "start" }, chosen)] : []);
  hover(plot, places, (p) => p.point.name, (p) => choose(p.point.name));
  return plot;
}
