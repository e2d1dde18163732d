// Answers in words. The words are the service's own; a code that it has no words for is shown as it is.

import { vocabulary } from "./vocabulary.js"; // what GET /vocabulary gives; as a module, so that it is there before anyone clicks

export { vocabulary };
export const NOT_READ = "not read";
export const VERDICTS = [...Object.keys(vocabulary.verdicts), NOT_READ];

export function verdictName(code) {
  return code.charAt(0).toUpperCase() + code.slice(1);
}

export function reason(code) {
  return vocabulary.reasons[code] || code;
}

export function likelihood(probability) {
  if (probability === null || probability === undefined) return share(probability);
  const found = vocabulary.likelihoods.find(({ at_least: least }) => probability >= least);
  return found ? `${found.words} (${share(probability)})` : share(probability);
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
