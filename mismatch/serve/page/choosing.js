// Which rows are shown, and in which order.

import { NOT_READ } from "./words.js";

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const FLAGGED = { mismatch: 0, unsure: 1, [NOT_READ]: 2, unscorable: 3, match: 4 };
const DECIDED = { undefined: 0, mismatch: 1, match: 2 };

export const verdictOf = (row) => row.verdict ?? NOT_READ;

const byText = (of) => (a, b) => Number(!of(a)) - Number(!of(b)) || collator.compare(of(a), of(b)); // what has none comes last
const ORDERS = {
  flagged: (a, b) => FLAGGED[verdictOf(a)] - FLAGGED[verdictOf(b)] || (b.probability ?? -1) - (a.probability ?? -1),
  file: () => 0,
  source: byText((row) => row.source),
  title: byText((row) => row.title),
  reason: byText((row) => row.reasons[0] ?? row.error),
  label: (a, b) => DECIDED[a.label] - DECIDED[b.label],
};

// All rows in an order, those that are equal as in the file; `backwards` turns it round.
export function ordered(rows, order, backwards) {
  const compare = ORDERS[order];
  const out = order === "file" ? [...rows] : [...rows].sort(compare);
  return backwards ? out.reverse() : out;
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
