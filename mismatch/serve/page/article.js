// One article: the form, its HTML file, and the answer. Text from outside only ever becomes text nodes.

import { marked } from "./marks.js";
import { ask } from "./service.js";
import { fill, likelihood, reason, tell, verdictName, vocabulary } from "./words.js";

const at = (id) => document.getElementById(id);
let latest = 0;

// Judges an article and shows why. `ofRow` says that it is a row of a file, on which one can decide.
export async function check(title, body, source = null, { ofRow = false } = {}) {
  const mine = ++latest;
  at("title").value = title ?? "";
  at("body").value = body ?? "";
  tell("article-problem", "");
  tell("article-status", "Checking…");
  at("answer").hidden = true;
  try {
    const answer = await ask("/explain", "application/json", JSON.stringify(source ? { title, body, source } : { title, body }));
    const found = await answer.json();
    if (mine !== latest) return;
    show(title ?? "", body ?? "", found);
    at("of-row").hidden = !ofRow;
    tell("article-status", "");
    at("answer").focus();
  } catch (error) {
    if (mine !== latest) return;
    tell("article-status", "");
    tell("article-problem", error.message);
  }
}

export async function readHtml(file) {
  tell("article-problem", "");
  tell("article-status", `Reading ${file.name}…`);
  try {
    const found = await (await ask("/extract", "text/html", file)).json();
    if (!found.title || !found.body) {
      const what = !found.title && !found.body ? "Neither a title nor a body" : `No ${found.title ? "body" : "title"}`;
      at("title").value = found.title;
      at("body").value = found.body;
      tell("article-status", `${what} was found in ${file.name}.`);
      return;
    }
    await check(found.title, found.body);
  } catch (error) {
    tell("article-status", "");
    tell("article-problem", error.message);
  }
}

function show(title, body, found) {
  const verdict = found.mismatch_verdict;
  at("verdict").textContent = verdictName(verdict);
  at("verdict").dataset.verdict = verdict;
  at("verdict-words").textContent = vocabulary.verdicts[verdict] || "";
  const known = found.mismatch_probability !== null;
  at("probability-line").hidden = !known;
  at("probability").value = known ? found.mismatch_probability : 0;
  at("probability-words").textContent = likelihood(found.mismatch_probability);
  const explanation = found.explanation || {};
  at("title-topic").textContent = topic(found.title_topic, explanation.title_topic_terms);
  at("body-topic").textContent = topic(found.body_topic, explanation.body_topic_terms);
  at("body-terms").textContent = (explanation.body_keywords || []).join(", ") || "not known";
  fill(at("reasons"), (found.mismatch_reasons || []).map(reason), "Nothing speaks against the pair.");
  const missing = (explanation.terms || []).filter((term) => !term.found).map((term) => term.text);
  fill(at("missing"), missing, "Every term of the title is in the body.");
  at("judged-title").textContent = title;
  at("marked").replaceChildren(...marked(body, found.marks || []));
  at("answer").hidden = false;
}

function topic(name, terms) {
  if (!name) return "not known";
  return terms?.length ? `${name}, for: ${terms.join(", ")}` : name;
}

export function setUp() {
  at("article").addEventListener("submit", (event) => {
    event.preventDefault();
    check(at("title").value, at("body").value);
  });
  at("html").addEventListener("change", (event) => {
    if (event.target.files.length) readHtml(event.target.files[0]);
    event.target.value = "";
  });
}
