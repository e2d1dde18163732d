// Rows as a table of text (CSV), as UTF-8 bytes. A cell that a spreadsheet would run as a formula gets an apostrophe, as with
// --safe-csv. Numbers stay as they are written.

import { exactly, textOf } from "./answer_lines.js";
import { Keys, decoded, members } from "./json_bytes.js";

const [QUOTE, BACKSLASH, COMMA, SMALL_N, SMALL_U, OPEN, OPEN_LIST, CLOSE_LIST] = [34, 92, 44, 110, 117, 123, 91, 93];
const PLAIN_ESCAPES = { 34: 34, 92: 92, 47: 47, 98: 8, 102: 12, 110: 10, 114: 13, 116: 9 };
const MAY_BEGIN_FORMULA = new Set([61, 43, 45, 64, BACKSLASH, 0xef]);
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const NUMBER = /^[+-]?([0-9]+([.,][0-9]+)*|[.,][0-9]+)([eE][+-]?[0-9]+)?%?$/;
const encoder = new TextEncoder();

// The table as parts of a blob. `pieces` gives the rows as bytes and places of lines (as `bytesOf` does), as often as asked.
export async function tableText(pieces) {
  const names = new Map(); // with the place of each
  const keys = new Keys((name) => names.get(name) ?? (names.set(name, names.size), names.size - 1));
  for (;;) {
    const width = names.size;
    const parts = [];
    let known = 0;
    for await (const [bytes, places] of pieces()) {
      const rows = places.map(([start, end]) => cellsOf(bytes, start, end, keys));
      known ||= names.size;
      const out = new Output(bytes.length + places.length * (names.size + 2));
      for (const cells of rows) writeRow(out, bytes, cells, names.size);
      parts.push(new Blob([out.written()]));
    }
    if (names.size === (width || known)) return [head(names), ...parts];
    // a column came up late, which the rows before need too: once more, now that all are known
  }
}

// Where the value of each column stands: begin and end, one behind the other; a column that is not there is left out.
function cellsOf(bytes, start, end, keys) {
  const cells = [];
  let place = 0;
  members(bytes, start, end, (key, keyEnd, value, valueEnd) => {
    const column = keys.at(place, bytes, key, keyEnd);
    cells[2 * column] = value;
    cells[2 * column + 1] = valueEnd;
    place += 1;
  });
  return cells;
}

function writeRow(out, bytes, cells, width) {
  for (let column = 0; column < width; column += 1) {
    if (column) out.byte(COMMA);
    if (cells[2 * column] !== undefined) writeCell(out, bytes, cells[2 * column], cells[2 * column + 1]);
  }
  out.byte(13);
  out.byte(10);
}

function writeCell(out, bytes, start, end) {
  const first = bytes[start];
  if (first === OPEN || first === OPEN_LIST) {
    if (bytes[start + 1] !== CLOSE_LIST) out.text(cell(exactly(decoded(bytes, start, end))));
  } else if (first !== QUOTE) {
    if (first !== SMALL_N) out.bytes(bytes, start, end); // a number, true or false; null is nothing
  } else if (MAY_BEGIN_FORMULA.has(bytes[start + 1])) out.text(cell(JSON.parse(decoded(bytes, start, end))));
  else writeText(out, bytes, start + 1, end - 1);
}

function writeText(out, bytes, start, end) {
  let slash = out.nextSlash(bytes, start);
  const quoted = slash < end || bytes.subarray(start, end).includes(COMMA);
  if (quoted) out.byte(QUOTE);
  let at = start;
  while (slash < end) {
    out.bytes(bytes, at, slash);
    at = writeEscape(out, bytes, slash);
    slash = out.nextSlash(bytes, at);
  }
  out.bytes(bytes, at, end);
  if (quoted) out.byte(QUOTE);
}

// Writes the character that an escape stands for; returns where it ends.
function writeEscape(out, bytes, at) {
  if (bytes[at + 1] !== SMALL_U) {
    const byte = PLAIN_ESCAPES[bytes[at + 1]];
    out.byte(byte);
    if (byte === QUOTE) out.byte(QUOTE);
    return at + 2;
  }
  let end = at + 6;
  while (bytes[end] === BACKSLASH && bytes[end + 1] === SMALL_U) end += 6; // the halves of one character belong together
  out.text(JSON.parse(`"${decoded(bytes, at, end)}"`).replaceAll('"', '""'));
  return end;
}

function head(names) {
  return `${[...names.keys()].map(cell).join(",")}\r\n`;
}

function cell(value) {
  const isTexts = Array.isArray(value) && value.every((item) => typeof item === "string");
  let text = isTexts ? value.join(";") : textOf(value) ?? "";
  if (FORMULA.test(text) && !NUMBER.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// Bytes that grow, made of those of one piece.
class Output {
  constructor(capacity) {
    this.held = new Uint8Array(capacity);
    this.size = 0;
    this.searched = 0;
    this.slash = -1;
  }

  // Where the next backslash is. What was found is kept: most texts have none, and the next may be megabytes away.
  nextSlash(bytes, at) {
    if (at < this.searched || at > this.slash) {
      const found = bytes.indexOf(BACKSLASH, at);
      this.searched = at;
      this.slash = found < 0 ? Infinity : found;
    }
    return this.slash;
  }

  byte(value) {
    this.room(1);
    this.held[this.size] = value;
    this.size += 1;
  }

  bytes(from, start, end) {
    this.room(end - start);
    this.held.set(from.subarray(start, end), this.size);
    this.size += end - start;
  }

  text(text) {
    const bytes = encoder.encode(text);
    this.bytes(bytes, 0, bytes.length);
  }

  room(n) {
    if (this.size + n <= this.held.length) return;
    const larger = new Uint8Array(2 * (this.size + n));
    larger.set(this.held.subarray(0, this.size));
    this.held = larger;
  }

  written() {
    return this.held.subarray(0, this.size);
  }
}
