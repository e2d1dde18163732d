// The page: sends each file to where it belongs.

import { readHtml, setUp as setUpArticle } from "./article.js";
import { readRows, setUp as setUpRows } from "./rows.js";
import { read } from "./service.js";
import { share, tell, vocabulary } from "./words.js";

const drop = document.getElementById("drop");

function take(file) {
  if (/\.x?html?$/i.test(file.name)) readHtml(file);
  else readRows(file);
}

function dropped(data) {
  const { files } = data;
  if (data.items[0]?.webkitGetAsEntry?.()?.isDirectory) tell("rows-problem", `${files[0].name} is a folder. Drop one file.`);
  else if (files.length > 1) tell("rows-problem", `${files.length} files were dropped. Drop one at a time.`);
  else if (files.length) take(files[0]);
}

document.getElementById("file").accept = [...Object.keys(vocabulary.content_types), "txt"].map((ending) => `.${ending}`).join();
setUpArticle();
setUpRows();
document.getElementById("file").addEventListener("change", (event) => {
  if (event.target.files.length) take(event.target.files[0]);
  event.target.value = ""; // so that the same file can be chosen again
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
  dropped(event.dataTransfer);
});
read("/ready").then((ready) => {
  if (!ready) return;
  document.getElementById("prior").textContent = `probability, where ${share(ready.prior)} of all articles are expected to be wrong`;
  document.getElementById("model").textContent = `Model ${ready.model} (${ready.digest.slice(0, 12)}), mismatch ${ready.version}`;
}).catch(() => {});
