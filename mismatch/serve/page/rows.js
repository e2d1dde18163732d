// Many articles: a file goes up as it is, its rows come back one a line, and stay in this tab.

import { check } from "./article.js";
import { download } from "./download.js";
import { ask } from "./service.js";
import { NOT_READ, VERDICTS, likelihood, reason, tell, verdictName, vocabulary } from "./words.js";

const at = (id) => document.getElementById(id);
const AT_ONCE = 200;
let rows = [];
let shown = 0;
let fileName = "rows";
let latest = 0;

export async function readRows(file) {
  const mine = ++latest;
  const type = vocabulary.content_types[file.name.split(".").pop().toLowerCase()];
  tell("rows-problem", "");
  at("rows").hidden = true;
  if (!type) {
    tell("rows-problem", `${file.name} is not a JSON-lines, CSV or TSV file.`);
    return;
  }
  tell("rows-status", `Sending ${file.name}…`);
  rows = [];
  fileName = file.name.replace(/\.[^.]*$/, "") || "rows";
  try {
    const answer = await ask("/score", type, file);
    await lines(answer.body, (line) => rows.push(read(line, rows.length + 1)), () => mine === latest);
  } catch (error) {
    if (mine !== latest) return;
    tell("rows-problem", rows.length ? `The answer broke off after ${rows.length} rows: ${error.message}` : error.message);
  }
  if (mine !== latest) return;
  tell("rows-status", rows.length ? summary() : "The file has no rows.");
  if (rows.length) {
    options("by-verdict", VERDICTS.filter((name) => rows.some((row) => row.verdict === name)));
    options("by-source", [...new Set(rows.map((row) => row.source))].sort());
    at("rows").hidden = false;
    draw();
  }
}

async function lines(stream, take, wanted) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (!wanted()) return reader.cancel();
    if (done) break;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    parts.filter(Boolean).forEach(take);
    tell("rows-status", `${rows.length} rows judged…`);
  }
  if (rest) take(rest);
}

function read(line, number) {
  const row = JSON.parse(line);
  if (row.mismatch_verdict === undefined) {
    const where = row.line ? `line ${row.line}: ` : "";
    return { line, number, verdict: NOT_READ, probability: null, reasons: [`${where}${row.error || "no answer"}`], source: "", title: "", body: "" };
  }
  return {
    line,
    number,
    verdict: row.mismatch_verdict,
    probability: row.mismatch_probability,
    reasons: (row.mismatch_reasons || []).map(reason),
    source: usual(row, "source"),
    title: usual(row, "title"),
    body: usual(row, "body"),
  };
}

function plain(name) {
  return name.trim().normalize("NFC").toLowerCase().replace("i\u0307", "i").replace(/[\s-]+/g, "_");
}

function usual(row, role) {
  const keys = Object.keys(row);
  for (const name of vocabulary.columns[role] || []) {
    const key = keys.find((candidate) => plain(candidate) === name);
    if (key !== undefined && row[key] !== null) return String(row[key]);
  }
  return "";
}

function summary() {
  const counts = VERDICTS
    .map((name) => [name, rows.filter((row) => row.verdict === name).length])
    .filter(([, count]) => count);
  return `${rows.length} rows: ${counts.map(([name, count]) => `${count} ${name}`).join(", ")}.`;
}

function options(id, names) {
  const all = new Option("all", "");
  at(id).replaceChildren(all, ...names.map((name) => new Option(name || "(none)", `=${name}`)));
}

function chosen() {
  const verdict = at("by-verdict").value;
  const source = at("by-source").value;
  return rows.filter((row) => (!verdict || verdict === `=${row.verdict}`) && (!source || source === `=${row.source}`));
}

function draw() {
  shown = 0;
  at("table").replaceChildren();
  more();
}

function more() {
  const wanted = chosen();
  const first = at("table").children.length;
  const next = wanted.slice(shown, shown + AT_ONCE);
  at("table").append(...next.map(drawRow));
  shown += next.length;
  at("rows-caption").textContent = `${wanted.length} of ${rows.length} rows, ${shown} shown. Choose a title to see why.`;
  at("more").hidden = shown >= wanted.length;
  if (first) at("table").children[first]?.querySelector("button")?.focus();
}

function drawRow(row) {
  const line = document.createElement("tr");
  line.setAttribute("role", "row"); // on a phone the table is laid out as blocks, which would take these roles away
  const verdict = cell("Verdict", "", "verdict");
  const name = document.createElement("span");
  name.dataset.verdict = row.verdict;
  name.textContent = verdictName(row.verdict);
  verdict.append(name);
  const title = cell("Title", "", "title");
  if (row.verdict !== NOT_READ) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link";
    button.dir = "auto";
    button.textContent = row.title || "(no title)";
    button.addEventListener("click", () => {
      at("title").value = row.title;
      at("body").value = row.body;
      check(row.title, row.body);
    });
    title.append(button);
  }
  line.append(
    cell("Row", String(row.number), "number"), verdict, cell("Mismatch?", row.probability === null ? "–" : likelihood(row.probability)),
    cell("Source", row.source || "–"), title, cell("Why", row.reasons.join(" ") || "–"),
  );
  return line;
}

function cell(name, text, kind = "") {
  const place = document.createElement("td");
  place.setAttribute("role", "cell");
  place.dataset.name = name;
  place.textContent = text;
  place.className = kind;
  return place;
}

function save(name, type, parts) {
  download(name, new Blob(parts, { type }));
}

function asCsv(wanted) {
  const parsed = wanted.map((row) => JSON.parse(row.line));
  const names = [...new Set(parsed.flatMap(Object.keys))];
  const quote = (value) => {
    if (value === null || value === undefined) return "";
    const text = Array.isArray(value) && value.every((item) => typeof item === "string") ? value.join(";")
      : typeof value === "object" ? JSON.stringify(value) : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [names.map(quote).join(","), ...parsed.map((row) => names.map((name) => quote(row[name])).join(","))].map((line) => `${line}\r\n`);
}

export function setUp() {
  at("filters").addEventListener("change", draw);
  at("filters").addEventListener("submit", (event) => event.preventDefault());
  at("more").addEventListener("click", more);
  at("save-lines").addEventListener("click", () => save(`${fileName}.scored.jsonl`, "application/x-ndjson", chosen().map((row) => `${row.line}\n`)));
  at("save-csv").addEventListener("click", () => save(`${fileName}.scored.csv`, "text/csv", asCsv(chosen())));
}
