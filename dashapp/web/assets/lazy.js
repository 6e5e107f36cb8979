// Figures are drawn when they come near the window, and once: Dash draws each figure as soon as it
// is there, which keeps the browser busy for seconds where a tab has forty.
//
// Plotly is wrapped when it arrives. A figure that is far from the window is kept (of several for
// one place the last) until one scrolls there, until the page is printed, or until the browser has
// nothing else to do, when they are drawn one by one.
(function () {
  "use strict";
  const MARGIN = 400; // Pixels above and below the window.
  const boot = JSON.parse(document.querySelector("script#boot")?.textContent || "{}");
  const whenIdle = window.requestIdleCallback || ((work) => window.setTimeout(work, 50));
  const kept = new Map(); // What is not drawn yet, by element, in the order in which it came.
  let plotly; // The library; before it is there a promise of it, which Dash waits for.
  let draw, resize, purge, isPlanned = false;

  const isThere = (el) => el.getClientRects().length > 0; // Not on a tab that is closed.
  const isNear = (el) => {
    const box = el.getBoundingClientRect();
    return isThere(el) && box.top < window.innerHeight + MARGIN && box.bottom > -MARGIN;
  };
  const watcher = new IntersectionObserver((seen) => {
    for (const one of seen) if (one.isIntersecting) show(one.target);
  }, { rootMargin: `${MARGIN}px 0px` });

  // An element that was never drawn takes what Dash does with a drawn one, and hands it on later.
  function keep(el, figure) {
    if (!kept.has(el)) {
      const heard = el._fullLayout ? null : [];
      if (heard) {
        el.on = (...args) => { heard.push(args); };
        el.removeAllListeners = () => { heard.length = 0; };
      }
      kept.set(el, { heard });
      watcher.observe(el);
      plan();
    }
    kept.get(el).figure = figure;
    return Promise.resolve(el);
  }
  function forget(el) {
    const one = kept.get(el);
    kept.delete(el);
    watcher.unobserve(el);
    if (one.heard) { delete el.on; delete el.removeAllListeners; }
    return one;
  }
  function show(el) {
    if (!kept.has(el)) return undefined;
    const { heard, figure } = forget(el);
    return paint(el, figure).then(() => (heard || []).forEach((args) => el.on(...args)));
  }
  // Whoever marks what is drawn starts anew; a figure knows nothing of what was picked.
  async function paint(el, figure) {
    delete el._dashappPicked;
    const drawn = await draw(el, ...figure);
    document.dispatchEvent(new Event("dashapp:drawn"));
    return drawn;
  }
  const showAll = () => Promise.all([...kept.keys()].filter(isThere).map(show));

  function plan() {
    if (isPlanned) return;
    isPlanned = true;
    whenIdle(() => {
      isPlanned = false;
      const next = [...kept.keys()].find(isThere);
      if (!next) return;
      show(next);
      plan();
    });
  }

  // Dash asks each figure that it has drawn to take its size, which it mostly has.
  function hasItsSize(el) {
    const { width, height } = el._fullLayout || {};
    return Math.abs(width - el.clientWidth) < 1 && Math.abs(height - el.clientHeight) < 1;
  }

  // Dash takes over the axes that somebody has zoomed, and hands them back to be drawn once more.
  function isDrawn(el, { data, layout }) {
    const own = ({ autorange, range, ...axis }) => (autorange === true ? axis : { ...axis, range }); // Plotly notes the range that it chose.
    const flat = (page) => JSON.stringify(Object.keys(page).sort().map((name) => [name, /^[xy]axis/.test(name) ? own(page[name]) : page[name]]));
    return !!el._fullLayout && el.data === data && flat(el.layout) === flat(layout);
  }

  function wrap(library) {
    draw = library.react;
    resize = library.Plots.resize;
    purge = library.purge;
    library.react = (el, ...figure) => {
      if (Array.isArray(figure[0])) return draw(el, ...figure); // Not from Dash: somebody brushes.
      if (!kept.has(el) && isDrawn(el, figure[0])) return Promise.resolve(el);
      return kept.has(el) || !isNear(el) ? keep(el, figure) : paint(el, figure);
    };
    library.Plots.resize = (el) => (kept.has(el) || hasItsSize(el) ? Promise.resolve(el) : resize(el));
    library.purge = (el) => { if (kept.has(el)) forget(el); return purge(el); };
    return library;
  }

  Object.defineProperty(window, "Plotly", {
    configurable: true,
    get: () => plotly,
    set: (library) => { plotly = wrap(library); },
  });

  // Where figures are on their way the library is loaded before the first of them is there.
  if (boot.draws) {
    plotly = new Promise((done) => {
      const script = document.createElement("script");
      const failed = () => { plotly = undefined; done(); };
      Object.assign(script, { src: boot.plotly, async: true, onload: done, onerror: failed });
      document.head.append(script);
    });
  }

  // For whoever takes a picture of the whole page.
  function whole() {
    document.documentElement.classList.add("is-whole");
    return showAll();
  }

  window.addEventListener("beforeprint", showAll);
  window.dashapp = Object.assign(window.dashapp || {}, { whole });
})();
