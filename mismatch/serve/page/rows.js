// Many articles: a file goes up as it is, its rows come back one a line, and stay in this tab.

import { AnswerLines } from "./answer_lines.js";
import { check } from "./article.js";
import { chosen, counted, inOrder, ordered, verdictOf } from "./choosing.js";
import { askColumns, chosenColumns, forgetColumns, setUp as setUpColumns, showColumns } from "./columns.js";
import { download } from "./download.js";
import { Labels } from "./labels.js";
import { drawRow } from "./row_line.js";
import { RowsTable } from "./rows_table.js";
import { ask } from "./service.js";
import { tableText } from "./table_text.js";
import { VERDICTS, reason, tell } from "./words.js";

const at = (id) => document.getElementById(id);
const MOST_SOURCES = 1000; // of which one can be chosen; the others are found with the search
const MOST_STRETCHES = 2000; // of lines that are handed to the browser one by one
const TYPE_PAUSE = 150;
const DONE = { match: "Right", mismatch: "Wrong" };

let file = null;
let answer = new AnswerLines({});
let labels = new Labels();
let inOrderNow = []; // all rows, in the order that was chosen
let wanted = []; // those that pass the filters
let looked = null; // the row that is explained
let stop = null;
let backwards = false;
let table = null;

export function readRows(dropped) {
  if (!mayLeave()) return;
  file = dropped;
  forgetColumns();
  send();
}

async function send() {
  stop?.abort();
  const mine = new AbortController();
  const name = file.name;
  stop = mine;
  tell("rows-problem", "");
  tell("rows-status", `Sending ${name}…`);
  at("rows").hidden = true;
  at("stop").hidden = false;
  labels = new Labels();
  looked = null;
  answer = new AnswerLines({});
  let notices = [];
  let said = 0;
  try {
    const query = new URLSearchParams({ name, in_order: true, ...chosenColumns() });
    const reply = await ask(`/score?${query}`, "application/octet-stream", file, mine.signal);
    const understood = JSON.parse(reply.headers.get("mismatch-input") || '{"columns": {}, "notices": []}');
    notices = understood.notices;
    answer = new AnswerLines(understood.columns);
    await answer.take(reply.body, () => {
      if (performance.now() - said > 250) {
        said = performance.now();
        tell("rows-status", `${count(answer.rows.length)} rows judged…`);
      }
      return stop === mine;
    });
    if (answer.problem) throw new Error(answer.problem);
  } catch (error) {
    if (stop !== mine) return;
    if (!mine.signal.aborted) failed(error, name);
  }
  if (stop !== mine) return;
  at("stop").hidden = true;
  finish(name, notices, mine.signal.aborted);
}

function failed(error, name) {
  if (error.columns) {
    tell("rows-problem", error.message.replace(/ Name (it|the right one) with \?\w+=\w*\.?( \(\d+\))?$/, ""));
    askColumns(error.columns);
    return;
  }
  const { length } = answer.rows;
  tell("rows-problem", length ? `The answer broke off after ${count(length)} rows: ${error.message}` : error.message || `${name} could not be read.`);
}

function finish(name, notices, stopped) {
  const { rows } = answer;
  const read = rows.filter((row) => row.verdict !== null).length;
  if (!rows.length) {
    tell("rows-status", at("rows-problem").hidden && !stopped ? `${name} has no rows.` : "");
    return;
  }
  if (!read) tell("rows-problem", `No row of ${name} could be read. Line ${rows[0].line}: ${rows[0].error}`);
  tell("rows-status", `${stopped ? "Stopped. " : ""}${summary(rows)}`);
  showColumns(answer.names, answer.columns, notices);
  const verdicts = counted(rows.map(verdictOf));
  options("by-verdict", VERDICTS.filter((verdict) => verdicts.has(verdict)));
  const sources = [...counted(rows.map((row) => row.source))].sort((a, b) => b[1] - a[1]).slice(0, MOST_SOURCES);
  options("by-source", inOrder(sources.map(([source]) => source)));
  const reasons = [...counted(rows.flatMap((row) => row.reasons))].sort((a, b) => b[1] - a[1]);
  options("by-reason", reasons.map(([code]) => code), reason);
  at("by-label").value = "";
  at("by-words").value = "";
  at("order").value = "flagged";
  backwards = false;
  at("rows").hidden = false;
  reorder();
}

