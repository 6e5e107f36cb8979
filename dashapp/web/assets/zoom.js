// Lines of more points than a screen can show come thinned. When one zooms in, the points of that
// part are asked for, until all of them are there; the rest of the line stays as an outline, so
// that one can pan and go back. What a plot shows is held against its axis, whoever changed either.
(function () {
  "use strict";
  const DELAY = 150; // ms without a change after which one looks
  const DOUBLE = 300; // ms in which a second click makes a double one; Plotly's
  const wanted = new Map(); // what is to be asked for: tile → part of the axis
  const refused = new Map(); // tiles whose answer was not kept: tile → the part that was asked for
  let asking = null, serial = 0, timer = 0;

  const set = (id, props) => window.dash_clientside.set_props(id, props);
  const graphOf = (key) => ({ kind: "graph", key });
  const plotOf = (key) => document.querySelector(`[data-tile="${CSS.escape(key)}"] .js-plotly-plot`);
  const figureOf = (key) => (window.dash_component_api.getLayout(graphOf(key)) || { props: {} }).props.figure;
  const shownOf = (el) => ((el.layout || {}).meta || {}).thinned;
  const same = (a, b) => a === b || (!!a && !!b && a[0] === b[0] && a[1] === b[1]);
  const isBrushing = () => !!(window.dashapp.brush && window.dashapp.brush.session());

  // The part of the axis that is looked at, in the axis' own numbers; null for all of it.
  function windowOf(el) {
    const axis = el._fullLayout && el._fullLayout.xaxis;
    if (!axis || axis.autorange || !axis.range) return null;
    return axis.range.map((v) => axis.r2l(v)).sort((a, b) => a - b);
  }
  // Whether all points of a part are there already.
  const holds = (shown, part) => same(shown.window, part) || (!!part && !!shown.window && shown.exact && shown.window[0] <= part[0] && part[1] <= shown.window[1]);

  function look() {
    timer = 0;
    if (isBrushing()) return; // What is brushed is drawn anew afterwards.
    document.querySelectorAll("[data-tile] .js-plotly-plot").forEach((el) => {
      const shown = shownOf(el), { tile } = el.closest("[data-tile]").dataset;
      if (!shown || !el._fullLayout) { wanted.delete(tile); return; }
      hook(el);
      tell(el, shown);
      const part = windowOf(el);
      if (holds(shown, part)) { wanted.delete(tile); refused.delete(tile); }
      else wanted.set(tile, part);
    });
    send();
  }
  function soon() {
    window.clearTimeout(timer);
    timer = window.setTimeout(look, DELAY);
  }
  function hook(el) {
    if (el._dashappZoom) return;
    el._dashappZoom = true;
    el.on("plotly_relayout", soon);
  }
  // The tile's foot says how many points are drawn.
  function tell(el, shown) {
    const said = el.closest("[data-tile]").querySelector(".is-thinned");
    if (said && said.firstChild && said.firstChild.nodeValue !== shown.note) said.firstChild.nodeValue = shown.note;
  }

  function send() {
    const tiles = [...wanted].filter(([key, part]) => !(refused.has(key) && same(refused.get(key), part)));
    if (asking || !tiles.length) return;
    serial += 1;
    asking = { seq: serial, at: Date.now(), tiles: new Map(tiles.map(([key, part]) => [key, { part, figure: figureOf(key) }])) };
    const own = asking;
    window.setTimeout(() => { if (asking === own) { asking = null; soon(); } }, 20000); // A request that was lost.
    set("zoom", { data: { seq: serial, tiles: Object.fromEntries(tiles) } });
  }
  function came(answer) {
    const no = window.dash_clientside.no_update;
    if (!answer || !asking || (answer.seq !== asking.seq && answer.seq !== -1)) return no;
    const { tiles } = asking, gone = [];
    asking = null;
    for (const [key, { part, figure }] of tiles) {
      const el = plotOf(key), fresh = answer.tiles[key];
      // A tile that was drawn anew meanwhile, or that is looked at elsewhere, is asked again.
      if (!el || figureOf(key) !== figure || isBrushing() || !same(windowOf(el), part)) continue;
      if (fresh && fresh.thinned) show(key, figure, fresh);
      else { if (!refused.has(key)) gone.push(key); refused.set(key, part); }
    }
    if (answer.seq !== -1 && gone.length && window.dashapp.again) window.dashapp.again(gone);
    soon();
    return no;
  }
  // New points under the legend and the names that are there. Dash has written the zoomed axes into
  // the figure; Plotly keeps what was zoomed only over axes that come as they first came.
  function show(key, figure, fresh) {
    const layout = { ...figure.layout, ...fresh.axes, meta: { ...figure.layout.meta, thinned: fresh.thinned } };
    set(graphOf(key), { figure: { ...figure, data: fresh.data, layout } });
  }

  // Two clicks on a plot that is zoomed go back; only one that stays alone picks a mark.
  let press = null;
  document.addEventListener("pointerdown", (event) => {
    const el = event.target.closest?.(".js-plotly-plot");
    if (press && press.el === el && event.timeStamp - press.at < DOUBLE) press.isDouble = true;
    else press = el && { el, at: event.timeStamp, isZoomed: !!windowOf(el), isDouble: false };
  }, true);
  function clicked(key, act) {
    const own = press;
    if (!own || own.el !== plotOf(key) || !own.isZoomed) act();
    else if (!own.isDouble) window.setTimeout(() => { if (!own.isDouble) act(); }, DOUBLE);
  }

  document.addEventListener("dashapp:drawn", soon);
  window.dashapp = Object.assign(window.dashapp || {}, { clicked });
  window.dash_clientside = Object.assign({}, window.dash_clientside, { zoom: { came } });
})();
