// The cells of one row of the table. Text from outside only ever becomes text nodes.

import { verdictOf } from "./choosing.js";
import { likelihood, reason, verdictName } from "./words.js";

const LABELS = { match: "right", mismatch: "wrong" };

export function drawRow(row, { explain, decide }) {
  const line = document.createElement("tr");
  line.append(
    cell("Row", row.number === null ? "–" : row.number.toLocaleString("en"), "number"), verdictCell(row), titleCell(row, explain),
    cell("Why", row.error ? `${row.line ? `Line ${row.line}: ` : ""}${row.error}` : row.reasons.map(reason).join(" ") || "–", "why"),
    cell("Source", row.source || "–", "source"), labelCell(row, decide),
  );
  return line;
}

function verdictCell(row) {
  const place = cell("Verdict", "", "verdict");
  const name = document.createElement("span");
  name.dataset.verdict = verdictOf(row);
  name.textContent = verdictName(verdictOf(row));
  place.append(name);
  if (row.probability !== null) {
    const strength = document.createElement("span");
    strength.className = "strength";
    const words = likelihood(row.probability); // of a mismatch
    strength.textContent = ` ${row.verdict === "mismatch" ? words : `a mismatch: ${words}`}`;
    place.append(strength);
  }
  return place;
}

function titleCell(row, explain) {
  const place = cell("Title", "", "title");
  if (row.verdict === null) return place;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link";
  button.dir = "auto";
  button.setAttribute("aria-keyshortcuts", "r w u");
  button.textContent = row.title || "(no title)";
  button.addEventListener("click", () => explain(row));
  place.append(button);
  return place;
}

function labelCell(row, decide) {
  const place = cell("Yours", "", "label");
  if (row.verdict === null) return place;
  for (const [label, name] of Object.entries(LABELS)) {
    const button = document.createElement("button");
    button.type = "button";
    button.tabIndex = -1; // the keys r and w do the same from the title
    button.dataset.label = label;
    button.setAttribute("aria-pressed", String(row.label === label));
    button.textContent = name;
    button.addEventListener("click", () => decide(row, label));
    place.append(button);
  }
  return place;
}

function cell(name, text, kind) {
  const place = document.createElement("td");
  place.setAttribute("role", "cell");
  place.dataset.name = name;
  place.className = kind;
  place.dir = "auto";
  if (text) {
    const shown = document.createElement("span"); // cut to two lines
    shown.textContent = text;
    place.append(shown);
  }
  return place;
}
