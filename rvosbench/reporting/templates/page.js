"use strict";
(() => {
  const cases = [...document.querySelectorAll(".case")];
  const controls = document.getElementById("controls");
  const search = document.getElementById("search");
  const kind = document.getElementById("kind");
  const count = document.getElementById("count");
  const kinds = [...new Set(cases.map((each) => each.dataset.kind))].filter(Boolean).sort();
  if (!cases.length) return;
  for (const name of kinds) kind.add(new Option(name, name));
  kind.parentElement.hidden = kinds.length < 2;
  const update = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const each of cases) {
      const fits = (!kind.value || each.dataset.kind === kind.value)
        && words.every((word) => each.dataset.text.includes(word));
      each.hidden = !fits;
      shown += fits;
    }
    count.textContent = `${shown} of ${cases.length} shown`;
  };
  controls.addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("input", update);
  kind.addEventListener("change", update);
  controls.hidden = false;
  update();
})();
