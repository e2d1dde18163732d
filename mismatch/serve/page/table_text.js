// Rows as a table of text (CSV). A cell that a spreadsheet would run as a formula gets an apostrophe, as with --safe-csv.

import { exactly, textOf } from "./answer_lines.js";

const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const NUMBER = /^[+-]?([0-9]+([.,][0-9]+)*|[.,][0-9]+)([eE][+-]?[0-9]+)?%?$/;
const QUOTED = /[",\r\n]/;

// The table as parts of a blob. `lines` gives the lines of the rows, some at a time, as often as it is asked.
export async function tableText(lines) {
  const names = new Map(); // with the place of each
  for (;;) {
    const width = names.size;
    const parts = [];
    let known = 0;
    for await (const some of lines()) {
      const cells = some.map((line) => cellsOf(line, names));
      known ||= names.size;
      parts.push(new Blob(cells.map((row) => `${row.join(",")}${",".repeat(names.size - row.length)}\r\n`)));
    }
    if (names.size === (width || known)) return [`${[...names.keys()].map(cell).join(",")}\r\n`, ...parts];
    // a column came up late, which the rows before need too: once more, now that all are known
  }
}

function cellsOf(line, names) {
  const plain = JSON.parse(line);
  const cells = new Array(names.size).fill("");
  for (const [name, value] of Object.entries(hasNumbers(plain) ? exactly(line) : plain)) {
    let at = names.get(name);
    if (at === undefined) {
      at = names.size;
      names.set(name, at);
      cells.push("");
    }
    cells[at] = cell(value);
  }
  return cells;
}

// Whether something of the user's may be a number, which is to stay as it is written.
function hasNumbers(row) {
  return Object.entries(row).some(([name, value]) => name !== "mismatch_probability" && value !== null
    && (typeof value === "number" || (typeof value === "object" && !isTexts(value))));
}

function isTexts(value) {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function cell(value) {
  let text = typeof value === "string" ? value : isTexts(value) ? value.join(";") : textOf(value) ?? "";
  if (FORMULA.test(text) && !NUMBER.test(text)) text = `'${text}`;
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
