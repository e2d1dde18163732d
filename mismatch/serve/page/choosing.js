// Which rows are shown, and in which order.

import { NOT_READ } from "./words.js";

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const FLAGGED = { mismatch: 0, unsure: 1, [NOT_READ]: 2, unscorable: 3, match: 4 };
const DECIDED = { undefined: 0, mismatch: 1, match: 2 };

export const verdictOf = (row) => row.verdict ?? NOT_READ;

const NUMBERS = {
  flagged: () => (row) => FLAGGED[verdictOf(row)] - (row.probability ?? -1) / 2, // the surest first
  source: (rows) => places(rows, (row) => row.source),
  title: (rows) => places(rows, (row) => row.title),
  reason: (rows) => places(rows, (row) => row.reasons[0] ?? row.error),
  label: () => (row) => DECIDED[row.label],
};

// All rows in an order, those that are equal as in the file; `backwards` turns it round.
export function ordered(rows, order, backwards) {
  const out = [...rows];
  if (order !== "file") {
    const number = NUMBERS[order](rows);
    for (const row of rows) row.sorted = number(row);
    out.sort((a, b) => a.sorted - b.sorted);
  }
  return backwards ? out.reverse() : out;
}

// The place of each row's text among all different ones; what has no text comes last.
function places(rows, text) {
  const all = inOrder(new Set(rows.map(text)));
  const place = new Map(all.map((one, i) => [one, one ? i : all.length]));
  return (row) => place.get(text(row));
}

// Those of the rows that are wanted. A filter is "=" and the value, or nothing for all.
export function chosen(rows, { verdict, source, reason, label, words }) {
  const parts = plain(words).split(/\s+/).filter(Boolean);
  return rows.filter((row) =>
    (!verdict || verdict === `=${verdictOf(row)}`)
    && (!source || source === `=${row.source}`)
    && (!reason || row.reasons.includes(reason.slice(1)))
    && (!label || label === `=${row.label ?? ""}`)
    && parts.every((part) => searched(row).includes(part)));
}

// How often each value occurs among the rows, as a map.
export function counted(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) || 0) + 1);
  return counts;
}

export function inOrder(texts) {
  return [...texts].sort(collator.compare);
}

function searched(row) {
  row.searched ??= plain(`${row.title}\n${row.source}\n${row.id}\n${row.error}`);
  return row.searched;
}

function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
