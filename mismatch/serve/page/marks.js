// A text with places in it marked. Text from outside only ever becomes text nodes.

export function marked(text, marks) {
  const characters = Array.from(text); // the service counts Unicode characters, strings here count UTF-16 units
  const pieces = [];
  let begin = 0;
  for (const [start, stop] of marks) {
    pieces.push(characters.slice(begin, start).join(""));
    const mark = document.createElement("mark");
    mark.textContent = characters.slice(start, stop).join("");
    pieces.push(mark);
    begin = stop;
  }
  pieces.push(characters.slice(begin).join(""));
  return pieces;
}
