// The page: sends each file to where it belongs.

import { readHtml, setUp as setUpArticle } from "./article.js";
import { readRows, setUp as setUpRows } from "./rows.js";
import { read } from "./service.js";
import { share, vocabulary } from "./words.js";

const drop = document.getElementById("drop");

function take(file) {
  if (/\.html?$/i.test(file.name)) readHtml(file);
  else readRows(file);
}

document.getElementById("file").accept = [...Object.keys(vocabulary.content_types).map((ending) => `.${ending}`), ".html", ".htm"].join();
setUpArticle();
setUpRows();
document.getElementById("file").addEventListener("change", (event) => {
  if (event.target.files.length) take(event.target.files[0]);
});
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) drop.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (event.dataTransfer.files.length) take(event.dataTransfer.files[0]);
});
read("/ready").then((ready) => {
  if (!ready) return;
  document.getElementById("prior").textContent = `probability, where ${share(ready.prior)} of all articles are expected to be wrong`;
  document.getElementById("model").textContent = `Model ${ready.model} (${ready.digest.slice(0, 12)}), mismatch ${ready.version}`;
}).catch(() => {});
