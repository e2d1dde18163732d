// Codes in words. A code that is not here is shown as it is.

export const VERDICTS = {
  match: ["✓", "Match", "The title belongs to the body."],
  mismatch: ["✗", "Mismatch", "The title is about something else than the body."],
  unsure: ["?", "Unsure", "The title may be about something else than the body; the model abstains."],
  unscorable: ["–", "Unscorable", "No fair judgement is possible."],
  "not read": ["!", "Not read", "The row could not be read."],
};

const REASONS = {
  topic_mismatch: "The title and the body have different topics.",
  no_shared_terms: "No term of the title is in the body.",
  weak_overlap: "Few of the title's telling terms are in the body.",
  title_missing: "There is no title.",
  body_missing: "There is no body.",
  title_generic: "Nothing in the title can be checked against a body.",
  body_too_short: "The body is too short to judge.",
  script_differs: "Title and body are in different writing systems.",
  language_differs: "Title and body are in different languages.",
  foreign_paragraph: "A part of the body seems to belong to another article.",
  repeated_body: "The same body stands under other titles too.",
  repeated_title: "The same title stands over other bodies too.",
  shifted: "The columns of titles and bodies are shifted against each other.",
};
const BOILERPLATE = {
  consent: "a cookie notice",
  paywall: "a paywall notice",
  script_required: "a request to switch on JavaScript",
  blocked: "a notice that the visitor was blocked",
  not_found: "a “not found” page",
  navigation: "menus and links",
};

export function reason(code) {
  const [name, kind] = code.split(":", 2);
  if (name === "body_boilerplate") return `The body is no article but ${BOILERPLATE[kind] || kind || "boilerplate"}.`;
  return REASONS[name] || code;
}

export function share(probability) {
  if (probability === null || probability === undefined) return "not known";
  const percent = probability * 100;
  if (percent < 0.1) return "below 0.1 %";
  if (percent > 99.9) return "above 99.9 %";
  return `${percent.toFixed(1)} %`;
}

export function fill(list, texts, none) {
  list.replaceChildren(...(texts.length ? texts : [none]).map((text) => {
    const item = document.createElement("li");
    item.textContent = text;
    item.dir = "auto";
    return item;
  }));
}

export function tell(id, text) {
  const place = document.getElementById(id);
  place.textContent = text;
  if (place.classList.contains("problem")) place.hidden = !text;
}
