// "Why this number?": which mark or cell is meant, and the dialog that explains it. The server looks
// what is sent up in the tile's own answer and decides everything.
(function () {
  "use strict";
  const LONG_MS = 550, STILL_PX = 10, MOST_FIELDS = 200;
  const set = (id, props) => window.dash_clientside.set_props(id, props);
  const WAIT = { namespace: "dash_html_components", type: "Div", props: { className: "why-wait", children: { namespace: "dash_html_components", type: "Span", props: { className: "spinner-border" } } } };
  let tile = null; // whose numbers the dialog shows

  function ask(key, cell) {
    tile = key;
    set("why", { is_open: true });
    set("why-body", { children: WAIT });
    set("why-ask", { data: { tile: key, cell, as_of: (window.dashapp.stamps || {})[key] || null, n: Date.now() + Math.random() } });
  }

  // ---- what is under the pointer -----------------------------------------------------------------
  let over = null; // the marks that the pointer is over, as Plotly says
  function hook(plot) {
    if (!plot || plot._dashappWhy || !plot.on) return;
    plot._dashappWhy = true;
    plot.on("plotly_hover", (e) => { over = { plot, points: e.points || [] }; });
    plot.on("plotly_unhover", () => { if (over && over.plot === plot) over = null; });
  }
  document.addEventListener("pointerover", (e) => hook(e.target.closest?.(".js-plotly-plot")), true);

  const part = (target, value) => ({ column: target.column, value: value ?? null, ...(target.grain && { grain: target.grain }), ...(target.bin && { bin: target.bin }) });
  const isScalar = (v) => v === null || ["string", "number", "boolean"].includes(typeof v);

  // A mark by its values, in the order of what clicks stand for; without them all rows are offered.
  function markOf({ plot, points }) {
    const clicks = ((plot.layout || {}).meta || {}).clicks || [];
    const found = points.map((p) => window.dashapp.member(p, plot)).find((v) => v !== undefined && v !== null);
    const values = found === undefined ? [] : Array.isArray(found) ? found : [found];
    return { parts: values.slice(0, clicks.length).map((v, i) => part(clicks[i], v)).filter((p) => isScalar(p.value)) };
  }
  // A row of a grid by the values of its cells; a row of totals stands for no member.
  async function rowOf(cell) {
    const grid = cell.closest("[id*='\"kind\":\"grid\"']"), row = cell.closest("[row-index]");
    if (!grid || !row || !window.dash_ag_grid) return {};
    const api = await window.dash_ag_grid.getApiAsync(grid.id);
    const index = Number(row.getAttribute("row-index")), node = Number.isInteger(index) ? api.getDisplayedRowAtIndex(index) : null;
    if (!node || !node.data) return {};
    const clicks = (api.getGridOption("context") || {}).clicks || {}, data = node.data;
    const fields = Object.keys(data).filter((f) => f && !f.startsWith("_") && f.length <= 250 && isScalar(data[f])).slice(0, MOST_FIELDS);
    return {
      parts: Object.keys(clicks).filter((f) => Object.hasOwn(data, f) && isScalar(data[f])).map((f) => part(clicks[f], data[f])),
      named: Object.fromEntries(fields.map((f) => [f, data[f]])),
    };
  }
  // Where the menu of a tile offers it.
  const mayAsk = (box) => !!box.querySelector("details[data-menu~='why']");
  // What a person points at: a mark, a cell of a table, or a large number.
  function meant(target) {
    const box = target.closest?.("[data-tile]");
    if (!box || !mayAsk(box)) return null;
    const key = box.dataset.tile, plot = target.closest(".js-plotly-plot"), cell = target.closest(".ag-cell");
    if (plot && over && over.plot === plot && over.points.length) { const mark = over; return () => ask(key, markOf(mark)); }
    if (cell) return () => rowOf(cell).then((found) => ask(key, found));
    if (!plot && target.closest(".number")) return () => ask(key, {});
    return null;
  }

  // ---- Alt+click, right click, long press ----------------------------------------------------------
  // Meanwhile a click filters nothing (see `send` in dashboard.js).
  let pressed = null, timer = 0, opened = 0;
  function open(wish) { opened = Date.now(); wish(); }
  document.addEventListener("pointerdown", (e) => {
    hook(e.target.closest?.(".js-plotly-plot"));
    window.clearTimeout(timer);
    window.dashapp.explaining = e.altKey || e.button === 2;
    pressed = { x: e.clientX, y: e.clientY, target: e.target, wish: e.altKey && e.button === 0 ? meant(e.target) : null };
    if (e.pointerType === "touch") timer = window.setTimeout(held, LONG_MS);
  }, true);
  document.addEventListener("pointermove", (e) => {
    if (pressed && Math.hypot(e.clientX - pressed.x, e.clientY - pressed.y) > STILL_PX) { window.clearTimeout(timer); pressed.wish = null; }
  }, true);
  document.addEventListener("pointerup", () => {
    window.clearTimeout(timer);
    if (pressed && pressed.wish) open(pressed.wish);
    pressed = null;
  }, true);
  document.addEventListener("pointercancel", () => { window.clearTimeout(timer); pressed = null; }, true);
  // A finger does not hover: where it stays, the marks below are looked for.
  function held() {
    if (!pressed) return;
    const { target, x, y } = pressed, told = { clientX: x, clientY: y, bubbles: true };
    window.dashapp.explaining = true;
    over = null;
    ["mouseover", "mousemove"].forEach((name) => target.dispatchEvent(new MouseEvent(name, told)));
    const plot = target.closest?.(".js-plotly-plot"), drag = target.closest?.(".nsewdrag");
    if (plot) plot._dragging = false; // A finger that stays drags nothing; Plotly tells no marks while it thinks so.
    if (plot && drag && window.Plotly && window.Plotly.Fx) window.Plotly.Fx.hover(plot, { clientX: x, clientY: y, target: drag }, drag.dataset.subplot);
    window.setTimeout(() => {
      const box = target.closest?.("[data-tile]"), all = plot && box && mayAsk(box) ? () => ask(box.dataset.tile, {}) : null;
      const wish = meant(target) || all;
      if (wish) open(wish);
    }, 150);
  }
  document.addEventListener("contextmenu", (e) => {
    if (e.shiftKey || !e.target.closest) return;
    const wish = Date.now() - opened > 1000 ? meant(e.target) : null;
    if (wish || Date.now() - opened < 1000) e.preventDefault();
    if (wish && !(pressed && e.pointerType === "touch")) { window.clearTimeout(timer); open(wish); }
  }, true);

  // ---- the menu of a tile, and rows in the dialog ----------------------------------------------------
  document.addEventListener("click", (e) => {
    const entry = e.target.closest?.("[data-act='why']"), row = e.target.closest?.("[data-why]");
    if (entry) {
      e.stopPropagation();
      entry.closest("details")?.removeAttribute("open");
      ask(entry.closest("[data-tile]").dataset.tile, {});
    } else if (row && tile && !window.getSelection().toString()) ask(tile, JSON.parse(row.dataset.why));
  }, true);
})();
