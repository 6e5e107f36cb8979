// Dragging over a plot: the chosen part follows the hand, and so do all linked tiles.
//
// When a drag begins the server sends a cube per linked tile. Small ones come here, with a picture
// in which each mark knows its cell: per frame the cells are added up over the chosen places and
// written into the picture. Tiles drawn by the server are asked for in one hop, newest first.
(function () {
  "use strict";
  const THRESHOLD = 4; // px that make a click a drag
  const BUDGET = 9; // ms of a frame for drawing; what is left waits for the next one
  const PREFIXED = 250000; // numbers of a cube's running sums; larger ones are added up row by row
  const KEPT = 60000; // ms after which cubes are asked for again
  const REST = 140; // ms without a move after which axes are fitted
  const frames = [], hops = [], rounds = [], light = [], full = []; // ms, for whoever measures
  let serial = 0, drag = null, session = null, dropped = null;
  const kept = new Map();

  const app = () => window.dashapp || {};
  const reach = () => app().reach || { columns: {}, clicks: {}, texts: {} };
  const current = () => app().current || { clicks: [] };
  const put = (id, data) => window.dash_clientside.set_props(id, { data });
  const tileOf = (key) => document.querySelector(`[data-tile="${CSS.escape(key)}"]`);
  const plotOf = (tile) => tile && tile.querySelector(".js-plotly-plot");
  const metaOf = (el) => ((el && el.layout && el.layout.meta) || {});

  // ---- numbers -----------------------------------------------------------------------------
  const TYPES = { f8: Float64Array, u4: Uint32Array, i4: Int32Array };
  function unpacked(text, type) {
    const raw = atob(text), bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
    return new TYPES[type](bytes.buffer);
  }
  const numbers = (v) => (v && v.bdata !== undefined ? unpacked(v.bdata, "f8") : Float64Array.from(v || []));
  // The first place that is not below a value.
  function bisect(places, value) {
    let low = 0, high = places.length;
    while (low < high) { const mid = (low + high) >> 1; if (places[mid] < value) low = mid + 1; else high = mid; }
    return low;
  }

  // A cube: rows sorted by place; sums that fit into little memory are prepared as running sums.
  function decoded(c) {
    const cube = { size: c.size, single: c.single, metrics: c.metrics, places: unpacked(c.places, "f8"), offsets: unpacked(c.offsets, "u4"), cells: unpacked(c.cells, "u4") };
    cube.stats = c.stats.map((s) => ({ kind: s.kind, values: unpacked(s.values, "f8") }));
    const rows = cube.places.length + 1, isDense = rows * cube.size <= PREFIXED;
    for (const stat of cube.stats) {
      const isSum = ["rows", "n", "sum"].includes(stat.kind) && !stat.values.some((v) => v !== v);
      if (isSum && isDense) stat.prefix = running(cube, stat.values, rows);
    }
    return cube;
  }
  function running(cube, values, rows) {
    const sums = new Float64Array(rows * cube.size), { offsets, cells, size } = cube;
    for (let p = 1; p < rows; p += 1) {
      sums.copyWithin(p * size, (p - 1) * size, p * size);
      for (let r = offsets[p - 1]; r < offsets[p]; r += 1) sums[p * size + cells[r]] += values[r];
    }
    return sums;
  }
  // All statistics per cell for the places from low until high.
  function summed(cube, low, high) {
    const from = bisect(cube.places, low), until = bisect(cube.places, high), size = cube.size;
    const start = cube.offsets[from], stop = cube.offsets[until];
    return cube.stats.map((stat, number) => {
      const out = new Float64Array(size);
      if (stat.prefix) {
        for (let c = 0, a = from * size, b = until * size; c < size; c += 1) out[c] = stat.prefix[b + c] - stat.prefix[a + c];
        if (stat.kind === "sum") { const n = present(cube, from, until); for (let c = 0; c < size; c += 1) if (!n[c]) out[c] = NaN; }
        return out;
      }
      if (stat.kind === "dev") return squares(cube, number, start, stop);
      const isCount = stat.kind === "rows" || stat.kind === "n", { values } = stat, { cells } = cube;
      if (!isCount) out.fill(NaN);
      for (let r = start; r < stop; r += 1) {
        const v = values[r], c = cells[r];
        if (v !== v) continue;
        if (isCount) out[c] += v;
        else if (out[c] !== out[c]) out[c] = v;
        else if (stat.kind === "min") { if (v < out[c]) out[c] = v; } else if (stat.kind === "max") { if (v > out[c]) out[c] = v; } else out[c] += v;
      }
      return out;
    });
  }
  function present(cube, from, until) {
    const { prefix } = cube.stats[0], size = cube.size, out = new Float64Array(size);
    for (let c = 0; c < size; c += 1) out[c] = prefix[until * size + c] - prefix[from * size + c];
    return out;
  }
  // Sums of squares about the mean, merged as Chan, Golub and LeVeque do; n and sum come just before.
  function squares(cube, number, start, stop) {
    const size = cube.size, n = new Float64Array(size), mean = new Float64Array(size), out = new Float64Array(size);
    const counts = cube.stats[number - 2].values, totals = cube.stats[number - 1].values, devs = cube.stats[number].values;
    for (let r = start; r < stop; r += 1) {
      const k = counts[r], c = cube.cells[r];
      if (!(k > 0)) continue;
      const own = devs[r] === devs[r] ? devs[r] * devs[r] * (k - 1) : 0, away = totals[r] / k - mean[c], all = n[c] + k;
      out[c] += own + (away * away * n[c] * k) / all;
      mean[c] += (away * k) / all;
      n[c] = all;
    }
    return out;
  }
  function finished(made, stats, size) {
    const out = new Float64Array(size), [a, b, d] = made.stats.map((s) => stats[s]);
    if (made.how === "ratio") {
      const [top, bottom] = made.parts.map((p) => finished(p, stats, size));
      for (let c = 0; c < size; c += 1) out[c] = bottom[c] === 0 ? NaN : (top[c] / bottom[c]) * made.scale;
    } else if (made.how === "avg") for (let c = 0; c < size; c += 1) out[c] = b[c] > 0 ? a[c] / b[c] : NaN;
    else if (made.how === "dev") for (let c = 0; c < size; c += 1) out[c] = a[c] > 1 ? Math.sqrt(Math.max(0, d[c]) / (a[c] - 1)) : NaN;
    else return a;
    return out;
  }

  // New values of a tile for the places from low until high, by number of trace.
  function values(tile, low, high) {
    const known = {}, changed = [];
    for (const [name, cube] of Object.entries(tile.cubes)) known[name] = { stats: summed(cube, low, high), metrics: {} };
    for (const v of tile.values) {
      const cube = tile.cubes[v.cube], own = known[v.cube];
      const cells = own.metrics[v.metric] = own.metrics[v.metric] || finished(cube.metrics[v.metric], own.stats, cube.size);
      const there = own.stats[0], fill = v.fill === null ? NaN : v.fill, out = new Float64Array(v.cells.length);
      for (let i = 0; i < out.length; i += 1) {
        const c = v.cells[i], value = c >= 0 && (there[c] > 0 || cube.single) ? cells[c] : NaN;
        out[i] = value === value ? value : fill;
      }
      changed.push([v, out]);
    }
    return changed;
  }
  function rows(out, trace) {
    const width = trace.x.length ?? numbers(trace.x).length, z = [];
    for (let i = 0; i < out.length; i += width) z.push(out.subarray(i, i + width));
    return z;
  }
  // The traces with their new values; the others stay as they are.
  function patched(tile, changed) {
    const data = tile.figure.data.slice();
    for (const [v, out] of changed) data[v.trace] = { ...data[v.trace], ...(v.field === "z" ? colored(v, out, data[v.trace]) : { [v.field]: out }) };
    return data;
  }
  function colored(v, out, trace) {
    const z = rows(out, trace);
    let low = Infinity, high = -Infinity;
    for (const x of out) if (x === x) { if (x < low) low = x; if (x > high) high = x; }
    if (low > high || !v.scale) return { z };
    if (v.scale === "even") { const end = Math.max(-low, high); return { z, zmin: -end, zmax: end }; }
    return { z, zmin: low, zmax: high };
  }

  // ---- what is brushed ------------------------------------------------------------------------
  // The brush of a plot, if its clicks narrow any other tile.
  function brushOf(el) {
    const meta = metaOf(el), brush = meta.brush;
    if (!brush || !Object.hasOwn(reach().columns, meta.dataset + "|" + brush.column)) return null;
    if (el._dashappBrush && el._dashappBrush.raw === brush) return el._dashappBrush;
    const starts = numbers(brush.starts), n = starts.length, edges = new Float64Array(n + 1);
    if (brush.centred && n > 1) {
      for (let i = 1; i < n; i += 1) edges[i] = (starts[i - 1] + starts[i]) / 2;
      edges[0] = 2 * starts[0] - edges[1];
      edges[n] = 2 * starts[n - 1] - edges[n - 1];
    } else { edges.set(starts); edges[n] = brush.end; }
    el._dashappBrush = { raw: brush, dataset: meta.dataset, column: brush.column, grain: brush.grain, bin: brush.bin, members: brush.members, axis: brush.axis, starts, end: brush.end, edges, count: n };
    return el._dashappBrush;
  }
  const axisOf = (el, brush) => el._fullLayout && el._fullLayout[brush.axis + "axis"];
  // The bucket under the pointer.
  function bucketAt(el, brush, event) {
    const axis = axisOf(el, brush), box = el.getBoundingClientRect();
    const px = (brush.axis === "x" ? event.clientX - box.left : event.clientY - box.top) - axis._offset;
    return Math.max(0, Math.min(brush.count - 1, bisect(brush.edges, axis.p2l(px) + 1e-9) - 1));
  }
  const bounds = (brush, [from, until]) => [brush.starts[from], until < brush.count ? brush.starts[until] : brush.end];
  const iso = (ms) => { const text = new Date(ms).toISOString().slice(0, 19); return text.endsWith("T00:00:00") ? text.slice(0, 10) : text; };
  // The cross-filter that a part of the axis stands for.
  function target(tile, brush, part) {
    const [low, high] = bounds(brush, part), cut = { ...(brush.grain && { grain: brush.grain }), ...(brush.bin && { bin: brush.bin }) };
    const base = { source: tile, dataset: brush.dataset, column: brush.column, ...cut };
    if (brush.members) return { ...base, values: brush.members.slice(part[0], part[1]) };
    return { ...base, span: brush.grain ? [iso(low), iso(high)] : [low, high] };
  }
  // The part of the axis that a cross-filter stands for; null where it is none.
  function partOf(brush, click) {
    if (!click || click.column !== brush.column || (click.grain || null) !== (brush.grain || null) || (click.bin || null) !== (brush.bin || null)) return null;
    if (brush.members) {
      const at = (click.values || []).map((v) => brush.members.indexOf(v)).sort((a, b) => a - b);
      return at.length > 1 && at[0] >= 0 && at[at.length - 1] - at[0] === at.length - 1 ? [at[0], at[at.length - 1] + 1] : null;
    }
    if (!click.span) return null;
    const [low, high] = click.span.map((t) => (typeof t === "string" ? Date.parse(t.length > 10 ? t + "Z" : t) : t));
    const from = bisect(brush.starts, low), until = bisect(brush.starts, high);
    return from < until ? [from, until] : null;
  }
  const activeOf = (tile) => (current().clicks || []).find((c) => c.source === tile && (c.span || c.values.length > 1));

  function told(brush, part) {
    const [low, high] = bounds(brush, part), { locale } = reach();
    if (brush.members) {
      const names = brush.members.slice(part[0], part[1]).map((m) => (m === null ? reach().texts.empty : String(m)));
      return names.length > 3 ? `${names[0]} … ${names[names.length - 1]} (${names.length})` : names.join(", ");
    }
    if (!brush.grain) return `${+low.toPrecision(12)} – ${+high.toPrecision(12)}`;
    const isDay = low % 86400000 === 0 && high % 86400000 === 0, time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    const format = new Intl.DateTimeFormat(locale, { timeZone: "UTC", year: "numeric", month: "short", day: "numeric", ...(isDay ? {} : time) });
    const end = isDay ? high - 86400000 : high;
    return end <= low ? format.format(low) : format.formatRange ? format.formatRange(low, end) : `${format.format(low)} – ${format.format(end)}`;
  }

  // ---- the rectangle ---------------------------------------------------------------------------
  function box(el, brush, part, isLive) {
    let frame = el.querySelector(":scope > .brush-box");
    const axis = brush && part && axisOf(el, brush), size = el._fullLayout && el._fullLayout._size;
    if (!axis || !size) { if (frame) frame.remove(); return; }
    if (!frame) { frame = document.createElement("div"); frame.append(document.createElement("span")); el.append(frame); }
    const at = [brush.edges[part[0]], brush.edges[part[1]]].map((l) => Math.max(0, Math.min(axis._length, axis.l2p(l)))).sort((a, b) => a - b);
    frame.className = `brush-box is-${brush.axis}${isLive ? " is-live" : ""}`;
    const across = brush.axis === "x", style = frame.style;
    style.left = `${across ? axis._offset + at[0] : size.l}px`;
    style.width = `${across ? at[1] - at[0] : size.w}px`;
    style.top = `${across ? size.t : axis._offset + at[0]}px`;
    style.height = `${across ? size.h : at[1] - at[0]}px`;
    frame.firstChild.textContent = isLive ? told(brush, part) : "";
  }
  let voice = null;
  function say(text) {
    if (!voice) { voice = document.createElement("div"); voice.className = "visually-hidden"; voice.setAttribute("role", "status"); document.body.append(voice); }
    voice.textContent = text;
  }
  // Plots that can be brushed show it, and the part that is chosen.
  function show() {
    document.querySelectorAll(".js-plotly-plot").forEach((el) => {
      const brush = el._fullLayout && brushOf(el), tile = el.closest("[data-tile]");
      if (!metaOf(el).brush || !tile) { if (el._dashappBrush) box(el); return; }
      el.classList.toggle("can-brush", !!brush);
      el.classList.toggle("along-y", !!brush && brush.axis === "y");
      if (!el._dashappDrawn) { el._dashappDrawn = true; el.on("plotly_afterplot", () => refresh(el)); }
      refresh(el);
    });
  }
  function refresh(el) {
    const tile = el.closest("[data-tile]"), brush = brushOf(el);
    if (!tile || (drag && drag.el === el)) return;
    box(el, brush, brush && partOf(brush, activeOf(tile.dataset.tile)), false);
  }

  // ---- a session: the linked tiles of one brush ---------------------------------------------------
  const linked = (tile, brush) => (reach().columns[brush.dataset + "|" + brush.column] || []).filter((key) => key !== tile && (reach().clicks[tile] || [key]).includes(key) && isShown(tileOf(key)));
  const isShown = (tile) => !!tile && tile.offsetParent !== null;
  function onScreen(tile) {
    const r = tile.getBoundingClientRect();
    return r.bottom > -50 && r.top < window.innerHeight + 50;
  }
  function open(tile, brush) {
    const what = { source: tile, column: brush.column, grain: brush.grain || null, bin: brush.bin || null, members: brush.members || null };
    const keys = linked(tile, brush), others = { ...current(), clicks: (current().clicks || []).filter((c) => c.source !== tile) };
    const name = JSON.stringify([what, others, keys, app().forced ? app().forced() : 0]);
    const old = kept.get(name);
    if (old && Date.now() - old.at < KEPT) { for (const t of Object.values(old.tiles)) { t.part = null; t.layout = null; } return Object.assign(old, { part: null, isOver: false }); }
    serial += 1;
    const made = { seq: serial, name, at: Date.now(), brushing: what, keys, tiles: {}, part: null, brush, isReady: false, waiting: [] };
    kept.clear();
    kept.set(name, made);
    put("brush-begin", { seq: serial, brushing: what, tiles: keys });
    return made;
  }
  function begun(answer) {
    const no = window.dash_clientside.no_update;
    const mine = answer && Array.from(kept.values()).find((s) => s.seq === answer.seq);
    if (answer && answer.error) kept.clear();
    if (!mine) return no;
    for (const [key, t] of Object.entries(answer.tiles)) {
      const tile = { key, way: t.way, part: null, cost: 0, round: 0 };
      if (t.way === "browser") {
        tile.cubes = Object.fromEntries(Object.entries(t.cubes).map(([n, c]) => [n, decoded(c)]));
        tile.figure = t.figure;
        tile.values = t.values.map((v) => ({ ...v, cells: unpacked(v.cells, "i4") }));
      }
      mine.tiles[key] = tile;
    }
    mine.isReady = true;
    if (session === mine) { notes(true); plan(); }
    return no;
  }
  // Tiles that cannot follow say that they will.
  function notes(isOn) {
    document.querySelectorAll(".tile.is-late").forEach((el) => { el.classList.remove("is-late"); el.querySelector(".brush-note")?.remove(); });
    if (!isOn) return;
    for (const t of Object.values(session.tiles)) {
      const el = t.way === "late" && tileOf(t.key);
      if (!el) continue;
      el.classList.add("is-late");
      const note = document.createElement("div");
      note.className = "brush-note";
      note.textContent = reach().texts.late;
      el.append(note);
    }
  }

  // ---- frames --------------------------------------------------------------------------------------
  let isPlanned = false, round = null, isResting = false, rest = 0;
  function plan() {
    if (isPlanned || !session) return;
    isPlanned = true;
    window.requestAnimationFrame(work);
  }
  const same = (a, b) => !!a && !!b && a[0] === b[0] && a[1] === b[1];
  function work() {
    isPlanned = false;
    if (!session || !session.part) return;
    const begin = performance.now();
    if (drag) box(drag.el, drag.brush, session.part, true);
    if (!session.isReady) return;
    const wants = (t) => t.way === "browser" && (!same(t.part, session.part) || (isResting && !t.isExact)) && isShown(tileOf(t.key)) && onScreen(tileOf(t.key));
    const due = Object.values(session.tiles).filter(wants);
    if (due.length && !round) round = { number: (serial += 1), begin };
    // Each tile once a round, the cheapest first, so that none waits for ever.
    due.sort((a, b) => (a.round === round.number) - (b.round === round.number) || a.cost - b.cost);
    let spent = 0;
    for (const tile of due) {
      if (spent && spent + tile.cost > BUDGET) break;
      draw(tile, session);
      spent = performance.now() - begin;
    }
    if (spent < BUDGET && session.waiting.length) session.waiting.shift()(); // One of the server's tiles a frame.
    hop();
    frames.push(performance.now() - begin);
    if (frames.length > 5000) frames.splice(0, 1000);
    if (session.waiting.length || Object.values(session.tiles).some(wants)) plan();
    else if (round) { rounds.push(performance.now() - round.begin); round = null; }
  }
  // While the pointer moves, marks move within the axes that are drawn, as long as they fit; when it
  // rests, Plotly draws the picture with axes of its own, as it will be when one lets go.
  function draw(tile, of) {
    const begin = performance.now(), el = plotOf(tileOf(tile.key));
    tile.part = of.part;
    tile.round = round.number;
    if (!el || !window.Plotly) { hopped(tile); return; }
    const changed = values(tile, ...bounds(of.brush, of.part));
    const marks = changed.map(([v, out]) => [v.trace, v.field === "z" ? rows(out, tile.figure.data[v.trace]) : out, v.scale]);
    if (!isResting && tile.layout && el.layout === tile.layout && moved(el, tile, marks)) {
      tile.isExact = false;
      light.push(performance.now() - begin);
    } else {
      if (!tile.before) tile.before = { el, data: el.data, layout: el.layout };
      if (app().touched) app().touched(tile.key);
      window.Plotly.react(el, patched(tile, changed), { ...tile.figure.layout, autosize: true }, el._context);
      tile.layout = el.layout;
      tile.isExact = isResting;
      full.push(performance.now() - begin);
    }
    const cost = performance.now() - begin;
    tile.cost = tile.cost ? 0.7 * tile.cost + 0.3 * cost : cost;
  }
  // Axes that were outgrown are stretched first; only the server's own ranges stay.
  function moved(el, tile, marks) {
    if (!tile.free) tile.free = new Set(Object.entries(tile.figure.layout).filter(([name, axis]) => /^[xy]axis/.test(name) && !axis.range && axis.autorange !== false).map(([name]) => name));
    const ranges = {};
    if (app().moved(el, marks, ranges, tile.free)) return true;
    if (!Object.keys(ranges).length) return false;
    window.Plotly.relayout(el, ranges);
    return el.layout === tile.layout && app().moved(el, marks, {}, new Set());
  }
  // A tile that shows no plot just now ("no rows") is drawn by the server.
  function hopped(tile) { tile.way = "hop"; }

  function hop() {
    if (!session || session.hopping || session.waiting.length) return;
    const due = Object.values(session.tiles).filter((t) => t.way === "hop" && !same(t.part, session.part) && isShown(tileOf(t.key)) && onScreen(tileOf(t.key)));
    if (!due.length) return;
    const part = session.part, [low, high] = bounds(session.brush, part);
    serial += 1;
    session.hopping = { seq: serial, part, begin: performance.now() };
    due.forEach((t) => { t.part = part; });
    put("brush-frame", { seq: serial, brushing: session.brushing, tiles: due.map((t) => t.key), low, high });
  }
  function framed(answer) {
    const no = window.dash_clientside.no_update;
    if (!answer || !session || !session.hopping) return no;
    if (answer.seq !== session.hopping.seq && answer.seq !== -1) return no;
    const { begin } = session.hopping;
    session.hopping = null;
    for (const [key, children] of Object.entries(answer.tiles || {})) {
      const tile = reach().tiles[key];
      session.tiles[key].isChanged = true;
      if (app().touched) app().touched(key);
      session.waiting.push(() => window.dash_clientside.set_props({ kind: "tile", part: "body", group: tile.group, key }, { children }));
    }
    hops.push(performance.now() - begin);
    plan();
    return no;
  }

  // ---- beginning, moving, ending --------------------------------------------------------------------
  function start() {
    drag.isLive = true;
    session = open(drag.tile, drag.brush);
    document.body.classList.add("is-brushing");
    if (session.isReady) notes(true);
  }
  // A page that was busy has moves waiting: then it rests no sooner than after those.
  function resting() {
    const begin = performance.now();
    window.clearTimeout(rest);
    rest = window.setTimeout(() => {
      if (performance.now() - begin > REST + 30) { resting(); return; }
      isResting = true;
      plan();
    }, REST);
  }
  function move(part) {
    isResting = false;
    resting();
    if (same(session.part, part)) return;
    session.part = part;
    say(`${reach().titles[drag.brush.dataset + "|" + drag.brush.column] || drag.brush.column}: ${told(drag.brush, part)}`);
    plan();
  }
  function end() {
    document.body.classList.remove("is-brushing");
    if (session) notes(false);
    if (session) { session.hopping = null; session.waiting = []; }
    session = null;
    drag = null;
    round = null;
    window.clearTimeout(rest);
    show();
  }
  function commit() {
    const { tile, brush } = drag, part = session.part, old = activeOf(tile);
    if (part && !same(part, partOf(brush, old))) put("click", { source: tile, targets: [target(tile, brush, part)], more: false, n: Date.now() + Math.random() });
    for (const t of Object.values(session.tiles)) { t.before = null; t.isChanged = false; }
    end();
  }
  // Everything as it was before.
  function cancel() {
    if (drag && drag.isLive && !drag.keys) dropped = drag;
    const again = [];
    for (const t of session ? Object.values(session.tiles) : []) {
      if (t.before && t.before.el.isConnected) window.Plotly.react(t.before.el, t.before.data, t.before.layout, t.before.el._context);
      if (t.isChanged) again.push(t.key);
      t.before = null;
      t.isChanged = false;
    }
    if (again.length && app().again) app().again(again);
    end();
  }

  document.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    const handle = event.target.closest?.(".nsewdrag"), el = handle && handle.closest(".js-plotly-plot"), tile = el && el.closest("[data-tile]");
    if (!tile || !metaOf(el).brush || !el._fullLayout) return;
    const brush = brushOf(el), zooms = event.altKey || !brush;
    el._fullLayout.dragmode = zooms ? "zoom" : false; // Plotly looks at it with the mouse event that follows.
    if (zooms) return;
    if (drag) cancel();
    drag = { el, tile: tile.dataset.tile, brush, x: event.clientX, y: event.clientY, id: event.pointerId, from: bucketAt(el, brush, event), isLive: false };
    handle.setPointerCapture?.(event.pointerId);
  }, true);
  window.addEventListener("pointermove", (event) => {
    if (!drag || drag.keys || event.pointerId !== drag.id) return;
    const away = drag.brush.axis === "x" ? event.clientX - drag.x : event.clientY - drag.y;
    if (!drag.isLive) { if (Math.abs(away) < THRESHOLD) return; start(); }
    const at = bucketAt(drag.el, drag.brush, event);
    move([Math.min(drag.from, at), Math.max(drag.from, at) + 1]);
  }, true);
  window.addEventListener("pointerup", (event) => {
    if (dropped && event.pointerId === dropped.id) dropped.el._dragged = true; // No click either.
    dropped = null;
    if (!drag || drag.keys || event.pointerId !== drag.id) return;
    if (drag.isLive) {
      drag.el._dragged = true; // So that Plotly, whose mouse event follows, takes it for no click.
      commit();
      return;
    }
    const { el, tile, brush } = drag, at = (current().clicks || []).findIndex((c) => c.source === tile && partOf(brush, c));
    drag = null;
    if (at < 0) return;
    // A click beside all marks takes the chosen part away; one on a mark is Plotly's.
    let isOnMark = false;
    el.once("plotly_click", () => { isOnMark = true; });
    window.setTimeout(() => { if (!isOnMark) put("click", { clear: at, n: Date.now() + Math.random() }); }, 350);
  }, true);
  window.addEventListener("pointercancel", (event) => { if (drag && !drag.keys && event.pointerId === drag.id) cancel(); }, true);
  // A finger that goes along the axis brushes, one that goes across it scrolls the page.
  document.addEventListener("touchmove", (event) => {
    if (!drag || drag.keys || event.touches.length > 1) return;
    const away = [Math.abs(event.touches[0].clientX - drag.x), Math.abs(event.touches[0].clientY - drag.y)];
    if (drag.isLive || (drag.brush.axis === "x" ? away[0] > away[1] : away[1] > away[0])) event.preventDefault();
  }, { passive: false, capture: true });
  window.addEventListener("blur", () => { if (drag && drag.isLive) cancel(); });

  // Arrow keys with Shift: the first takes a bucket, the next ones move its end. Letting go of
  // Shift is letting go of the brush.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && drag) { event.stopImmediatePropagation(); event.preventDefault(); cancel(); return; }
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    const el = step && event.shiftKey && event.target.matches?.("[role=img][tabindex]") ? event.target.querySelector(".js-plotly-plot") : null;
    const tile = el && el.closest("[data-tile]"), brush = tile && el._fullLayout && brushOf(el);
    if (!brush || (drag && !drag.keys)) return;
    event.preventDefault();
    if (!drag) {
      const old = partOf(brush, activeOf(tile.dataset.tile)) || (step > 0 ? [0, 0] : [brush.count, brush.count]);
      drag = { el, tile: tile.dataset.tile, brush, keys: true, from: step > 0 ? old[0] : old[1], at: step > 0 ? old[1] : old[0], isLive: false };
      start();
    }
    drag.at = Math.max(0, Math.min(brush.count, drag.at + step));
    if (drag.at === drag.from) drag.at = Math.max(0, Math.min(brush.count, drag.at + step));
    if (drag.at !== drag.from) move([Math.min(drag.from, drag.at), Math.max(drag.from, drag.at)]);
  }, true);
  document.addEventListener("keyup", (event) => { if (event.key === "Shift" && drag && drag.keys) commit(); }, true);

  // ---- what is chosen stays in sight -------------------------------------------------------------------
  let planned = 0;
  const soon = () => { if (!planned) planned = window.setTimeout(() => { planned = 0; show(); }, 80); };
  document.addEventListener("dashapp:drawn", soon);
  document.addEventListener("dashapp:state", soon);
  document.addEventListener("click", (event) => { if (event.target.closest?.("#refresh, [data-act=refresh]")) kept.clear(); });
  window.addEventListener("resize", soon);

  window.dashapp = Object.assign(window.dashapp || {}, { brush: { frames, hops, rounds, light, full, session: () => session } });
  window.dash_clientside = Object.assign({}, window.dash_clientside, { brush: { begun, framed } });
})();
