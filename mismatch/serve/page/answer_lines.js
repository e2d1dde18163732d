// The answer to a file: its lines stay in a blob, which the browser may keep on its disk. Of each row only what the table shows
// is in memory, and where its line stands.

import { Keys, decoded, members, parsed, parsedBeginning } from "./json_bytes.js";

const BLOB_BYTES = 8 << 20;
const LINE_END = 10;
const LONGEST_TEXT = 500; // of a title or a source, as the table and the search have them
const ROWS_WITH_NAMES = 50; // the columns of the first rows are those that can be chosen
const NOT_SHOWN = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g; // controls, and what turns the direction of writing
const ADDED = ["mismatch_verdict", "mismatch_probability", "mismatch_reasons", "title_topic", "body_topic"];
const ROLES = ["title", "source", "id"];

export class AnswerLines {
  constructor(columns) {
    this.columns = columns;
    this.rows = [];
    this.names = new Set(); // of the columns that the first rows have
    this.problem = ""; // what the service says in a last line, where it could not go on
    this.lines = new Blob();
    this.number = 0;
    this.reasons = new Map();
    this.keys = new Keys((name) => [...ADDED.slice(0, 3).filter((added) => added === name), ...ROLES.filter((role) => columns[role] === name)]);
  }

  // Takes the whole stream in; `step` is told after each piece, and ends it by returning false.
  async take(stream, step) {
    const reader = stream.getReader();
    const blobs = [];
    let held = new Uint8Array(2 * BLOB_BYTES); // lines that are not in a blob yet, and behind them the beginning of one
    let size = 0;
    let begin = 0;
    let before = 0; // bytes in blobs
    const keep = () => {
      blobs.push(new Blob([held.subarray(0, begin)]));
      held.copyWithin(0, begin, size);
      before += begin;
      size -= begin;
      begin = 0;
    };
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        if (size + value.length > held.length) {
          if (begin) keep();
          if (size + value.length > held.length) held = larger(held, size + value.length);
        }
        held.set(value, size);
        const scanned = size;
        size += value.length;
        const whole = held.subarray(0, size);
        for (let end = whole.indexOf(LINE_END, Math.max(begin, scanned)); end >= 0; end = whole.indexOf(LINE_END, begin)) {
          if (end > begin) this.add(whole, begin, end, before + begin);
          begin = end + 1;
        }
        if (begin >= BLOB_BYTES) keep();
        if (!step()) return reader.cancel();
      }
    } finally {
      keep();
      this.lines = new Blob(blobs);
    }
  }

  add(bytes, begin, end, start) {
    const found = {};
    let place = 0;
    members(bytes, begin, end, (key, keyEnd, value, valueEnd) => {
      for (const what of this.keys.at(place, bytes, key, keyEnd)) found[what] = [value, valueEnd];
      place += 1;
    });
    if (!found.mismatch_verdict) {
      this.addRejected(parsed(bytes, begin, end), start, end - begin);
      return;
    }
    this.number += 1; // rows that could not be read have none, as on the command line
    if (this.number <= ROWS_WITH_NAMES) nameAll(parsed(bytes, begin, end), "", this.names);
    let whole = null;
    const text = (role) => {
      if (found[role]) return cut(parsedBeginning(bytes, ...found[role], LONGEST_TEXT));
      if (!this.columns[role]?.includes(".")) return "";
      whole ??= parsed(bytes, begin, end);
      return cut(valueAt(whole, this.columns[role]));
    };
    this.rows.push({
      number: this.number,
      line: null,
      verdict: parsed(bytes, ...found.mismatch_verdict),
      probability: parsed(bytes, ...found.mismatch_probability),
      reasons: this.reasonsOf(decoded(bytes, ...found.mismatch_reasons)),
      error: "",
      source: text("source"),
      title: text("title"),
      id: text("id"),
      start,
      length: end - begin,
    });
  }

  addRejected(row, start, length) {
    if (row.status !== undefined) this.problem = row.error;
    else {
      const error = row.error ?? "no answer";
      this.rows.push({ number: null, line: row.line, verdict: null, probability: null, reasons: [], error, source: "", title: "", id: "", start, length });
    }
  }

  // One list for all rows with the same reasons.
  reasonsOf(text) {
    if (!this.reasons.has(text)) this.reasons.set(text, JSON.parse(text) ?? []);
    return this.reasons.get(text);
  }

  // Title, body, source and id of a row as they stand in the file.
  async texts(row) {
    const whole = exactly(await this.lines.slice(row.start, row.start + row.length).text());
    return Object.fromEntries(["title", "body", "source", "id"].map((role) => [role, textOf(valueAt(whole, this.columns[role]))]));
  }

  // The lines of some rows, which come in the order of the file, as stretches that follow one another: [where each begins, ends].
  stretches(rows) {
    const out = [];
    for (const { start, length } of rows) {
      const last = out.at(-1);
      if (last && last[1] === start) last[1] = start + length + 1;
      else out.push([start, start + length + 1]);
    }
    return out;
  }

  // The bytes of some rows in the order of the file, some megabytes at a time: [bytes, where each line begins and ends].
  async* bytesOf(rows) {
    for (let first = 0; first < rows.length;) {
      const { start } = rows[first];
      let last = first;
      while (last + 1 < rows.length && rows[last + 1].start + rows[last + 1].length - start <= BLOB_BYTES) last += 1;
      const bytes = new Uint8Array(await this.lines.slice(start, rows[last].start + rows[last].length).arrayBuffer());
      yield [bytes, rows.slice(first, last + 1).map((row) => [row.start - start, row.start - start + row.length])];
      first = last + 1;
    }
  }
}

// The object of a line, with numbers as they are written: a long id is not rounded. Where the browser cannot, it is.
export function exactly(line) {
  if (!JSON.rawJSON) return JSON.parse(line);
  return JSON.parse(line, (_, value, context) => (typeof value === "number" ? JSON.rawJSON(context.source) : value));
}

// A value as text, null where there is none.
export function textOf(value) {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return value;
  return JSON.stringify(value);
}

// What stands in a row under a name; dots lead into objects, unless the name itself has them.
export function valueAt(value, name) {
  if (!name || value === null || typeof value !== "object") return undefined;
  if (Object.hasOwn(value, name)) return value[name];
  for (let dot = name.indexOf("."); dot > 0; dot = name.indexOf(".", dot + 1)) {
    const found = Object.hasOwn(value, name.slice(0, dot)) ? valueAt(value[name.slice(0, dot)], name.slice(dot + 1)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function nameAll(row, before, names) {
  for (const [name, value] of Object.entries(row)) {
    if (!before && ADDED.includes(name)) continue;
    if (value !== null && typeof value === "object" && !Array.isArray(value) && !before) nameAll(value, `${name}.`, names);
    else names.add(before + name);
  }
}

function cut(value) {
  const text = textOf(value);
  return text === null ? "" : text.slice(0, LONGEST_TEXT).replace(NOT_SHOWN, " ");
}

function larger(bytes, least) {
  const out = new Uint8Array(Math.max(2 * bytes.length, least));
  out.set(bytes);
  return out;
}
