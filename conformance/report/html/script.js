"use strict";
(() => {
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const form = one("#filters");
  const table = one("#clauses");
  const rows = all("tr[data-id]", table);
  const failures = all("details.failure");
  const failuresOf = byClause(failures);
  const words = new Map(); // an element -> what a search finds it by
  let at = null; // the failure that is being read

  function byClause(list) {
    const groups = new Map();
    for (const f of list) groups.set(f.dataset.id, [...(groups.get(f.dataset.id) || []), f]);
    return groups;
  }

  function wordsOf(element, parts) {
    if (!words.has(element)) {
      words.set(element, all(parts, element).map((part) => part.textContent).join(" ").toLowerCase());
    }
    return words.get(element);
  }

  const chosen = (name) => all(`input[name="${name}"]:checked`, form).map((input) => input.value);

  function say(text) {
    one("#said").textContent = text;
  }

  // The filters

  function filter() {
    const [chapters, levels, outcomes] = ["chapter", "level", "outcome"].map(chosen);
    const text = form.elements.text.value.trim().toLowerCase();
    const among = (list, value) => list.length === 0 || list.includes(value);
    let shownClauses = 0;
    let shownFailures = 0;
    for (const row of rows) {
      const mine = failuresOf.get(row.dataset.id) || [];
      const right = among(chapters, row.parentElement.dataset.chapter) && among(levels, row.dataset.level);
      const itself = wordsOf(row, "th").includes(text);
      const found = mine.filter((f) => itself || wordsOf(f, ":scope > summary, :scope > .told").includes(text));
      const told = row.dataset.outcomes.split(" ").some((outcome) => among(outcomes, outcome));
      row.hidden = !(right && told && (itself || found.length > 0));
      shownClauses += !row.hidden;
      for (const f of mine) {
        f.hidden = row.hidden || !among(outcomes, "fail") || !found.includes(f);
        shownFailures += !f.hidden;
      }
    }
    for (const body of table.tBodies) body.hidden = all("tr[data-id]", body).every((row) => row.hidden);
    for (const part of all(".of-target")) part.hidden = all("details.failure", part).every((f) => f.hidden);
    table.classList.toggle("full", form.elements.requirements.checked);
    one("#none").hidden = shownClauses > 0;
    if (failures.length) one("#no-failure").hidden = shownFailures > 0;
    const ofFailures = failures.length ? `, ${shownFailures} of ${failures.length} failures` : "";
    one("#shown").textContent = `${shownClauses} of ${rows.length} clauses${ofFailures} shown`;
  }

  // The address: what is chosen and what is being read

  function address() {
    const parts = new URLSearchParams();
    for (const name of ["outcome", "level", "chapter"]) {
      if (chosen(name).length) parts.set(name, chosen(name).join(","));
    }
    const { text, requirements } = form.elements;
    if (text.value) parts.set("text", text.value);
    if (requirements.checked !== requirements.defaultChecked) parts.set("requirements", +requirements.checked);
    if (at) parts.set("at", at.id);
    return `#${parts}`;
  }

  function keepAddress() {
    const wanted = address();
    if (wanted !== (location.hash || "#")) history.replaceState(null, "", wanted);
  }

  function followAddress() {
    const hash = location.hash.slice(1);
    if (hash && !hash.includes("=")) {
      goTo(document.getElementById(hash));
      return;
    }
    const parts = new URLSearchParams(hash);
    for (const name of ["outcome", "level", "chapter"]) {
      const values = (parts.get(name) || "").split(",");
      for (const input of all(`input[name="${name}"]`, form)) input.checked = values.includes(input.value);
    }
    const { text, requirements } = form.elements;
    text.value = parts.get("text") || "";
    requirements.checked = parts.has("requirements") ? parts.get("requirements") === "1" : requirements.defaultChecked;
    filter();
    const wanted = parts.get("at") && document.getElementById(parts.get("at"));
    if (wanted && wanted.matches("details.failure")) open(wanted);
  }

  // Failures

  function open(failure) {
    at = failure;
    failure.open = true;
    one("summary", failure).focus({ preventScroll: true });
    failure.scrollIntoView({ block: "start" });
    keepAddress();
  }

  function goTo(element) {
    if (!element) return;
    if (element.matches("details.failure")) {
      open(element);
      return;
    }
    if (element.matches("details")) element.open = true;
    const focused = element.matches("details") ? one("summary", element) : element;
    focused.focus({ preventScroll: true });
    element.scrollIntoView({ block: "start" });
  }

  function step(by) {
    const shown = failures.filter((f) => !f.hidden);
    if (shown.length === 0) {
      say("no failure is shown");
      return;
    }
    const here = at === null || at.hidden ? (by > 0 ? -1 : 0) : shown.indexOf(at);
    const next = (here + by + shown.length) % shown.length;
    if (at !== null && at !== shown[next]) at.open = false;
    open(shown[next]);
    say(`failure ${next + 1} of ${shown.length}`);
  }

  function copy(button) {
    const source = document.getElementById(button.dataset.copy);
    const told = () => {
      say("copied");
      button.classList.add("done");
      setTimeout(() => button.classList.remove("done"), 1500);
    };
    const bySelection = () => {
      getSelection().selectAllChildren(source);
      if (document.execCommand("copy")) told();
    };
    if (navigator.clipboard) navigator.clipboard.writeText(source.textContent).then(told, bySelection);
    else bySelection();
  }

  // What the reader does

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => { filter(); keepAddress(); });
  addEventListener("hashchange", followAddress);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    const button = event.target.closest("button");
    if (link) {
      event.preventDefault();
      goTo(document.getElementById(link.hash.slice(1)));
    } else if (button && button.dataset.copy) {
      copy(button);
    } else if (button && button.id === "clear") {
      form.reset();
      filter();
      keepAddress();
    } else if (button && (button.id === "next" || button.id === "previous")) {
      step(button.id === "next" ? 1 : -1);
    }
  });
  for (const failure of failures) {
    failure.addEventListener("toggle", () => {
      if (failure.open) at = failure;
      else if (at === failure) at = null;
      keepAddress();
    });
  }
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
    const keys = one("#keys");
    if (typing || event.ctrlKey || event.altKey || event.metaKey || (keys && !keys.checked)) return;
    if (event.key === "n" && failures.length) step(1);
    else if (event.key === "p" && failures.length) step(-1);
    else if (event.key === "/") form.elements.text.focus();
    else return;
    event.preventDefault();
  });

  // The column under the pointer

  const columns = all("col", table);
  const heads = all("thead th", table);
  let column = 0;
  function light(index) {
    for (const list of [columns, heads]) {
      if (column > 0) list[column].classList.remove("here");
      if (index > 0) list[index].classList.add("here");
    }
    column = index;
  }
  table.addEventListener("pointerover", (event) => {
    const cell = event.target.closest("td, thead th");
    light(cell && columns.length > 2 ? cell.cellIndex : 0);
  });
  table.addEventListener("pointerleave", () => light(0));

  // On paper nothing can be opened

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details:not([open])").filter((each) => !each.hidden && !each.matches(".script"));
    for (const each of opened) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of opened) each.open = false;
    at = null;
    keepAddress();
  });

  filter();
  followAddress();
})();
