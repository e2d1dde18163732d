// JSON objects read where they stand, as UTF-8 bytes: a file of some hundred megabytes is gone through in seconds, because the
// long texts in it are neither decoded nor copied.

const [QUOTE, BACKSLASH, COMMA, COLON, OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = [34, 92, 44, 58, 123, 125, 91, 93];
const decoder = new TextDecoder();

// Calls `take` with the place of each key and of its value (where they begin and end) in the object between `start` and `end`.
export function members(bytes, start, end, take) {
  let at = skipBlank(bytes, start) + 1;
  for (;;) {
    at = skipBlank(bytes, at);
    if (at >= end || bytes[at] === CLOSE) return;
    if (bytes[at] === COMMA) {
      at += 1;
      continue;
    }
    const key = at;
    const keyEnd = stringEnd(bytes, at);
    at = skipBlank(bytes, keyEnd);
    if (bytes[at] !== COLON) throw new SyntaxError("no JSON object");
    at = skipBlank(bytes, at + 1);
    const value = at;
    at = valueEnd(bytes, at, end);
    take(key, keyEnd, value, at);
  }
}

// The value between `start` and `end`.
export function parsed(bytes, start, end) {
  return JSON.parse(decoded(bytes, start, end));
}

export function decoded(bytes, start, end) {
  return decoder.decode(bytes.subarray(start, end));
}

// The same, for a text of which the first characters are enough.
export function parsedBeginning(bytes, start, end, most) {
  if (bytes[start] !== QUOTE || end - start <= 6 * most) return parsed(bytes, start, end);
  let stop = start + 6 * most;
  while ((bytes[stop] & 0xc0) === 0x80) stop -= 1; // not within a character
  const inEscape = bytes.subarray(stop - 12, stop).lastIndexOf(BACKSLASH);
  if (inEscape >= 0) return parsed(bytes, start, end);
  return JSON.parse(`${decoded(bytes, start, stop)}"`);
}

// Remembers the names of keys by their place in the object: rows mostly have the same keys in the same order.
export class Keys {
  constructor(meaning) {
    this.meaning = meaning; // of a name, computed once for each
    this.known = [];
    this.byName = new Map();
  }

  at(place, bytes, start, end) {
    const known = this.known[place];
    if (known && same(known.bytes, bytes, start, end)) return known.meaning;
    const name = parsed(bytes, start, end);
    if (!this.byName.has(name)) this.byName.set(name, this.meaning(name));
    this.known[place] = { bytes: bytes.slice(start, end), meaning: this.byName.get(name) };
    return this.known[place].meaning;
  }
}

function same(known, bytes, start, end) {
  if (known.length !== end - start) return false;
  for (let i = 0; i < known.length; i += 1) if (known[i] !== bytes[start + i]) return false;
  return true;
}

function skipBlank(bytes, at) {
  let next = at;
  while (bytes[next] === 32 || bytes[next] === 13 || bytes[next] === 9 || bytes[next] === 10) next += 1;
  return next;
}

function stringEnd(bytes, start) {
  let at = start;
  for (;;) {
    at = bytes.indexOf(QUOTE, at + 1);
    if (at < 0) throw new SyntaxError("a text does not end");
    let before = at - 1;
    while (bytes[before] === BACKSLASH) before -= 1;
    if ((at - before) % 2) return at + 1;
  }
}

function valueEnd(bytes, start, end) {
  if (bytes[start] === QUOTE) return stringEnd(bytes, start);
  let depth = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) at = stringEnd(bytes, at) - 1;
    else if (byte === OPEN || byte === OPEN_LIST) depth += 1;
    else if (byte === CLOSE || byte === CLOSE_LIST) {
      if (!depth) return at;
      depth -= 1;
      if (!depth) return at + 1;
    } else if (!depth && (byte === COMMA || byte === 32 || byte === 13 || byte === 9)) return at;
  }
  return end;
}
