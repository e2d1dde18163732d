// A review: one flagged article after the other, decided with a key or a button. The service hands each to one person at a time.

import { download } from "./download.js";
import { marked } from "./marks.js";
import { ask, fetched } from "./service.js";
import { fill, likelihood, reason, tell, vocabulary } from "./words.js";

const at = (id) => document.getElementById(id);
const DONE = { match: "Kept: right.", mismatch: "Kept: wrong." };
const holder = sessionStorage.getItem("mismatch-holder") || fresh();
let row = null;
let busy = false;

function fresh() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const key = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  sessionStorage.setItem("mismatch-holder", key);
  return key;
}

async function turn(what, more, done) {
  if (busy) return;
  busy = true;
  tell("review-problem", "");
  try {
    await send(what, more, done);
  } catch (error) {
    tell("review-problem", error.message);
    if (error.status === 409 && what !== "undo") await send("next", {}, "").catch((second) => tell("review-problem", second.message));
  } finally {
    busy = false;
  }
}

async function send(what, more, done) {
  const question = { holder, reviewer: at("reviewer").value.trim(), ...more };
  const answer = await ask(`/review/${what}`, "application/json", JSON.stringify(question));
  show(await answer.json(), done);
}

function show(answer, done) {
  const first = at("decisions").hidden;
  row = answer.row;
  at("begin").hidden = true;
  at("decisions").hidden = false;
  for (const id of ["right", "wrong", "skip"]) at(id).disabled = !row;
  at("again").hidden = Boolean(row);
  at("answer").hidden = !row;
  tell("review-status", `${done ? `${done} ` : ""}${progress(answer)}`);
  if (!row) {
    at(first ? "again" : "undo").focus();
    return;
  }
  at("looked-at").replaceChildren(...(row.title.text ? marked(row.title.text, row.title.places) : ["(no title)"]));
  at("verdict").textContent = row.probability === null ? vocabulary.verdicts[row.verdict] : `A mismatch: ${likelihood(row.probability)}`;
  at("verdict").dataset.verdict = row.verdict;
  at("place").textContent = [`Row ${row.row}`, row.source, row.id].filter(Boolean).join(" · ");
  fill(at("reasons"), row.reasons.map(reason), "No reason is given.");
  at("marked").replaceChildren(...(row.body.text ? marked(row.body.text, row.body.places) : ["(no body)"]));
  at("marked").scrollTop = 0;
  at("left-out").textContent = row.body.left_out ? `${row.body.left_out} more characters are not shown.` : "";
  at("answer").focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

function progress({ total, decided, waiting }) {
  const others = waiting ? `, ${waiting} with others` : "";
  if (row) return `${decided} of ${total} decided${others}.`;
  if (decided >= total) return `All ${total} are decided.`;
  return `${decided} of ${total} decided${others}; there is no other for you now. What you have skipped, others get.`;
}

function decide(label) {
  if (row) turn("decide", { row: row.row, key: row.key, label }, DONE[label]);
}

function skip() {
  if (row) turn("skip", { row: row.row, key: row.key }, "Skipped.");
}

function undo() {
  turn("undo", {}, "Undone.");
}

async function save() {
  tell("review-problem", "");
  try {
    download("labels.jsonl", await fetched("/review/labels"));
  } catch (error) {
    tell("review-problem", error.message);
  }
}

const KEYS = { r: () => decide("match"), w: () => decide("mismatch"), s: skip, u: undo };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.matches("input, textarea, select")) return;
  const act = at("decisions").hidden ? undefined : KEYS[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
});
at("right").addEventListener("click", KEYS.r);
at("wrong").addEventListener("click", KEYS.w);
at("skip").addEventListener("click", skip);
at("undo").addEventListener("click", undo);
at("again").addEventListener("click", () => turn("next", {}, ""));
at("export").addEventListener("click", save);
at("reviewer").value = localStorage.getItem("mismatch-reviewer") || "";
at("begin").addEventListener("submit", (event) => {
  event.preventDefault();
  localStorage.setItem("mismatch-reviewer", at("reviewer").value.trim());
  turn("next", {}, "");
});
