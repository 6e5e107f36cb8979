// Leaving a page stops what it still waits for, at the database. Tiles whose answer is past its
// age are asked again, quietly, until the new one is there.
(function () {
  "use strict";
  const FIRST_S = 2, LAST_S = 30, MOST = 40; // Between two asks for a tile that is late; how many.
  let left = false, waiting = 0;

  const through = window.fetch;
  window.fetch = function (...args) {
    const answer = through.apply(this, args);
    if (String(args[0]?.url || args[0]).includes("_dash-update-component")) {
      waiting += 1;
      const over = () => { waiting -= 1; };
      answer.then(over, over);
    }
    return answer;
  };

  function leave() {
    const page = (window.dashapp.reach || {}).page;
    if (left || !page || !waiting) return;
    left = true;
    const token = document.cookie.split("; ").find((part) => part.startsWith("_csrf_token="));
    window.fetch("/api/v1/pages/leave", {
      method: "POST", keepalive: true, credentials: "same-origin", body: JSON.stringify({ page }),
      headers: { "Content-Type": "application/json", "X-CSRFToken": token ? decodeURIComponent(token.slice("_csrf_token=".length)) : "" },
    }).catch(() => {});
  }
  window.addEventListener("pagehide", leave);
  // Back from the browser's memory: what was stopped is asked anew.
  window.addEventListener("pageshow", (e) => { if (e.persisted && left) window.location.reload(); });

  const tries = {}, codes = {}, due = new Set();
  let timer = 0;
  function flush() {
    timer = 0;
    if (!due.size) return;
    if (document.hidden) { timer = window.setTimeout(flush, FIRST_S * 1000); return; }
    window.dash_clientside.set_props("refresh-tick", { n_intervals: Date.now() });
  }
  // Of the tiles that were answered, those in `keys` got an older answer, of the question and age
  // that `shown` names. Another age of the same question is what one waited for, however old.
  function late(keys, tiles, shown) {
    for (const key of tiles) if (!keys.includes(key)) { delete tries[key]; delete codes[key]; }
    for (const key of keys) {
      const before = codes[key], code = (codes[key] = shown[key] || ""), question = code.split("@")[0];
      if (!before || before.split("@")[0] !== question) tries[key] = 0;
      else if (before !== code) tries[key] = MOST;
      if (tries[key] >= MOST) continue;
      const turn = (tries[key] += 1);
      window.setTimeout(() => {
        if (tries[key] !== turn || codes[key] !== code) return;
        due.add(key);
        if (!timer) timer = window.setTimeout(flush, 50);
      }, Math.min(LAST_S, FIRST_S * 1.5 ** (tries[key] - 1)) * 1000);
    }
  }
  const takeLate = () => { const keys = [...due]; due.clear(); return keys; };
  window.dashapp = Object.assign(window.dashapp || {}, { late, takeLate });
})();