const count = (n) => n.toLocaleString("en");

function summary(rows) {
  const counts = counted(rows.map(verdictOf));
  const words = VERDICTS.filter((name) => counts.has(name)).map((name) => `${count(counts.get(name))} ${name}`);
  return `${count(rows.length)} rows: ${words.join(", ")}.`;
}

function options(id, values, words = (value) => value) {
  at(id).replaceChildren(new Option("all", ""), ...values.map((value) => new Option(words(value) || "(none)", `=${value}`)));
}

function reorder() {
  inOrderNow = ordered(answer.rows, at("order").value, backwards);
  for (const button of document.querySelectorAll("#rows thead button")) {
    const sorted = button.dataset.order === at("order").value;
    button.closest("th").setAttribute("aria-sort", sorted ? (backwards ? "descending" : "ascending") : "none");
  }
  filter();
}

function filter() {
  wanted = chosen(inOrderNow, {
    verdict: at("by-verdict").value, source: at("by-source").value, reason: at("by-reason").value,
    label: at("by-label").value, words: at("by-words").value,
  });
  table.show(wanted);
  caption();
}

function caption() {
  const decided = labels.decided.length ? ` ${count(labels.decided.length)} decided.` : "";
  at("rows-caption").textContent = `${count(wanted.length)} of ${count(answer.rows.length)} rows.${decided}`;
  at("save-labels").disabled = !labels.decided.length;
}

async function explain(row) {
  looked = row;
  try {
    const { title, body, source } = await answer.texts(row);
    if (looked !== row) return;
    at("row-place").textContent = [`Row ${count(row.number)}`, row.source, row.id].filter(Boolean).join(" · ");
    await check(title, body, source, { ofRow: true });
    if (looked === row) showDecision(row);
  } catch (error) {
    tell("rows-problem", error.message);
  }
}

function showDecision(row) {
  at("row-label").textContent = row.label ? `You said: ${DONE[row.label].toLowerCase()}.` : "";
}

// Decides on a row, and goes on to the next one: in the table, or in the explanation.
function decide(row, label) {
  if (!row || row.verdict === null) return;
  const position = wanted.indexOf(row);
  const explained = looked === row && at("answer").contains(document.activeElement);
  if (row.label === label) {
    withdraw(row, explained);
    return;
  }
  labels.decide(row, label);
  table.refresh(row);
  caption();
  const next = wanted.slice(position + 1).find((other) => other.verdict !== null);
  tell("rows-status", `${DONE[label]}: row ${count(row.number)}. ${count(labels.decided.length)} decided.`);
  if (!explained) table.focus(position + 1);
  else if (next) explain(next);
  else showDecision(row);
}

// Takes a decision back: the last one, or, where the same is said of a row again, that one.
function withdraw(row, explained) {
  if (!row) return;
  labels.take(row);
  table.refresh(row);
  caption();
  tell("rows-status", `Undone: row ${count(row.number)}. ${count(labels.decided.length)} decided.`);
  if (!explained) table.focus(wanted.indexOf(row));
  else if (looked === row) showDecision(row);
  else explain(row);
}

const undo = () => withdraw(labels.last, at("answer").contains(document.activeElement));

function back() {
  if (!looked) return;
  at("rows").scrollIntoView();
  table.focus(wanted.indexOf(looked));
}

async function save(kind, name, work) {
  const buttons = [...document.querySelectorAll("#saving button")];
  for (const button of buttons) button.disabled = true;
  tell("rows-status", `Preparing ${name}…`);
  try {
    const parts = await work(answer);
    download(name, new Blob(parts, { type: kind }));
    tell("rows-status", `${name} is downloaded.`);
  } catch (error) {
    tell("rows-problem", error.message);
  }
  for (const button of buttons) button.disabled = false;
  caption();
}

