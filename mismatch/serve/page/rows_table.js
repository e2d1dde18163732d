// A table that draws only the rows in view, however many there are. Where the browser could not make the table high enough, the
// scroll bar stands for a share of the rows instead of for pixels.

const HIGHEST = 8_000_000; // pixels; browsers stop between 17 and 33 million
const BEYOND = 6; // rows that are drawn above and below, so that the Tab key finds them

export class RowsTable {
  // scroller: the element with the scroll bar; body: its tbody; draw: makes the cells of a row; both are told when to change.
  constructor({ scroller, table, body, draw }) {
    Object.assign(this, { scroller, table, body, draw });
    this.rows = [];
    this.lines = new Map();
    this.wanted = 0;
    scroller.addEventListener("scroll", () => this.later());
    new ResizeObserver(() => this.later()).observe(scroller);
    body.addEventListener("focusin", (event) => this.into(this.positionOf(event.target)));
  }

  // Shows these rows from their beginning.
  show(rows) {
    this.rows = rows;
    this.clear();
    this.scroller.scrollTop = 0;
    this.table.setAttribute("aria-rowcount", String(rows.length + 1)); // with the line of the names
    this.render();
  }

  // Draws a row anew, where it is drawn, and keeps the focus on it.
  refresh(row) {
    for (const [position, line] of this.lines) {
      if (this.rows[position] !== row) continue;
      const focused = line.contains(document.activeElement);
      const fresh = this.line(position);
      line.replaceWith(fresh);
      this.lines.set(position, fresh);
      this.place();
      if (focused) this.focus(position);
    }
  }

  // Brings a row into view and puts the focus on it.
  focus(position) {
    if (!this.rows.length) return;
    const wanted = Math.max(0, Math.min(this.rows.length - 1, position));
    this.into(wanted);
    this.render();
    (this.lines.get(wanted)?.querySelector("button") ?? this.lines.get(wanted))?.focus({ preventScroll: true });
  }

  positionOf(element) {
    const line = element.closest?.("tr");
    return line?.dataset.position === undefined ? -1 : Number(line.dataset.position);
  }

  get pageRows() {
    return Math.max(1, Math.floor(this.view / this.height) - 1);
  }

  get height() {
    return parseFloat(getComputedStyle(this.body).getPropertyValue("--row-height")) * parseFloat(getComputedStyle(document.documentElement).fontSize);
  }

  get view() {
    const above = this.body.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top + this.scroller.scrollTop;
    return Math.max(this.height, this.scroller.clientHeight - above);
  }

  // How far down the first row in view is, in rows.
  top(height) {
    const whole = this.rows.length * height;
    const at = Math.max(0, this.scroller.scrollTop);
    if (whole <= HIGHEST) return at / height;
    return Math.min(1, at / (HIGHEST - this.view)) * (this.rows.length - this.view / height);
  }

  // Scrolls as little as needed to have all of a row in view.
  into(position) {
    if (position < 0) return;
    const { height, view } = this;
    const rows = view / height;
    const top = this.top(height);
    const next = position < top ? position : position + 1 > top + rows ? position + 1 - rows : top;
    if (next === top) return;
    const whole = this.rows.length * height;
    this.scroller.scrollTop = whole <= HIGHEST ? next * height : (next / (this.rows.length - rows)) * (HIGHEST - view);
  }

  later() {
    if (this.wanted) return;
    this.wanted = requestAnimationFrame(() => {
      this.wanted = 0;
      this.render();
    });
  }

  clear() {
    this.body.replaceChildren();
    this.lines.clear();
  }

  render() {
    const { height } = this;
    const first = Math.max(0, Math.floor(this.top(height)) - BEYOND);
    const last = Math.min(this.rows.length, Math.ceil(this.top(height) + this.view / height) + BEYOND);
    for (const [position, line] of this.lines) {
      if ((position >= first && position < last) || line.contains(document.activeElement)) continue;
      line.remove();
      this.lines.delete(position);
    }
    let next = this.body.firstElementChild;
    for (let position = first; position < last; position += 1) {
      while (next && Number(next.dataset.position) < position) next = next.nextElementSibling;
      if (this.lines.has(position)) continue;
      const line = this.line(position);
      this.body.insertBefore(line, next);
      this.lines.set(position, line);
    }
    this.place();
  }

  line(position) {
    const line = this.draw(this.rows[position]);
    line.dataset.position = String(position);
    line.setAttribute("role", "row"); // it is laid out as a grid or a card, which would take these roles away
    line.setAttribute("aria-rowindex", String(position + 2));
    return line;
  }

  // Puts each line where it belongs.
  place() {
    const { height } = this;
    const whole = this.rows.length * height;
    const top = this.top(height);
    const from = whole <= HIGHEST ? 0 : this.scroller.scrollTop - top * height;
    this.body.style.height = `${Math.min(whole, HIGHEST)}px`;
    for (const [position, line] of this.lines) {
      const at = from + position * height;
      line.style.transform = `translateY(${Math.max(-height, Math.min(at, HIGHEST))}px)`;
    }
  }
}
