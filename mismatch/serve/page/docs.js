// The manual, drawn from the OpenAPI document of this very service.

const add = (parent, tag, text, attributes = {}) => {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  parent.append(element);
  return element;
};

function table(parent, caption, heads, rows) {
  const place = add(add(parent, "div", "", { class: "scroll", role: "region", "aria-label": caption, tabindex: "0" }), "table");
  add(place, "caption", caption);
  const head = add(add(place, "thead"), "tr");
  heads.forEach((name) => add(head, "th", name, { scope: "col" }));
  const body = add(place, "tbody");
  for (const cells of rows) {
    const line = add(body, "tr");
    cells.forEach((text, i) => add(line, "td", text, { "data-name": heads[i] }));
  }
}

function content(parent, title, kinds) {
  for (const [kind, { schema, example }] of Object.entries(kinds)) {
    add(parent, "h4", `${title}: ${kind}`);
    const sample = example ?? schema?.example;
    if (sample !== undefined) add(add(parent, "pre", "", { tabindex: "0" }), "code", typeof sample === "string" ? sample : JSON.stringify(sample, null, 2));
    if (schema && schema.type !== "string") {
      const details = add(parent, "details");
      add(details, "summary", "Schema");
      add(add(details, "pre", "", { tabindex: "0" }), "code", JSON.stringify(schema, null, 2));
    }
  }
}

function curl(path, method, kinds) {
  const kind = Object.keys(kinds)[0];
  if (method !== "post") return `curl ${location.origin}${path}`;
  if (kind === "text/html") return `curl -H 'Content-Type: text/html' --data-binary @page.html ${location.origin}${path}`;
  const line = `curl -H 'Content-Type: application/json' -d '{"title": "…", "body": "…"}' ${location.origin}${path}`;
  if (!kinds["application/x-ndjson"]) return line;
  return `${line}\ncurl -T articles.jsonl -X POST -H 'Content-Type: application/x-ndjson' ${location.origin}${path}`;
}

function draw(api) {
  document.getElementById("about").textContent = api.info.description;
  const list = add(document.getElementById("contents"), "ul");
  const routes = document.getElementById("routes");
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, route] of Object.entries(methods)) {
      const name = `${method.toUpperCase()} ${path}`;
      const id = name.toLowerCase().replace(/[^a-z]+/g, "-");
      const item = add(list, "li");
      add(item, "a", name, { href: `#${id}` });
      item.append(`: ${route.summary}`);
      const section = add(routes, "section", "", { class: "route", "aria-labelledby": id });
      add(section, "h2", name, { id });
      add(section, "p", route.summary);
      const takes = route.requestBody?.content || {};
      add(add(section, "pre", "", { tabindex: "0" }), "code", curl(path, method, takes));
      if (route.parameters?.length) table(section, "In the query", ["Name", "Meaning"], route.parameters.map((p) => [p.name, p.description]));
      content(section, "Takes", takes);
      table(section, "Answers", ["Status", "Meaning"], Object.entries(route.responses).map(([status, a]) => [status, a.description]));
      content(section, "Gives", route.responses["200"].content || {});
    }
  }
}

fetch("/openapi.json").then((answer) => answer.json()).then(draw).catch(() => {
  document.getElementById("about").textContent = "The description could not be loaded. Is the service still running?";
});
