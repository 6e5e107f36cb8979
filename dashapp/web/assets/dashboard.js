// The browser's half of a dashboard: one filter state in one store and the URL, which tiles are
// to be asked again, clicks on marks. The server checks and decides everything again.
(function () {
  "use strict";
  const EMPTY = "__empty__"; // stands for a missing value among a dropdown's options
  const NONE = () => window.dash_clientside.no_update;
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const isObject = (v) => typeof v === "object" && v !== null && !Array.isArray(v);
  // What may be chosen in a filter of each kind; anything else in a URL is no choice.
  const PARTS = { select: ["values"], range: ["low", "high"], time: ["range"], grain: ["grain"] };
  const isNumber = (x) => typeof x === "number", isText = (x) => typeof x === "string" && x !== "";
  const isList = (x) => Array.isArray(x) && x.length > 0 && !x.some((y) => typeof y === "object" && y !== null);
  // A click picks members, or (brushed) a span: from, until.
  const isSpan = (x) => Array.isArray(x) && x.length === 2 && ((isNumber(x[0]) && isNumber(x[1])) || (isText(x[0]) && isText(x[1]))) && x[0] < x[1];
  const FITS = { values: isList, low: isNumber, high: isNumber, range: isText, grain: isText };
  const clean = (v, f) => {
    const kept = {};
    for (const k of PARTS[f.kind]) if (isObject(v) && FITS[k](v[k])) kept[k] = v[k];
    return kept;
  };

  // ---- the state ---------------------------------------------------------------------------
  // Compact form: choices equal to a filter's default are left out.
  function compact(state, reach) {
    const values = {};
    for (const f of reach.filters) {
      const v = clean((state.values || {})[f.key], f);
      if ((state.values || {})[f.key] !== undefined && !same(v, clean(f.default, f))) values[f.key] = v;
    }
    return { values, clicks: state.clicks || [] };
  }
  const chosen = (f, state) => clean((state.values || {})[f.key] === undefined ? f.default : state.values[f.key], f);
  // A click on a column that narrows no tile (or that a guest may not choose) is none.
  const reaches = (c, reach) => Object.hasOwn(reach.columns, c.dataset + "|" + c.column);

  function parse(search, reach) {
    const text = new URLSearchParams(search || "").get("f");
    let given = null;
    try { if (text) given = JSON.parse(text); } catch { /* an edited URL: no choice */ }
    if (!isObject(given)) return { values: {}, clicks: [] };
    const clicks = (Array.isArray(given.clicks) ? given.clicks : []).filter((c) => isObject(c) && isText(c.source) && isList(c.values) !== isSpan(c.span) && reaches(c, reach));
    return compact({ values: isObject(given.values) ? given.values : {}, clicks }, reach);
  }
  function url(state, tab, reach) {
    const query = new URLSearchParams(window.location.search);
    query.delete("f"); query.delete("tab"); query.delete("guest_token");
    if (Object.keys(state.values).length || state.clicks.length) {
      const short = { ...(Object.keys(state.values).length && { values: state.values }), ...(state.clicks.length && { clicks: state.clicks }) };
      query.set("f", JSON.stringify(short));
    }
    if (tab && tab !== reach.first_tab) query.set("tab", tab);
    const text = query.toString();
    return text ? "?" + text : "";
  }

  // ---- controls <-> choices ----------------------------------------------------------------
  const nextDay = (iso, days) => {
    const d = new Date(iso.slice(0, 10) + "T00:00:00Z");
    d.setUTCDate(d.getUTCDate() + days);
    return d.toISOString().slice(0, 10);
  };
  const custom = (range) => /^\s*\S*\s+:\s+\S*\s*$/.test(range || "") || /^\d{4}-\d\d-\d\d/.test(range || "");
  const read = {
    select: (v) => ({ values: (Array.isArray(v) ? v : v === null || v === undefined || v === "" ? [] : [v]).map((x) => (x === EMPTY ? null : x)) }),
    range: (v, f) => (v ? { low: f.bounds && v[0] <= f.bounds[0] ? null : v[0], high: f.bounds && v[1] >= f.bounds[1] ? null : v[1] } : {}),
    grain: (v) => ({ grain: v || null }),
    time: (v, f, dates) => {
      if (v !== "custom") return { range: v || null };
      if (!dates[0] && !dates[1]) return {};
      return { range: `${dates[0] ? dates[0].slice(0, 10) : ""} : ${dates[1] ? nextDay(dates[1], 1) : ""}` };
    },
  };
  const write = {
    select: (c, f) => { const v = (c.values || []).map((x) => (x === null ? EMPTY : x)); return f.multiple ? v : v.length ? v[0] : null; },
    range: (c, f) => [c.low ?? (f.bounds ? f.bounds[0] : 0), c.high ?? (f.bounds ? f.bounds[1] : 0)],
    grain: (c) => c.grain || null,
    time: (c) => (c.range && custom(c.range) ? "custom" : c.range || null),
    dates: (c) => {
      if (!c.range || !custom(c.range)) return [null, null];
      const parts = c.range.split(/\s*:\s+|\s+:\s*/);
      if (parts.length === 1) return [parts[0].slice(0, 10), parts[0].slice(0, 10)];
      return [parts[0] ? parts[0].slice(0, 10) : null, parts[1] ? nextDay(parts[1], -1) : null];
    },
  };

  const clickKey = (c) => JSON.stringify([c.source, c.dataset, c.column, c.grain || null, c.bin || null]);
  function clicked(clicks, event) {
    if (event.clear === "clicks") return [];
    if (event.clear !== undefined) return clicks.filter((_, i) => i !== event.clear);
    const others = clicks.filter((c) => c.source !== event.source);
    const mine = clicks.filter((c) => c.source === event.source);
    const fresh = event.targets;
    if (!event.more) {
      return same(mine.map((c) => [clickKey(c), c.values, c.span]), fresh.map((c) => [clickKey(c), c.values, c.span])) ? others : others.concat(fresh);
    }
    const merged = fresh.map((c) => {
      const old = mine.find((m) => clickKey(m) === clickKey(c));
      if (!old || !old.values || !c.values) return c;
      const has = old.values.some((v) => same(v, c.values[0]));
      if (has && fresh.length > 1) return old;
      return { ...old, values: has ? old.values.filter((v) => !same(v, c.values[0])) : old.values.concat(c.values) };
    }).filter((c) => c.span || c.values.length);
    return others.concat(merged);
  }

  function chips(state, reach) {
    const show = (v) => (v === null || v === undefined ? reach.texts.empty : typeof v === "string" && /^\d{4}-\d\d-\d\dT00:00:00/.test(v) ? v.slice(0, 10) : String(v));
    const list = (vs) => (vs.length > 3 ? vs.slice(0, 3).map(show).join(", ") + ` +${vs.length - 3}` : vs.map(show).join(", "));
    // A span of whole days tells its last day; of others, as of bins, the end is told that is not in it.
    const spanned = ([low, high]) => (isText(low) ? [low, /T(?!00:00:00)/.test(high) ? high : nextDay(high, -1)] : [low, high]).map((t) => show(t).replace("T", " ")).join(" – ");
    const between = (low, high) => (high === undefined ? `≥ ${low}` : low === undefined ? `≤ ${high}` : `${low} – ${high}`);
    const chip = (what, title, text, kind) => ({ namespace: "dash_html_components", type: "Button", props: {
      className: "chip" + (kind ? " chip-click" : ""), type: "button", "data-chip": what, title: `${title}: ${text}`, "aria-label": `${reach.texts.remove} ${title}: ${text}`,
      children: [
        { namespace: "dash_html_components", type: "B", props: { children: title } },
        { namespace: "dash_html_components", type: "Span", props: { children: text } },
        { namespace: "dash_html_components", type: "I", props: { className: "bi bi-x" } },
      ] } });
    const out = [];
    for (const f of reach.filters) {
      const c = chosen(f, state);
      if (!Object.keys(c).length || f.locked) continue;
      let text = c.values ? list(c.values) : c.range ? (f.presets || {})[c.range] || c.range.replace(/\s*:\s+|\s+:\s*/, " – ") : c.grain ? reach.texts["grain_" + c.grain] || c.grain : between(c.low, c.high);
      if (f.exclude) text = `${reach.texts.not} ${text}`;
      out.push(chip("f:" + f.key, f.title, text, false));
    }
    (state.clicks || []).forEach((c, i) => out.push(chip("c:" + i, reach.titles[c.dataset + "|" + c.column] || c.column, c.span ? spanned(c.span) : list(c.values), true)));
    const free = { ...reach, filters: reach.filters.filter((f) => !f.locked) };
    if (out.length > 1 || !same(compact(state, free), { values: {}, clicks: [] })) {
      out.push({ namespace: "dash_html_components", type: "Button", props: { className: "chip-reset", type: "button", "data-chip": "all", children: reach.texts.reset } });
    }
    return out;
  }

  // One callback owns the state: whoever changed it (a control, a chip, a mark, the URL).
  function state(selects, ranges, times, starts, ends, grains, click, tab, search, idsS, idsR, idsT, idsG, idsA, current, reach, asks) {
    const byKey = Object.fromEntries(reach.filters.map((f) => [f.key, f]));
    const triggered = (window.dash_clientside.callback_context.triggered || []).map((t) => t.prop_id);
    const from = (part) => triggered.some((p) => p.includes(`"part":"${part}"`));
    const initial = !window.dashapp.started;
    let next = { values: { ...(current.values || {}) }, clicks: current.clicks || [] };
    let shownTab = tab;
    const search0 = window.dashapp.search;
    if (initial) {
      window.dashapp.started = true;
      window.dashapp.reach = reach;
    } else if (triggered.some((p) => p.startsWith("url.")) && search !== search0) {
      next = parse(search, reach);
      const wanted = new URLSearchParams(search || "").get("tab");
      shownTab = reach.tab_keys.includes(wanted) ? wanted : reach.first_tab;
    } else if (triggered.some((p) => p.startsWith("click.")) && click) {
      if (click.reset) next = { values: {}, clicks: [] };
      else if (click.filter) next.values[click.filter] = {};
      else next.clicks = clicked(next.clicks, click);
    } else {
      const put = (ids, values, kind, extra) => ids.forEach((id, i) => {
        const f = byKey[id.key], v = clean(read[kind](values[i], f, extra ? extra(i) : null), f);
        if (f.locked || same(v, chosen(f, next))) return;
        next.values[id.key] = v;
      });
      if (from("select")) put(idsS, selects, "select");
      if (from("range")) put(idsR, ranges, "range");
      if (from("grain")) put(idsG, grains, "grain");
      if (from("time") || from("dates")) put(idsT, times, "time", (i) => [starts[i], ends[i]]);
    }
    for (const f of reach.filters) {
      // A required filter cannot be emptied: it goes back to its default.
      if (f.required && !Object.keys(chosen(f, next)).length && Object.keys(clean(f.default, f)).length) delete next.values[f.key];
    }
    next = compact(next, reach);
    const no = NONE(), c = (id) => chosen(byKey[id.key], next);
    const sync = (ids, old, make) => ids.map((id, i) => { const v = make(c(id), byKey[id.key]); return same(v, old[i] ?? null) || (Array.isArray(v) && !v.length && !old[i]) ? no : v; });
    const waiting = (id, i) => times[i] === "custom" && !Object.keys(c(id)).length; // dates not yet picked
    const dates = idsT.map((id) => write.dates(c(id)));
    const where = url(next, shownTab, reach);
    const moved = !initial && where !== (window.location.search || "");
    window.dashapp.search = where;
    const parents = idsA.map((id, i) => {
      const p = Object.fromEntries((byKey[id.key].parents || []).map((k) => [k, chosen(byKey[k], next)]));
      return same(p, asks[i]) ? no : p;
    });
    return [
      initial || !same(next, current) ? next : no,
      sync(idsS, selects, write.select), sync(idsR, ranges, write.range),
      idsT.map((id, i) => (waiting(id, i) || same(write.time(c(id)), times[i] ?? null) ? no : write.time(c(id)))),
      dates.map((d, i) => (waiting(idsT[i], i) || d[0] === (starts[i] ? starts[i].slice(0, 10) : null) ? no : d[0])),
      dates.map((d, i) => (waiting(idsT[i], i) || d[1] === (ends[i] ? ends[i].slice(0, 10) : null) ? no : d[1])),
      sync(idsG, grains, write.grain), parents, shownTab === tab ? no : shownTab, moved ? where : no, chips(next, reach),
    ];
  }

  // ---- asking tiles --------------------------------------------------------------------------
  // A tile is asked when what reaches it differs from what it was last asked with.
  const asked = {}, waiting = {}, shown = {}, since = {}, forced = {};
  let seq = 0;
  const signature = (key, state, reach) => JSON.stringify([
    reach.filters.filter((f) => f.reach.includes(key)).map((f) => chosen(f, state)),
    (state.clicks || []).filter((c) => c.source !== key && (reach.columns[c.dataset + "|" + c.column] || []).includes(key) && (reach.clicks[c.source] || [key]).includes(key)),
    forced[key] || 0,
  ]);

  function ask(state, tab, refresh, tick, action, groups, reach) {
    const triggered = (window.dash_clientside.callback_context.triggered || []).map((t) => t.prop_id);
    const first = !window.dashapp.asking;
    if (first) {
      window.dashapp.asking = true;
      for (const [key, code] of Object.entries(reach.drawn)) { asked[key] = signature(key, state, reach); shown[key] = code; }
    }
    const open = Object.keys(reach.tiles).filter((k) => !reach.tabs || reach.tiles[k].tab === (tab || reach.first_tab));
    const force = new Set();
    if (!first && triggered.includes("refresh.n_clicks")) open.forEach((k) => force.add(k));
    if (!first && triggered.includes("action.data") && action && action.act === "refresh") force.add(action.tile);
    const ticked = !first && triggered.includes("refresh-tick.n_intervals");
    for (const key of force) forced[key] = (forced[key] || 0) + 1;
    // A tick that leaving.js makes is for tiles that are late, and shows nothing.
    const late = ticked ? window.dashapp.takeLate() : [];
    if (ticked) for (const key of late.length ? late : open) { forced[key] = (forced[key] || 0) + 1; }
    const sets = groups.map(({ group }) => { waiting[group] = waiting[group] || new Set(); return new Set(); });
    for (const key of open) {
      const sign = signature(key, state, reach);
      if (asked[key] === sign) continue;
      asked[key] = sign;
      if (!late.includes(key)) { since[key] = Date.now(); mark(key, true); }
      sets[groups.findIndex((id) => id.group === reach.tiles[key].group)].add(key);
    }
    if (sets.every((fresh) => !fresh.size)) return NONE();
    // All groups of one action get answers of one version of the data.
    const name = first ? "open" : Date.now().toString(36) + Math.random().toString(36).slice(2, 12);
    return sets.map((fresh, g) => {
      if (!fresh.size) return NONE();
      // A new request of a group replaces the one under way, so what that one owes is asked along.
      const owed = waiting[groups[g].group], tiles = [...new Set([...fresh, ...owed])];
      fresh.forEach((k) => owed.add(k));
      seq += 1;
      return { seq, action: name, tiles, force: tiles.some((k) => force.has(k)), tick: ticked && !late.length, shown: Object.fromEntries(tiles.filter((k) => shown[k]).map((k) => [k, shown[k]])) };
    });
  }

  const tileOf = (key) => document.querySelector(`[data-tile="${CSS.escape(key)}"]`);
  function mark(key, isAsked) {
    const el = tileOf(key);
    if (!el) return;
    el.classList.toggle("is-asked", isAsked);
    if (!isAsked) { el.classList.remove("is-slow"); delete since[key]; }
    el.setAttribute("aria-busy", isAsked ? "true" : "false");
  }

  const stamps = {}, told = {};
  // Each group of tiles by itself: one that is slow must not hold up the others.
  function answered(answer, id, reach) {
    if (answer) {
      Object.assign(shown, answer.shown);
      Object.assign(stamps, answer.as_of);
      window.dashapp.late(answer.late, answer.tiles, answer.shown);
      Object.assign(told, answer.versions);
      for (const key of answer.tiles) {
        if (waiting[id.group]) waiting[id.group].delete(key);
        mark(key, false);
      }
    }
    window.dash_clientside.set_props("freshness", { children: freshness(reach), title: versions(reach) });
    return NONE();
  }
  function freshness(reach) {
    for (const [k, v] of Object.entries(reach.as_of)) if (!stamps[k]) stamps[k] = v;
    window.setTimeout(decorate, 0);
    const times = Object.values(stamps).filter(Boolean).map((t) => Date.parse(t));
    if (!times.length) return "";
    return reach.texts.updated + " " + moment(Math.min(...times), reach);
  }
  function moment(ms, reach) {
    const at = new Date(ms), day = at.toDateString() === new Date().toDateString() ? {} : { day: "numeric", month: "short" };
    try { return new Intl.DateTimeFormat(reach.locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: reach.zone, ...day }).format(at); } catch { return ""; }
  }
  // Which versions of the data are on the page, the newest first, and what told so.
  function versions(reach) {
    const all = Object.values({ ...reach.versions, ...told }).filter(Boolean).sort(([a], [b]) => ((a || "") < (b || "") ? 1 : -1));
    return [...new Set(all.map(([at, how]) => (reach.texts["told_" + how] || "").replace("{time}", at ? moment(Date.parse(at), reach) : "?")))].slice(0, 5).join("\n");
  }

  window.setInterval(() => {
    for (const [key, start] of Object.entries(since)) {
      const s = (Date.now() - start) / 1000, el = tileOf(key);
      if (!el || s < 3) continue;
      el.classList.add("is-slow");
      window.dashapp.tiles.wait(el).textContent = `${Math.floor(s)} s`;
    }
  }, 500);

  const isPicked = (member, targets, mine) => {
    const row = Array.isArray(member) ? member : [member];
    return member !== null && member !== undefined && mine.every((c) => { const at = targets.findIndex((t) => t.column === c.column); return at >= 0 && c.values.some((v) => same(v, row[at] ?? null)); });
  };
  // Slices and rectangles that were not picked turn pale; Plotly does not know picked ones here.
  function dim(el, targets, mine) {
    const members = el.data[0].customdata || [], ids = el.data[0].ids;
    el.querySelectorAll("g.slice").forEach((slice) => {
      const d = slice.__data__ || {}, inner = (d.data && d.data.data) || {};
      const at = ids ? ids.indexOf(inner.id) : (d.pts || [d.i])[0];
      const isBranch = ids && Array.isArray(d.children) && d.children.length > 0;
      slice.classList.toggle("is-dim", mine.length > 0 && !isBranch && at >= 0 && !isPicked(members[at], targets, mine));
    });
  }
  // So do stages of a funnel and bands of a Sankey diagram, which Plotly cannot select either.
  function fade(el, targets, mine) {
    const pale = (mark, values) => mark.classList.toggle("is-dim", mine.length > 0 && !isPicked(values, targets, mine));
    el.querySelectorAll(".funnellayer .point").forEach((mark) => {
      const trace = el.data[((mark.closest(".trace").__data__ || [])[0] || { trace: {} }).trace.index];
      if (trace && trace.customdata) pale(mark, trace.customdata[mark.__data__.i]);
    });
    const trace = el.data[0];
    if (trace && trace.type === "sankey") el.querySelectorAll(".sankey-link").forEach((band) => pale(band, member({ customdata: trace.link.customdata[band.__data__.link.pointNumber] }, el)));
  }
  // The pointer is a hand over what a click would filter by, and only there.
  function hand(el) {
    if (el._dashappPoints || !el.on) return;
    el._dashappPoints = true;
    const over = (e) => {
      const clicks = ((el.layout || {}).meta || {}).clicks || [];
      el.classList.toggle("is-over", clicks.length > 0 && (e.points || []).some((p) => { const v = member(p, el); return v !== undefined && v !== null; }));
    };
    el.on("plotly_hover", over);
    el.on("plotly_unhover", () => el.classList.remove("is-over"));
  }
  // A flat map takes its whole tile: what it must show stays, and more of the world is around it.
  const LEAST_SPREAD = 1.04, NORTHMOST = 84;
  function spread(el) {
    const geo = el.layout && el.layout.geo, size = el._fullLayout && el._fullLayout._size;
    if (!geo || !size || !window.Plotly || (geo.projection || {}).type !== "mercator" || !(geo.showland || geo.lonaxis.showgrid)) return;
    const now = [geo.lonaxis.range, geo.lataxis.range];
    if (!el._dashappView || !same(now, el._dashappView.shown)) el._dashappView = { wanted: now };
    const [[west, east], [south, north]] = el._dashappView.wanted;
    const up = (lat) => Math.asinh(Math.tan((lat * Math.PI) / 180)) * (180 / Math.PI);
    const down = (y) => Math.atan(Math.sinh((y * Math.PI) / 180)) * (180 / Math.PI);
    const low = up(south), high = up(north), shape = size.w / Math.max(1, size.h);
    const wide = Math.min(360, Math.max(east - west, (high - low) * shape)), tall = Math.max(high - low, (east - west) / shape);
    const spare = Math.max(0, up(NORTHMOST) - tall / 2), lon = (west + east) / 2;
    const lat = Math.max(-spare, Math.min(spare, (low + high) / 2));
    const ends = [Math.max(-NORTHMOST, down(lat - tall / 2)), Math.min(NORTHMOST, down(lat + tall / 2))];
    const shown = [[lon - wide / 2, lon + wide / 2], ends];
    const has = [now[0][1] - now[0][0], up(now[1][1]) - up(now[1][0])], gets = [wide, up(ends[1]) - up(ends[0])];
    if (gets.every((span, i) => Math.max(span / has[i], has[i] / span) < LEAST_SPREAD)) return;
    el._dashappView.shown = shown;
    window.Plotly.relayout(el, { "geo.lonaxis.range": shown[0], "geo.lataxis.range": shown[1] });
  }
  window.addEventListener("resize", () => window.setTimeout(decorate, 400));
  // A click on a part that stands for members filters; Plotly would go down into it. Branches of
  // rings and steps are gone into.
  const NESTED = ["treemap", "sunburst", "icicle"];
  function still(el, type) {
    if (el._dashappStill === type) return;
    el._dashappStill = type;
    el.on(`plotly_${type}click`, (e) => {
      const point = e.points && e.points[0], meta = el.layout.meta, tile = el.closest("[data-tile]");
      const values = point && ((el.data[point.curveNumber] || el.data[0]).customdata || [])[point.pointNumber];
      if (values && meta && tile) send(tile.dataset.tile, meta.dataset, meta.clicks, values);
      return values || type === "treemap" ? false : undefined;
    });
  }
  // Picked cells of a heat map have a frame.
  function outline(el, targets, mine) {
    const { customdata, x, y } = el.data[0], frames = [];
    const ends = (along, at, axis) => {
      if (axis.type !== "date") return [at - 0.5, at + 0.5];
      const here = +new Date(along[at]), half = along.length > 1 ? Math.abs(+new Date(along[1]) - +new Date(along[0])) / 2 : 43200000;
      return [here - half, here + half];
    };
    if (mine.length) Array.from(customdata || []).forEach((cells, row) => Array.from(cells || []).forEach((cell, column) => {
      if (!isPicked(cell, targets, mine)) return;
      const [x0, x1] = ends(x, column, el._fullLayout.xaxis), [y0, y1] = ends(y, row, el._fullLayout.yaxis);
      frames.push({ type: "rect", x0, x1, y0, y1, line: { color: "#3454d1", width: 3 } });
    }));
    if (!same(frames, el.layout.shapes || [])) window.Plotly.relayout(el, { shapes: frames });
  }

  // Marks that stand for members show it; the picked ones stay bright in the tile that was clicked.
  function decorate() {
    reachable();
    const clicks = (window.dashapp.current || {}).clicks || [];
    document.querySelectorAll(".js-plotly-plot").forEach((el) => {
      const targets = el.layout && el.layout.meta && el.layout.meta.clicks;
      el.classList.toggle("has-clicks", !!(targets && targets.length));
      spread(el);
      hand(el);
      const tile = el.closest("[data-tile]");
      if (!tile || !targets || !targets.length || !window.Plotly) return;
      const mine = clicks.filter((c) => c.source === tile.dataset.tile && c.values);
      const type = el.data[0] && el.data[0].type;
      fade(el, targets, mine);
      if (type === "heatmap") { outline(el, targets, mine); return; }
      if (NESTED.includes(type)) still(el, type);
      if (type === "pie" || NESTED.includes(type)) { dim(el, targets, mine); return; }
      const picked = el.data.map((trace) => {
        if (!mine.length || !trace.customdata) return null;
        const hit = [];
        Array.from(trace.customdata).forEach((cd, i) => { if (isPicked(cd, targets, mine)) hit.push(i); });
        return hit;
      });
      if (!same(picked, el._dashappPicked || el.data.map(() => null))) {
        el._dashappPicked = picked;
        el.data.forEach((trace, i) => {
          if (["scatter", "bar", "scattergl", "histogram", "box", "scattergeo", "choropleth", "scattermap", "choroplethmap", "barpolar", "scatterpolar"].includes(trace.type || "scatter")) window.Plotly.restyle(el, { selectedpoints: [picked[i]] }, [i]);
        });
      }
    });
  }

  // Figures are drawn when they come near the window, long after their answer: then they are decorated.
  let planned = 0;
  document.addEventListener("dashapp:drawn", () => { planned = planned || window.setTimeout(() => { planned = 0; decorate(); }, 60); });

  function remember(state) { window.dashapp.current = state; document.dispatchEvent(new Event("dashapp:state")); window.setTimeout(decorate, 50); return NONE(); }

  const put = (id, data) => window.dash_clientside.set_props(id, { data: { ...data, n: Date.now() + Math.random() } });
  let more = false;
  document.addEventListener("pointerdown", (e) => { more = e.ctrlKey || e.metaKey; }, true);

  function send(tile, dataset, targets, values) {
    if (window.dashapp.explaining) return; // see why.js
    const sent = targets
      .slice(0, values.length)
      .map((t, i) => ({ source: tile, dataset, column: t.column, values: [values[i] ?? null], ...(t.grain && { grain: t.grain }), ...(t.bin && { bin: t.bin }) }))
      .filter((c) => reaches(c, window.dashapp.reach));
    if (sent.length) put("click", { source: tile, targets: sent, more });
  }
  // What a mark stands for. Dash leaves out a heat map's; its cells are named "row,column".
  // Nodes and bands of a Sankey diagram have a word that leads to it.
  function member(point, figure) {
    const trace = figure.data[point.curveNumber ?? 0];
    if (trace && trace.type === "sankey") return ((trace.meta || {}).marks || {})[point.customdata];
    if (!trace || trace.type !== "heatmap") return point.customdata;
    const [row, column] = String(point.id).split(",");
    return trace.customdata && trace.customdata[row] && trace.customdata[row][column];
  }
  function pick(data, figure, id) {
    if (!data || !data.points || !data.points.length) return NONE();
    window.dash_clientside.set_props(id, { clickData: null });
    const meta = figure && figure.layout && figure.layout.meta;
    if (!meta || !meta.clicks || !meta.clicks.length) return NONE();
    const values = data.points.map((p) => member(p, figure)).find((v) => v !== undefined && v !== null);
    if (values) window.dashapp.clicked(id.key, () => send(id.key, meta.dataset, meta.clicks, Array.isArray(values) ? values : [values]));
    return NONE();
  }
  // A finished export is saved at once; its link stays to save it again.
  function save(children) {
    if (children) window.setTimeout(() => { const a = document.querySelector("[data-autosave]:not([data-saved])"); if (a) { a.dataset.saved = ""; a.click(); } }, 60);
    return NONE();
  }
  function pickCell(cell, options, id) {
    const context = (options || {}).context;
    if (!cell || cell.value === undefined || !context || !context.clicks || !context.clicks[cell.colId]) return NONE();
    send(id.key, context.dataset, [context.clicks[cell.colId]], [cell.value]);
    return NONE();
  }

  // ---- menus, chips, keys ----------------------------------------------------------------------
  document.addEventListener("click", (e) => {
    const chip = e.target.closest("[data-chip]");
    if (chip) {
      const what = chip.dataset.chip;
      if (what === "all") put("click", { reset: true });
      else if (what.startsWith("f:")) put("click", { filter: what.slice(2) });
      else put("click", { clear: Number(what.slice(2)) });
    }
    const act = e.target.closest("[data-act]");
    if (act) {
      const tile = act.closest("[data-tile]"), key = tile && tile.dataset.tile, name = act.dataset.act;
      act.closest("details")?.removeAttribute("open");
      if (name === "full") window.dashapp.tiles.full(tile);
      else if (name.startsWith("export:")) { const [, what, format] = name.split(":"); put("export-ask", { tile: key, what, format }); }
      else put("action", { act: name, tile: key });
    }
    document.querySelectorAll("details[data-menu][open]").forEach((d) => { if (!d.contains(e.target)) d.removeAttribute("open"); });
    if (e.target.closest("[data-toggle-filters]")) sheet(true);
    else if (e.target.closest("[data-close-filters]")) sheet(false);
    else if (!e.target.closest(".filter-bar, .dash-dropdown-content, .dash-datepicker-content, [data-radix-popper-content-wrapper], .chips")) sheet(false);
    if (e.target.closest(".nav-link")) window.setTimeout(() => window.dispatchEvent(new Event("resize")), 30);
  });
  // On a phone the filters are a sheet over the page.
  function sheet(open) {
    const bar = document.querySelector(".filter-bar");
    if (!bar || bar.classList.contains("is-open") === open) return;
    bar.classList.toggle("is-open", open);
    document.body.classList.toggle("overflow-hidden", open);
    document.querySelector(open ? "[data-close-filters]" : "[data-toggle-filters]")?.focus();
  }
  // Tabs and the fields of sliders come without what a keyboard and a screen reader need.
  function reachable() {
    const said = (window.dashapp.reach || {}).texts || {};
    document.querySelectorAll(".nav-tabs .nav-link[tabindex=\"-1\"]").forEach((tab) => { tab.tabIndex = 0; });
    document.querySelectorAll(".dash-range-slider-min-input").forEach((field) => { field.ariaLabel = said.least; });
    document.querySelectorAll(".dash-range-slider-max-input").forEach((field) => { field.ariaLabel = said.most; });
  }
  document.addEventListener("keydown", (e) => {
    const tab = e.target.closest?.(".nav-tabs .nav-link");
    if (!tab) return;
    if (e.key === "Enter" || e.key === " ") { e.preventDefault(); tab.click(); }
    const next = { ArrowRight: "nextElementSibling", ArrowLeft: "previousElementSibling" }[e.key];
    if (next) tab.parentElement[next]?.querySelector(".nav-link")?.focus();
  });
  document.addEventListener("keydown", (e) => {
    if (e.key !== "Escape") return;
    const menu = document.querySelector("details[data-menu][open]"), big = document.querySelector(".tile.is-full");
    if (menu) { menu.removeAttribute("open"); menu.querySelector("summary").focus(); } else if (big) window.dashapp.tiles.full(big);
    else if (document.querySelector(".filter-bar.is-open") && !document.querySelector(".dash-dropdown-content, .dash-datepicker-content")) sheet(false);
    else if (!document.querySelector(".modal.show, .dash-dropdown-content, .dash-datepicker-content") && ((window.dashapp.current || {}).clicks || []).length) put("click", { clear: "clicks" });
  });

  // A request that fails on the way leaves the old picture and says so.
  document.addEventListener("dashapp:offline", () => {
    Object.keys(since).forEach((key) => mark(key, false));
    Object.keys(waiting).forEach((g) => { waiting[g].forEach((key) => delete asked[key]); waiting[g].clear(); });
  });

  // Tiles that were redrawn by somebody else: their next answer is sent whatever they showed.
  const touched = (key) => { delete shown[key]; };
  function again(keys) {
    keys.forEach((key) => { delete asked[key]; touched(key); });
    window.dash_clientside.set_props("filter-state", { data: { ...window.dashapp.current } });
  }
  window.dashapp = Object.assign(window.dashapp || {}, { search: window.location.search, member, stamps, touched, again });
  window.dash_clientside = Object.assign({}, window.dash_clientside, { dashboard: { state, ask, answered, remember, pick, pickCell, save } });
})();