// What is shown, in the order of the file.
const inFile = () => [...wanted].sort((a, b) => a.start - b.start);

async function asLines(from) {
  const rows = inFile();
  const stretches = from.stretches(rows);
  if (stretches.length <= MOST_STRETCHES) return stretches.map(([start, end]) => from.lines.slice(start, end));
  const parts = [];
  for await (const [bytes, places] of from.bytesOf(rows)) parts.push(new Blob(places.flatMap(([start, end]) => [bytes.subarray(start, end), "\n"])));
  return parts;
}

const asTable = (from) => tableText(() => from.bytesOf(inFile()));

const stem = () => file.name.replace(/\.(gz|zst|bz2|xz)$/i, "").replace(/\.[^.]*$/, "") || "rows";

function mayLeave() {
  // eslint-disable-next-line no-alert
  return !labels.unsaved || window.confirm(`${labels.decided.length} decisions were not downloaded. Go on without them?`);
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
  const inTable = at("table").contains(event.target);
  if (!inTable && !(looked && at("answer").contains(event.target))) return;
  const position = table.positionOf(event.target);
  const row = inTable ? wanted[position] : looked;
  const acts = {
    r: () => decide(row, "match"), w: () => decide(row, "mismatch"), u: undo, Escape: inTable ? undefined : back,
    ...(inTable ? {
      ArrowDown: () => table.focus(position + 1), ArrowUp: () => table.focus(position - 1),
      PageDown: () => table.focus(position + table.pageRows), PageUp: () => table.focus(position - table.pageRows),
      Home: () => table.focus(0), End: () => table.focus(wanted.length - 1),
    } : {}),
  };
  const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act || (event.repeat && event.key.length === 1)) return;
  event.preventDefault();
  act();
}

export function setUp() {
  table = new RowsTable({
    scroller: at("scroller"), table: at("scroller").querySelector("table"), body: at("table"),
    draw: (row) => drawRow(row, { explain, decide }),
  });
  setUpColumns(() => file && mayLeave() && send());
  for (const id of ["by-verdict", "by-source", "by-reason", "by-label"]) at(id).addEventListener("change", filter);
  let typed = 0;
  at("by-words").addEventListener("input", () => {
    clearTimeout(typed);
    typed = setTimeout(filter, TYPE_PAUSE);
  });
  at("order").addEventListener("change", () => {
    backwards = false;
    reorder();
  });
  for (const button of document.querySelectorAll("#rows thead button")) {
    button.addEventListener("click", () => {
      backwards = at("order").value === button.dataset.order && !backwards;
      at("order").value = button.dataset.order;
      reorder();
    });
  }
  at("filters").addEventListener("submit", (event) => event.preventDefault());
  at("stop").addEventListener("click", () => stop?.abort());
  document.addEventListener("keydown", onKey);
  at("row-right").addEventListener("click", () => decide(looked, "match"));
  at("row-wrong").addEventListener("click", () => decide(looked, "mismatch"));
  at("row-back").addEventListener("click", back);
  at("reviewer").value = localStorage.getItem("mismatch-reviewer") || "";
  at("reviewer").addEventListener("change", () => localStorage.setItem("mismatch-reviewer", at("reviewer").value.trim()));
  at("save-lines").addEventListener("click", () => save("application/x-ndjson", `${stem()}.scored.jsonl`, asLines));
  at("save-csv").addEventListener("click", () => save("text/csv", `${stem()}.scored.csv`, asTable));
  at("save-labels").addEventListener("click", () => save("application/x-ndjson", `${stem()}.labels.jsonl`, (from) => labels.lines(from, at("reviewer").value.trim())));
  window.addEventListener("beforeunload", (event) => {
    if (labels.unsaved) event.preventDefault();
  });
}
