// Numbers with as many digits as mean something, and with their units.
const DASH = "–";
const known = (value) => value !== null && value !== undefined;

export const percent = (value, digits = 1) => (known(value) ? `${(100 * value).toFixed(digits)} %` : DASH);
export const points = (value) => (known(value) ? value.toFixed(value < 1 ? 2 : 1) : DASH);
export const whole = (value) => (known(value) ? Math.round(value).toLocaleString("en") : DASH);
export const chance = (value) => (known(value) && value < 0.0005 ? "< 0.1 %" : percent(value));
export const text = (value) => (known(value) && value !== "" ? String(value) : DASH);
export const three = (value) => (known(value) ? Number(value.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: 6 }) : DASH);
export const day = (value) => (value ? value.slice(0, 10) : DASH);

export function count(value) {
  if (!known(value)) return DASH;
  for (const [size, unit] of [[1e9, " B"], [1e6, " M"], [1e3, " k"]]) if (value >= size) return Number((value / size).toPrecision(3)) + unit;
  return String(value);
}

export function cost(name, value) {
  if (!known(value)) return DASH;
  if (name === "parameters") return count(value);
  if (name === "gmacs") return three(value);
  return `${whole(1000 / value)} img/s`;
}

export const COSTS = { gmacs: "GMACs", parameters: "Parameters", time: "Speed" };
export const METRICS = {};

// A cell that a spreadsheet shows and does not run.
export function csv(rows, columns) {
  const cell = (value) => {
    let words = Array.isArray(value) ? value.join("; ") : known(value) ? String(value) : "";
    if (typeof value === "string" && /^'*[=+\-@\t\r]/.test(words)) words = `'${words}`;
    return /[",\n\r]/.test(words) ? `"${words.replaceAll('"', '""')}"` : words;
  };
  return [columns, ...rows.map((row) => columns.map((name) => row[name]))].map((row) => row.map(cell).join(",")).join("\n") + "\n";
}
