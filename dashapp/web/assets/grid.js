// What cells of grids look like. Column definitions name these functions as constant text; formats,
// rules and scales are data in a column's `context` (dashapp/charts/cells.py). No code, no HTML.
(function () {
  "use strict";

  const MINUS = "\u2212";
  const DURATIONS = { duration: 1, "duration-ms": 0.001, "duration-min": 60 };
  const BYTES = { bytes: [1000, ""], "bytes-binary": [1024, ""], "bytes-rate": [1000, "/s"], "bytes-binary-rate": [1024, "/s"] };
  const LETTERS = {
    1000: ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"],
    1024: ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"],
  };
  const NANOSECONDS = [["d", 864e11], ["h", 36e11], ["m", 6e10], ["s", 1e9], ["ms", 1e6], ["\u00b5s", 1e3], ["ns", 1]];
  const made = new Map();

  // A formatter per format and locale, made once.
  function once(kind, spec, told, make) {
    const key = kind + "|" + spec + "|" + JSON.stringify(told);
    if (!made.has(key)) {
      if (made.size > 500) made.clear();
      made.set(key, make());
    }
    return made.get(key);
  }

  // ---- numbers: the same text as dashapp/charts/formats.py writes -------------------------------
  function written(d3, spec, signs, value) {
    return once("n", spec, signs, () => d3.formatLocale(signs).format(spec))(value);
  }
  function smart(value) {
    const size = Math.abs(value);
    if (Number.isInteger(value) && size < 1000) return "d";
    if (size >= 1e15 || size < 1e-6) return ".3~e";
    return size >= 999.5 ? ".3~s" : ".3~r";
  }
  function full(value, places) {
    const size = Math.abs(value);
    if (places !== null && places !== undefined) return ",." + places + "f";
    if (Number.isInteger(value)) return ",d";
    if (size >= 1) return ",.2~f";
    return size >= 1e-6 ? ".3~r" : ".3~e";
  }
  function formatNumber(value, context, d3) {
    if (value === null || value === undefined || value === "") return "";
    if (typeof value !== "number") return String(value);
    if (!Number.isFinite(value)) return "";
    const { signs, money } = context;
    const format = context.small && Math.abs(value) < 1 ? context.small : context.format;
    if (Object.hasOwn(DURATIONS, format)) return duration(value * DURATIONS[format]);
    if (Object.hasOwn(BYTES, format)) return bytes(d3, value, BYTES[format][0], signs) + BYTES[format][1];
    if (format === "duration-fine") return fine(value);
    if (format === "duration-clock") return clock(value, signs);
    const sign = money === null || money === undefined ? "" : "$";
    if (format === "smart" || format === "smart-signed") {
      const plus = format === "smart-signed" && value > 0 ? "+" : "";
      // The prefix is the first letter behind the digits; a currency may have letters of its own.
      const text = written(d3, plus + sign + smart(value), signs, value);
      return Math.abs(value) >= 9.995e8 ? text.replace(/(\d)G/, "$1B") : text;
    }
    return written(d3, format === "full" ? sign + full(value, money) : format, signs, value);
  }
  function duration(seconds) {
    const sign = seconds < 0 ? MINUS : "";
    const left = Math.abs(seconds);
    if (left < 1) return left ? sign + Math.round(left * 1000) + "ms" : "0s";
    if (left < 59.5) return sign + Number(left.toFixed(left < 10 ? 1 : 0)) + "s";
    if (left < 60) return sign + "1m";
    const units = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];
    let at = units.findIndex(([, size]) => left >= size);
    const small = units[Math.min(at + 1, 3)][1];
    const whole = Math.round(left / small) * small;
    at = units.findIndex(([, size]) => whole >= size);
    const rest = at < 3 ? Math.floor((whole % units[at][1]) / units[at + 1][1]) : 0;
    return sign + Math.floor(whole / units[at][1]) + units[at][0] + (rest ? " " + rest + units[at + 1][0] : "");
  }

  function fine(milliseconds) {
    const sign = milliseconds < 0 ? MINUS : "";
    const left = Math.abs(milliseconds) * 1e6;
    const first = NANOSECONDS.findIndex(([, size]) => left >= size);
    const small = NANOSECONDS[Math.min((first < 0 ? 6 : first) + 1, 6)][1];
    const whole = Math.floor(left / small + 0.5) * small;
    if (!whole) return "0ms";
    const at = NANOSECONDS.findIndex(([, size]) => whole >= size);
    const [unit, size] = NANOSECONDS[at];
    const rest = at < 6 ? Math.floor((whole % size) / NANOSECONDS[at + 1][1]) : 0;
    return sign + Math.floor(whole / size) + unit + (rest ? " " + rest + NANOSECONDS[at + 1][0] : "");
  }
  function clock(milliseconds, signs) {
    const tenths = Math.floor(Math.abs(milliseconds) / 100 + 0.5);
    const seconds = Math.floor(tenths / 10);
    const parts = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
    while (parts.length > 2 && !parts[0]) parts.shift();
    const text = parts.map((part, at) => (at ? String(part).padStart(2, "0") : String(part))).join(":");
    return (milliseconds < 0 && tenths ? MINUS : "") + text + (tenths % 10 ? signs.decimal + (tenths % 10) : "");
  }
  function bytes(d3, value, base, signs) {
    let size = Math.abs(value);
    let at = 0;
    while (at < 8 && Math.floor(size * 100 + 0.5) / 100 >= base) {
      size /= base;
      at += 1;
    }
    return written(d3, ",.2~f", signs, value < 0 ? -size : size) + LETTERS[base][at];
  }

  // ---- times: rows carry wall clocks as ISO text ------------------------------------------------
  function moment(value) {
    const match = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?/.exec(value);
    if (!match) return null;
    const [, y, m, d, h, min, s, part] = match;
    return new Date(Date.UTC(+y, m - 1, +d, +(h || 0), +(min || 0), +(s || 0), +((part || "0") + "00").slice(0, 3)));
  }
  function formatTime(value, context, d3) {
    if (value === null || value === undefined) return "";
    const when = moment(String(value));
    if (!when) return String(value);
    return once("t", context.format, context.names, () => d3.timeFormatLocale(context.names).utcFormat(context.format))(when);
  }

  // ---- cells ------------------------------------------------------------------------------------
  // The context of a cell: the column's, or (metrics on rows) that of the line's metric.
  function contextOf(params) {
    const found = (params.colDef && params.colDef.context) || {};
    if (!found.by) return found;
    const line = params.data && params.data[found.by];
    return Object.hasOwn(found.lines, line) ? found.lines[line] : {};
  }
  function wordOf(params) {
    const words = params.data && params.data._words;
    const field = params.colDef && params.colDef.field;
    return words && Object.hasOwn(words, field) ? words[field] : undefined;
  }
  function told(params, value, d3) {
    const word = wordOf(params);
    if (word !== undefined) return word;
    const same = params.data && params.data._same;
    if (same && same.includes(params.colDef && params.colDef.field)) return "";
    const context = contextOf(params);
    if (value === undefined) return "";
    if (value === null) return context.empty || "";
    if (context.is === "number") {
      const low = formatNumber(value, context, d3);
      if (!context.bin || typeof value !== "number") return low;
      return low + " \u2013 " + formatNumber(value + context.bin, context, d3);
    }
    if (context.is === "time") return formatTime(value, context, d3);
    if (context.is === "boolean") return value === true ? context.yes : value === false ? context.no : String(value);
    return String(value);
  }

  function faded(color, opacity) {
    const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color || "");
    if (!match) return undefined;
    return "rgba(" + match.slice(1).map((c) => parseInt(c, 16)).join(",") + "," + opacity.toFixed(3) + ")";
  }
  const MEETS = {
    "=": (v, r) => v === r.value,
    "!=": (v, r) => v !== r.value,
    "<": (v, r) => v < r.value,
    "<=": (v, r) => v <= r.value,
    ">": (v, r) => v > r.value,
    ">=": (v, r) => v >= r.value,
    any: () => true,
    between: (v, r) =>
      (r.ends === "high" || r.ends === "none" ? v > r.value : v >= r.value) &&
      (r.ends === "low" || r.ends === "none" ? v < r.high : v <= r.high),
  };
  const MEETS_TEXT = {
    "=": (v, t) => v === t,
    "!=": (v, t) => v !== t,
    contains: (v, t) => v.includes(t),
    "not contains": (v, t) => !v.includes(t),
    "starts with": (v, t) => v.startsWith(t),
    "ends with": (v, t) => v.endsWith(t),
  };
  function meets(value, rule) {
    const isEmpty = value === null || value === undefined;
    if (rule.op === "is null") return isEmpty;
    if (rule.op === "is not null") return !isEmpty;
    if (isEmpty) return false;
    if (rule.op === "is true" || rule.op === "is false") return value === (rule.op === "is true");
    if (rule.text) {
      return Object.hasOwn(MEETS_TEXT, rule.op) && MEETS_TEXT[rule.op](String(value).toLowerCase(), rule.text.toLowerCase());
    }
    if (typeof value !== "number") return false;
    return Object.hasOwn(MEETS, rule.op) && MEETS[rule.op](value, rule);
  }
  // How strongly a rule colours: by the way from its condition to the end of the column.
  function strength(value, rule, reach) {
    if (!rule.gradient || !reach || typeof value !== "number") return 0.22;
    let from = rule.value;
    let to = value < from ? reach.low : reach.high;
    if (rule.op === "any") [from, to] = [reach.low, reach.high];
    if (rule.op === "between") to = rule.high;
    const share = to === from ? 1 : (value - from) / (to - from);
    return 0.06 + 0.44 * Math.min(1, Math.max(0, share));
  }
  function isTotal(params) {
    return Boolean((params.node && params.node.rowPinned) || (params.data && params.data._total));
  }
  // Colours are laid thinly over the card, so that text stays legible in light and dark.
  function styleOf(params) {
    if (isTotal(params)) return null;
    const context = contextOf(params);
    const rules = (context.rules || []).filter((r) => r.part !== "row" && meets(params.value, r));
    const cell = rules.find((r) => r.part !== "text");
    const text = rules.find((r) => r.part === "text");
    const style = cell ? { backgroundColor: faded(cell.color, strength(params.value, cell, context.reach)), fontWeight: 600 } : {};
    if (text) Object.assign(style, { color: legible(text.color), fontWeight: 600 });
    if (cell || !context.heat || typeof params.value !== "number") return cell || text ? style : null;
    return Object.assign(style, heated(params.value, context));
  }
  // A colour of text, mixed with the theme's own so that it stays legible in light and dark.
  function legible(color) {
    return faded(color, 1) ? "color-mix(in srgb, " + color + " 78%, var(--bs-body-color))" : undefined;
  }
  function heated(value, context) {
    const heat = context.heat;
    if (heat.middle === null || heat.middle === undefined) {
      const span = heat.high - heat.low;
      const share = span > 0 ? (value - heat.low) / span : 0;
      return { backgroundColor: faded(context.up, 0.5 * Math.min(1, Math.max(0, share))) };
    }
    const reach = heat.high - heat.middle;
    const off = reach > 0 ? (value - heat.middle) / reach : 0;
    return { backgroundColor: faded(off < 0 ? context.down : context.up, 0.5 * Math.min(1, Math.abs(off))) };
  }

  const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  functions.dashappFormat = (params, d3) => told(params, params.value, d3);
  functions.dashappText = (params, d3) => told(params, params.data ? params.data[params.colDef.field] : undefined, d3);
  functions.dashappTooltip = (params, d3) => (params.location && params.location !== "cell" ? undefined : told(params, params.value, d3));
  functions.dashappNumber = (params, d3) => formatNumber(params.value, contextOf(params), d3);
  functions.dashappTime = (params, d3) => formatTime(params.value, contextOf(params), d3);
  functions.dashappStyle = styleOf;
  functions.dashappIsTotal = isTotal;
  // Rules of whole rows travel in the grid's context.
  functions.dashappRow = (params) => {
    if (isTotal(params) || !params.data) return null;
    const rule = ((params.context || {}).rules || []).find((r) => meets(params.data[r.field], r));
    return rule ? { backgroundColor: faded(rule.color, 0.18) } : null;
  };

  // A number over a bar from zero, to the right if positive, to the left if negative.
  const components = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  components.DashappBar = function (props) {
    const element = window.React.createElement;
    const value = props.value;
    const text = props.valueFormatted ?? (value === null || value === undefined ? "" : String(value));
    const context = contextOf(props);
    const parts = [];
    if (context.bar && typeof value === "number" && !isTotal(props)) {
      const fromLeft = context.bar.from === "left";
      const low = fromLeft ? 0 : context.bar.low;
      const span = (fromLeft ? Math.max(context.bar.high, -context.bar.low) : context.bar.high) - low;
      const at = (v) => (span > 0 ? Math.min(100, Math.max(0, (100 * (v - low)) / span)) : 0);
      const end = fromLeft ? Math.abs(value) : value;
      const left = Math.min(at(0), at(end));
      parts.push(element("div", {
        key: "bar",
        "aria-hidden": true,
        style: {
          position: "absolute", top: "15%", bottom: "15%", left: left + "%", borderRadius: 2, pointerEvents: "none",
          width: Math.abs(at(end) - at(0)) + "%", backgroundColor: faded(value < 0 ? context.down : context.up, 0.28),
        },
      }));
    }
    parts.push(element("span", { key: "text", style: { position: "relative" } }, text));
    return element("div", { style: { position: "relative", height: "100%" } }, parts);
  };

  // An address of the web is a link; anything else stays text.
  components.DashappLink = function (props) {
    const text = props.valueFormatted ?? (props.value === null || props.value === undefined ? "" : String(props.value));
    let address = null;
    try {
      address = typeof props.value === "string" && /^https?:\/\//.test(props.value) ? new URL(props.value) : null;
    } catch {
      address = null;
    }
    if (!address || !["http:", "https:"].includes(address.protocol)) return text;
    return window.React.createElement("a", { href: address.href, target: "_blank", rel: "noopener noreferrer nofollow" }, text);
  };

  // A picture that the server drew: an image cannot run anything, and no other address is shown.
  components.DashappPicture = function (props) {
    const source = props.value;
    if (typeof source !== "string" || !source.startsWith("data:image/svg+xml;base64,")) return null;
    const words = (props.data && props.data[contextOf(props).alt]) || "";
    return window.React.createElement("img", { src: source, alt: words, title: words, style: { width: "100%", height: 24, verticalAlign: "middle" } });
  };

  // ---- the box that searches all columns --------------------------------------------------------
  document.addEventListener("input", (event) => {
    const box = event.target instanceof Element ? event.target.closest("[data-grid-search]") : null;
    const grid = box && box.closest(".searched").querySelector("[id*='grid']");
    if (!grid || !window.dash_ag_grid) return;
    window.dash_ag_grid.getApiAsync(grid.id).then((api) => api.setGridOption("quickFilterText", event.target.value));
  });
})();
