// Elements are made from text and never from markup, so that whatever a name holds is shown and not run.
const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
export const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

export function say(text) {
  document.getElementById("status").textContent = text;
}

export function field(text, input, wide = false) {
  return el("label", { class: wide ? "field wide" : "field" }, text, input);
}

export function select(name, options, chosen) {
  return el("select", { name }, options.map(([value, text]) => el("option", { value, selected: value === (chosen || "") }, text)));
}

export function problem(error) {
  return el("p", { class: "problem", role: "alert" }, error.message);
}

export function facts(rows) {
  const known = rows.filter(([, value]) => value !== null && value !== undefined && value !== "" && !(Array.isArray(value) && !value.length));
  return el("dl", { class: "facts" }, known.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

// A table whose columns can be sorted; `columns` are {key, title, number, cell, value, head}.
export function table(columns, rows, options = {}) {
  const { caption, sort, onsort, rowClass, label } = options;
  const head = columns.map((column) => {
    const state = sort && sort.key === column.key ? (sort.down ? "descending" : "ascending") : null;
    const arrow = state ? (sort.down ? " ↓" : " ↑") : "";
    const inside = onsort && column.key ? el("button", { type: "button", onclick: () => onsort(column.key) }, column.title, arrow) : column.title;
    return el("th", { scope: "col", class: column.number ? "number" : null, "aria-sort": state, title: column.help }, inside);
  });
  const body = rows.map((row) =>
    el("tr", { class: rowClass ? rowClass(row) : null }, columns.map((column) => {
      const inside = column.cell(row);
      return column.head ? el("th", { scope: "row" }, inside) : el("td", { class: column.number ? "number" : column.text ? "text" : null }, inside);
    })));
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label || caption || "Table" },
    el("table", {}, caption ? el("caption", { class: "hidden-text" }, caption) : null, el("thead", {}, el("tr", {}, head)), el("tbody", {}, body)));
}

export function download(name, text, type) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = el("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
