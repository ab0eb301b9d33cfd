// Filters the articles by the words typed; "/" goes to the search field.
const search = document.getElementById("search");
const count = document.getElementById("count");
const articles = [...document.querySelectorAll("article")].map((node) => ({ node, text: node.textContent.toLowerCase() }));
const lines = new Map([...document.querySelectorAll("nav li")].map((line) => [line.textContent, line]));

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const { node, text } of articles) {
    node.hidden = !words.every((word) => text.includes(word));
    shown += node.hidden ? 0 : 1;
    const line = lines.get(node.id);
    if (line) line.hidden = node.hidden;
  }
  for (const section of document.querySelectorAll("section")) section.hidden = !section.querySelector("article:not([hidden])");
  count.textContent = words.length ? `${shown} of ${articles.length}` : "";
}

search.addEventListener("input", filter);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== search) { event.preventDefault(); search.focus(); }
  if (event.key === "Escape" && document.activeElement === search) { search.value = ""; filter(); }
});
filter();
