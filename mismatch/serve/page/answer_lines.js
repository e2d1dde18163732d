// The answer to a file: its lines stay in a blob, which the browser may keep on its disk. Of each row only what the table shows
// is in memory, and where its line stands.

const BLOB_BYTES = 8 << 20;
const LINE_END = 10;
const LONGEST_TEXT = 1000; // of a title or a source, as the table and the search have them

export class AnswerLines {
  constructor(columns) {
    this.columns = columns;
    this.rows = [];
    this.names = new Set(); // of the columns that the first rows have
    this.problem = ""; // what the service says in a last line, where it could not go on
    this.lines = new Blob();
    this.reasons = new Map();
  }

  // Takes the whole stream in; `step` is told after each piece, and ends it by returning false.
  async take(stream, step) {
    const reader = stream.getReader();
    const decoder = new TextDecoder();
    const blobs = [];
    let pieces = [];
    let held = 0;
    let at = 0;
    let rest = [];
    const keep = () => {
      if (pieces.length) blobs.push(new Blob(pieces));
      pieces = [];
      held = 0;
      this.lines = new Blob(blobs);
    };
    const line = (bytes) => {
      if (bytes.length) this.add(decoder.decode(bytes), at, bytes.length);
      at += bytes.length + 1;
    };
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        pieces.push(value);
        held += value.length;
        if (held >= BLOB_BYTES) keep();
        let begin = 0;
        for (let end = value.indexOf(LINE_END); end >= 0; end = value.indexOf(LINE_END, begin)) {
          line(rest.length ? joined([...rest, value.subarray(begin, end)]) : value.subarray(begin, end));
          rest = [];
          begin = end + 1;
        }
        if (begin < value.length) rest.push(value.subarray(begin));
        if (!step()) return reader.cancel();
      }
    } finally {
      keep();
    }
  }

  add(text, start, length) {
    const row = JSON.parse(text);
    if (row.mismatch_verdict === undefined && row.error !== undefined) {
      if (row.status !== undefined) this.problem = row.error;
      else this.rows.push({ number: null, line: row.line, verdict: null, probability: null, reasons: [], error: row.error, source: "", title: "", id: "", start, length });
      return;
    }
    this.number = (this.number || 0) + 1; // rows that could not be read have none, as on the command line
    if (this.number <= 50) nameAll(row, "", this.names);
    this.rows.push({
      number: this.number,
      line: null,
      verdict: row.mismatch_verdict,
      probability: row.mismatch_probability,
      reasons: this.same(row.mismatch_reasons || []),
      error: "",
      source: cut(valueAt(row, this.columns.source)),
      title: cut(valueAt(row, this.columns.title)),
      id: cut(valueAt(row, this.columns.id)),
      start,
      length,
    });
  }

  // One list for all rows with the same reasons.
  same(reasons) {
    const key = reasons.join("\n");
    if (!this.reasons.has(key)) this.reasons.set(key, reasons);
    return this.reasons.get(key);
  }

  async line(row) {
    return this.lines.slice(row.start, row.start + row.length).text();
  }

  // Title, body, source and id of a row as they stand in the file.
  async texts(row) {
    const whole = exactly(await this.line(row));
    return Object.fromEntries(["title", "body", "source", "id"].map((role) => [role, textOf(valueAt(whole, this.columns[role]))]));
  }

  // The bytes of the lines of some rows, which come in the order of the file, some megabytes at a time.
  async* bytesOf(rows) {
    for (let first = 0; first < rows.length;) {
      const start = rows[first].start;
      let last = first;
      while (last + 1 < rows.length && rows[last + 1].start + rows[last + 1].length - start <= BLOB_BYTES) last += 1;
      const bytes = new Uint8Array(await this.lines.slice(start, rows[last].start + rows[last].length).arrayBuffer());
      yield rows.slice(first, last + 1).map((row) => bytes.subarray(row.start - start, row.start - start + row.length));
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
    if (!before && /^(mismatch_(verdict|probability|reasons)|title_topic|body_topic)$/.test(name)) continue;
    if (value !== null && typeof value === "object" && !Array.isArray(value) && !before) nameAll(value, `${name}.`, names);
    else names.add(before + name);
  }
}

function cut(value) {
  const text = textOf(value);
  return text === null ? "" : text.slice(0, LONGEST_TEXT);
}

function joined(parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
