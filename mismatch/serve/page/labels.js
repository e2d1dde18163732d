// What somebody says of rows, as a labels file: the lines that `mismatch review` writes, which `train --label`, `calibrate` and
// `evaluate` take. It stays in this tab until it is downloaded.

export class Labels {
  constructor() {
    this.decided = []; // rows, the last decision last
    this.unsaved = 0;
  }

  decide(row, label) {
    this.take(row);
    row.label = label;
    row.time = `${new Date().toISOString().slice(0, 19)}Z`;
    this.decided.push(row);
    this.unsaved += 1;
  }

  // The row that was decided on last, null where there is none.
  get last() {
    return this.decided.at(-1) ?? null;
  }

  // Takes the decision on a row back.
  take(row) {
    const at = this.decided.indexOf(row);
    if (at < 0) return;
    this.decided.splice(at, 1);
    delete row.label;
    this.unsaved = Math.max(1, this.unsaved);
  }

  async lines(answer, reviewer) {
    const out = [];
    for (const row of this.decided) {
      const { title, body, source, id } = await answer.texts(row);
      out.push(line({ title, body, label: row.label, id, source, row: row.number, reviewer, time: row.time }));
    }
    this.unsaved = 0;
    return out;
  }
}

function line(values) {
  return `{${Object.entries(values).map(([name, value]) => `"${name}": ${JSON.stringify(value)}`).join(", ")}}\n`;
}
