// Marks moved without Plotly: bars, lines, areas and heat maps take new values within the axes and
// colours that were drawn last. A full drawing costs ten milliseconds and more, this a fraction of one.
(function () {
  "use strict";
  const ROUND = 3, TIGHT = 0.35; // px of a bar's corners; values that use less of their axis want another
  const known = (v) => v === v && v !== null;

  // How well values fit into a range of an axis or of colours: they lie in it, and use enough of it.
  function fits(low, high, range, isFree) {
    if (!isFree || low > high) return true;
    const [a, b] = range[0] < range[1] ? range : [range[1], range[0]], slack = (b - a) * 1e-3;
    if (low < a - slack || high > b + slack) return false;
    return Math.max(high, Math.min(0, a) < 0 || a === 0 ? 0 : low) - Math.min(low, a <= 0 && b >= 0 ? 0 : low) >= TIGHT * (b - a);
  }

  // Where each mark begins and ends on the axis of values: on top of each other in a stack.
  function stacked(el, kind, values, isStack, placeOf) {
    const at = new Map(), spans = new Map();
    el._fullData.forEach((trace, number) => {
      if ((trace.type || "scatter") !== kind || trace.visible !== true) return;
      const own = values.get(number) || el.calcdata[number].map((d) => (kind === "bar" ? d.s : d.yRaw ?? d.sNorm ?? d.y));
      spans.set(number, Array.from(own, (v, i) => {
        if (!known(v)) return null;
        if (!isStack(trace)) return [0, v];
        const key = `${trace.stackgroup || ""}|${v < 0 ? "-" : "+"}|${placeOf(number, i)}`, base = at.get(key) || 0;
        at.set(key, base + v);
        return [base, base + v];
      }));
    });
    return spans;
  }
  const axisOf = (el, trace, letter) => el._fullLayout[trace[letter + "axis"].replace(letter, letter + "axis")];
  function spread(el, letter, spans, withBase) {
    const axes = new Map();
    spans.forEach((own, number) => {
      const axis = axisOf(el, el._fullData[number], letter), now = axes.get(axis) || [Infinity, -Infinity];
      for (const s of own) if (s) { const a = withBase ? s[0] : s[1]; now[0] = Math.min(now[0], a, s[1]); now[1] = Math.max(now[1], a, s[1]); }
      axes.set(axis, now);
    });
    return axes;
  }
  // Whether all values fit into their axes; where not, `ranges` gets those that they would fit into,
  // with room to grow.
  function within(axes, ranges, free, fromZero) {
    let isWithin = true;
    for (const [axis, [low, high]] of axes) {
      if (axis.type !== "linear") return false;
      if (low > high || fits(low, high, axis.range, free.has(axis._name))) continue;
      isWithin = false;
      const zero = fromZero || axis.rangemode === "tozero", a = zero ? Math.min(0, low) : low, b = zero ? Math.max(0, high) : high;
      const isOut = high > Math.max(...axis.range) || low < Math.min(...axis.range), room = (isOut ? 0.5 : 0.08) * (b - a || 1);
      const range = [zero && a === 0 ? 0 : a - room, zero && b === 0 ? 0 : b + room];
      ranges[`${axis._name}.range`] = axis.range[0] > axis.range[1] ? range.reverse() : range;
    }
    return isWithin;
  }

  function bars(el, values, ranges, free) {
    const layout = el._fullLayout, first = el._fullData[values.keys().next().value], letter = first.orientation === "h" ? "x" : "y", across = letter === "y" ? "x" : "y";
    const isStack = () => layout.barmode === "stack" || layout.barmode === "relative";
    const spans = stacked(el, "bar", values, isStack, (number, i) => el.calcdata[number][i].p);
    const axes = spread(el, letter, spans, true);
    if (!within(axes, ranges, free, true)) return null;
    return () => el.querySelectorAll(".barlayer .trace.bars").forEach((group) => {
      const number = group.__data__[0].trace.index, own = spans.get(number);
      if (!own || !values.has(number)) return;
      const trace = el._fullData[number], along = axisOf(el, trace, letter), places = axisOf(el, trace, across);
      group.querySelectorAll(".point").forEach((point, order) => {
        const d = point.__data__, span = own[d.i ?? order], path = point.querySelector("path");
        if (!path) return;
        path.setAttribute("d", span ? bar(places.c2p(d.p0, true), places.c2p(d.p1, true), along.c2p(span[0], true), along.c2p(span[1], true), letter === "y") : "M0,0Z");
      });
    });
  }
  function bar(p0, p1, s0, s1, isUpright) {
    const [a, b] = p0 < p1 ? [p0, p1] : [p1, p0], r = Math.max(0, Math.min(ROUND, (b - a) / 2, Math.abs(s1 - s0))), back = s1 < s0 ? r : -r;
    const pt = (p, s) => (isUpright ? `${p},${s}` : `${s},${p}`);
    return `M${pt(a, s0)}L${pt(a, s1 + back)}Q${pt(a, s1)} ${pt(a + r, s1)}L${pt(b - r, s1)}Q${pt(b, s1)} ${pt(b, s1 + back)}L${pt(b, s0)}Z`;
  }

  function lines(el, values, ranges, free) {
    for (const number of values.keys()) {
      const t = el._fullData[number];
      if ((t.line && t.line.shape && t.line.shape !== "linear" && t.mode.includes("lines")) || t.mode.includes("text") || t.orientation === "h" || t.groupnorm) return null;
      if (t.fill && !["none", "tozeroy"].includes(t.fill) && !t.stackgroup) return null;
    }
    const spans = stacked(el, "scatter", values, (t) => !!t.stackgroup, (number, i) => +el._fullData[number].x[i] || String(el._fullData[number].x[i]));
    for (const [number, own] of spans) if (own.length !== el.calcdata[number].length) { if (values.has(number)) return null; spans.delete(number); }
    const axes = spread(el, "y", new Map([...spans].filter(([n]) => values.has(n))), false);
    const fromZero = Array.from(values.keys()).some((n) => el._fullData[n].stackgroup || el._fullData[n].fill === "tozeroy");
    if (!within(axes, ranges, free, fromZero)) return null;
    return () => el.querySelectorAll(".scatterlayer .trace.scatter").forEach((group) => {
      const number = group.__data__[0].trace.index, own = spans.get(number);
      if (!own || !values.has(number)) return;
      const trace = el._fullData[number], x = axisOf(el, trace, "x"), y = axisOf(el, trace, "y"), cd = el.calcdata[number];
      // What Plotly worked out is no help here: a point without a value has no place there.
      const points = cd.map((_, i) => { const at = own[i] ? x.c2p(x.d2c(trace.x[i], 0, trace.xcalendar)) : undefined; return at === undefined ? null : [at, y.c2p(own[i][1]), y.c2p(own[i][0])]; });
      const parts = broken(points, trace.connectgaps);
      group.querySelectorAll("path.js-line").forEach((path) => path.setAttribute("d", parts.map((part) => "M" + part.map((p) => `${p[0]},${p[1]}`).join("L")).join("") || "M0,0"));
      group.querySelectorAll("path.js-fill").forEach((path) => path.setAttribute("d", parts.map((part) => `M${part.map((p) => `${p[0]},${p[1]}`).join("L")}L${part.slice().reverse().map((p) => `${p[0]},${p[2]}`).join("L")}Z`).join("") || "M0,0"));
      group.querySelectorAll("path.point").forEach((path, order) => {
        const at = points[path.__data__.i ?? order];
        path.style.display = at ? "" : "none";
        if (at) path.setAttribute("transform", `translate(${at[0]},${at[1]})`);
      });
    });
  }
  function broken(points, joins) {
    const parts = [];
    let part = null;
    for (const p of points) {
      if (p) { if (!part) parts.push(part = []); part.push(p); } else if (!joins) part = null;
    }
    return parts;
  }

  // A colour scale as 256 colours.
  const scales = new Map();
  function colors(scale) {
    const name = JSON.stringify(scale);
    if (scales.has(name)) return scales.get(name);
    const canvas = document.createElement("canvas");
    canvas.width = 256; canvas.height = 1;
    const pen = canvas.getContext("2d", { willReadFrequently: true }), band = pen.createLinearGradient(0, 0, 256, 0);
    scale.forEach(([at, color]) => band.addColorStop(at, color));
    pen.fillStyle = band;
    pen.fillRect(0, 0, 256, 1);
    const found = pen.getImageData(0, 0, 256, 1).data, list = [];
    for (let i = 0; i < 256; i += 1) list.push(`rgb(${found[4 * i]},${found[4 * i + 1]},${found[4 * i + 2]})`);
    scales.set(name, list);
    return list;
  }
  const canvas = document.createElement("canvas");
  function heat(el, number, z, scale) {
    const trace = el._fullData[number], cd = el.calcdata[number][0], image = el.querySelector(".heatmaplayer image");
    if (!image || trace.texttemplate || !cd || !cd.x || cd.x.length !== z[0].length + 1 || cd.y.length !== z.length + 1) return null;
    let low = Infinity, high = -Infinity;
    for (const row of z) for (const v of row) if (known(v)) { if (v < low) low = v; if (v > high) high = v; }
    if (low > high) [low, high] = [trace.zmin, trace.zmax];
    // The colours are those that Plotly will take; its bar follows when the pointer rests.
    const end = Math.max(-low, high), [zmin, zmax] = scale === "range" ? [low, high] : scale === "even" ? [-end, end] : [trace.zmin, trace.zmax];
    return () => {
      const x = axisOf(el, trace, "x"), y = axisOf(el, trace, "y"), ratio = window.devicePixelRatio || 1, list = colors(trace.colorscale);
      const [left, top, width, height] = ["x", "y", "width", "height"].map((n) => Number(image.getAttribute(n)));
      canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
      const pen = canvas.getContext("2d"), steps = (cells, axis, from) => Array.from(cells, (c) => axis.c2p(c) - from);
      pen.scale(ratio, ratio);
      const xs = steps(cd.x, x, left), ys = steps(cd.y, y, top), gapX = trace.xgap || 0, gapY = trace.ygap || 0, size = zmax - zmin || 1;
      z.forEach((row, r) => row.forEach((v, c) => {
        if (!known(v)) return;
        pen.fillStyle = list[Math.max(0, Math.min(255, Math.round((255 * (v - zmin)) / size)))];
        const [x0, x1] = xs[c] < xs[c + 1] ? [xs[c], xs[c + 1]] : [xs[c + 1], xs[c]], [y0, y1] = ys[r] < ys[r + 1] ? [ys[r], ys[r + 1]] : [ys[r + 1], ys[r]];
        pen.fillRect(x0 + gapX / 2, y0 + gapY / 2, x1 - x0 - gapX, y1 - y0 - gapY);
      }));
      image.setAttribute("href", canvas.toDataURL());
    };
  }

  // Writes new values (by number of trace) into a plot as it stands; false where it has to be drawn anew.
  // `ranges` then tells what axes (of those that are `free`) would do.
  function moved(el, changed, ranges, free) {
    const jobs = [], byType = new Map();
    let isFit = true;
    for (const [number, values, scale] of changed) {
      const trace = el._fullData && el._fullData[number];
      if (!trace || !el.calcdata || !el.calcdata[number]) return false;
      if (trace.visible !== true) continue;
      const type = trace.type || "scatter";
      if (type === "heatmap") { const job = heat(el, number, values, scale); if (!job) return false; jobs.push(job); continue; }
      if (el.calcdata[number].length !== values.length) return false;
      if (!byType.has(type)) byType.set(type, new Map());
      byType.get(type).set(number, values);
    }
    for (const [type, values] of byType) {
      const job = type === "bar" ? bars(el, values, ranges, free) : type === "scatter" ? lines(el, values, ranges, free) : null;
      if (job) jobs.push(job);
      else isFit = false; // The others may have outgrown their axes too.
    }
    if (!isFit) return false;
    jobs.forEach((job) => job());
    return true;
  }
  window.dashapp = Object.assign(window.dashapp || {}, { moved });
})();
