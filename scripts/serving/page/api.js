// Questions to the server; those of a view that was left are given up, and lists are asked for once.
let current = new AbortController();
const lists = new Map();

export function leave() {
  current.abort();
  current = new AbortController();
}

async function ask(path, options = {}) {
  const answer = await fetch(path, { signal: current.signal, ...options });
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.detail || `The server says ${answer.status}.`);
  return content;
}

export function get(path, asked = {}) {
  const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== null && value !== undefined && value !== ""));
  return ask(query.size ? `${path}?${query}` : path);
}

export function recommend(question) {
  return ask("recommend", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(question) });
}

export async function list(kind) {
  if (!lists.has(kind)) lists.set(kind, get(kind, kind === "choices" ? {} : { limit: 5000 }));
  try {
    return await lists.get(kind);
  } catch (error) {
    lists.delete(kind);
    throw error;
  }
}

export const path = (name) => name.split("/").map(encodeURIComponent).join("/");
