// What a tile shows seldom is made when it is wanted: the entries of its menu, the button that
// leaves full screen, the seconds one waits and the button that ends them. Dash knows nothing of
// them: each component of Dash costs time at every change of the page, in every tile.
//
// Which entries a menu has was decided on the server, which checks again what they ask for.
(function () {
  "use strict";
  const told = () => window.dashapp.reach || { texts: {}, entries: {} };

  function made(tag, className, attributes, ...inside) {
    const el = document.createElement(tag);
    if (className) el.className = className;
    for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, value);
    el.append(...inside);
    return el;
  }
  const button = (className, attributes, ...inside) => made("button", className, { type: "button", ...attributes }, ...inside);
  const icon = (name) => made("i", `bi ${name}`, { "aria-hidden": "true" });

  // ---- menus -------------------------------------------------------------------------------------
  function fill(box) {
    const names = (box.dataset.menu || "").split(" ").filter((name) => Object.hasOwn(told().entries, name));
    if (!names.length || box.querySelector(".menu")) return;
    const menu = made("div", "menu", { role: "menu" });
    for (const name of names) {
      const [picture, text] = told().entries[name];
      if (name === "export:data:csv" && menu.childElementCount) menu.append(made("hr", "", {}));
      menu.append(button("", { role: "menuitem", "data-act": name }, icon(picture), text));
    }
    box.append(menu);
  }
  // Before the browser opens it; keys come as clicks.
  document.addEventListener("click", (e) => {
    const summary = e.target.closest?.("details[data-menu] > summary");
    if (summary) fill(summary.parentElement);
  }, true);
  // A menu with no room below opens upwards; arrow keys walk through it.
  document.addEventListener("toggle", (e) => {
    const box = e.target;
    if (!box.matches?.("details[data-menu]")) return;
    fill(box);
    const menu = box.querySelector(".menu");
    if (!menu) return;
    menu.classList.remove("is-up");
    if (box.open) { const r = menu.getBoundingClientRect(); menu.classList.toggle("is-up", r.bottom > window.innerHeight && box.getBoundingClientRect().top > r.height + 60); }
  }, true);
  document.addEventListener("keydown", (e) => {
    const box = e.target.closest?.("details[data-menu][open]");
    if (!box || (e.key !== "ArrowDown" && e.key !== "ArrowUp")) return;
    e.preventDefault();
    const entries = Array.from(box.querySelectorAll(".menu button, .menu a")), at = entries.indexOf(document.activeElement);
    entries[Math.max(0, Math.min(entries.length - 1, at + (e.key === "ArrowDown" ? 1 : -1)))].focus();
  });

  // ---- full screen -------------------------------------------------------------------------------
  function exit(tile) {
    const text = told().texts.leave || "";
    const made = button("icon-button tile-exit", { "data-act": "full", title: text, "aria-label": text }, icon("bi-fullscreen-exit"));
    tile.querySelector(".tile-head").insertBefore(made, tile.querySelector(".tile-menu"));
    return made;
  }
  function full(tile) {
    const isFull = tile.classList.toggle("is-full");
    document.body.classList.toggle("overflow-hidden", isFull);
    (isFull ? tile.querySelector(".tile-exit") || exit(tile) : tile.querySelector(".tile-menu summary"))?.focus();
    window.dispatchEvent(new Event("resize"));
  }

  // ---- waiting -----------------------------------------------------------------------------------
  // Where the seconds of a tile that is slow stand.
  function wait(tile) {
    const there = tile.querySelector(".tile-wait span");
    if (there) return there;
    const seconds = made("span", "", {});
    tile.append(made("div", "tile-wait", {}, seconds, button("", { "data-act": "cancel" }, told().texts.cancel || "")));
    return seconds;
  }

  window.dashapp = Object.assign(window.dashapp || {}, { tiles: { full, wait } });
})();
