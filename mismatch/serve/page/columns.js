// How a file was read: which of its columns is what, and how it is laid out. Whoever sees that a guess is wrong chooses here.

const at = (id) => document.getElementById(id);
const ROLES = ["title", "body", "source", "id"];
const LAYOUT = ["delimiter", "encoding", "table"];

// What was chosen by hand, as the service takes it.
export function chosenColumns() {
  const given = [...ROLES, ...LAYOUT].map((name) => [name, at(`as-${name}`).value.trim()]);
  return Object.fromEntries(given.filter(([, value]) => value));
}

export function forgetColumns() {
  for (const name of [...ROLES, ...LAYOUT]) at(`as-${name}`).value = "";
  at("columns").hidden = true;
  at("columns").open = false;
}

// Offers the names; `taken` says which the service took.
export function showColumns(names, taken, notices) {
  for (const role of ROLES) {
    const before = at(`as-${role}`).value;
    const all = [...new Set([...names, before, taken[role]].filter(Boolean))];
    at(`as-${role}`).replaceChildren(new Option("as guessed", ""), ...all.map((name) => new Option(name, name)));
    at(`as-${role}`).value = all.includes(before) ? before : "";
  }
  const words = ROLES.filter((role) => taken[role]).map((role) => `${role}: ${taken[role]}`);
  at("columns-summary").textContent = words.length ? `Columns: ${words.join(", ")}` : "Columns";
  at("columns-notices").textContent = notices.map((notice) => `${notice.charAt(0).toUpperCase()}${notice.slice(1)}.`).join(" ");
  at("columns").hidden = false;
}

// Asks which columns they are, because the service did not find them.
export function askColumns(names) {
  showColumns(names, {}, []);
  at("columns-summary").textContent = "Which column is the title, and which the body?";
  at("columns").open = true;
  at("as-title").focus();
}

export function setUp(readAgain) {
  at("columns-form").addEventListener("submit", (event) => {
    event.preventDefault();
    readAgain();
  });
}
