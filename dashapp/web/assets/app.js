// What every page has: theme, search (Ctrl-K), shortcuts, notices, a sentence when offline.
(function () {
  "use strict";
  window.dashapp = window.dashapp || {};
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  function show(theme) { root.dataset.theme = theme; root.dataset.bsTheme = theme === "auto" ? (system.matches ? "dark" : "light") : theme; }
  system.addEventListener("change", () => { if ((root.dataset.theme || "auto") === "auto") show("auto"); });
  const click = (selector) => document.querySelector(selector)?.click();
  const typing = (el) => el && (el.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName));

  document.addEventListener("click", (e) => {
    const theme = e.target.closest("[data-set-theme]");
    if (theme) { show(theme.dataset.setTheme); window.dash_clientside.set_props("theme", { data: theme.dataset.setTheme }); theme.closest("details")?.removeAttribute("open"); }
    if (e.target.closest("[data-shortcuts]")) window.dash_clientside.set_props("shortcuts", { is_open: true });
    document.querySelectorAll(".shell-user[open]").forEach((d) => { if (!d.contains(e.target)) d.removeAttribute("open"); });
  });
  document.addEventListener("keydown", (e) => {
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "k") { e.preventDefault(); click("#search-open"); return; }
    if (e.ctrlKey || e.metaKey || e.altKey || typing(document.activeElement)) {
      if (document.activeElement?.id === "search-text") walk(e);
      return;
    }
    if (e.key === "?") window.dash_clientside.set_props("shortcuts", { is_open: true });
    else if (e.key === "/" ) { e.preventDefault(); click("#search-open"); }
    else if (e.key === "r") click("#refresh");
    else if (e.key === "f") { e.preventDefault(); const bar = document.querySelector(".filter-bar"); if (bar && getComputedStyle(bar).display === "none") click("[data-toggle-filters]"); bar?.querySelector("button, input")?.focus(); }
    else if (e.key === "h" && document.querySelector(".shell-brand")) window.location.assign("/");
    else if (e.key === "Enter" && document.activeElement?.closest("#search-results")) document.activeElement.click();
    else walk(e);
  });
  // Arrow keys walk through search results; Enter in the field opens the first.
  function walk(e) {
    const links = Array.from(document.querySelectorAll("#search-results a"));
    if (!links.length) return;
    const at = links.indexOf(document.activeElement);
    if (e.key === "Enter" && at < 0) links[0].click();
    if (e.key !== "ArrowDown" && e.key !== "ArrowUp") return;
    e.preventDefault();
    links[Math.max(0, Math.min(links.length - 1, at + (e.key === "ArrowDown" ? 1 : -1)))].focus();
  }

  function notice(text) {
    let box = document.querySelector(".notices");
    if (!box) { box = document.createElement("div"); box.className = "notices"; box.setAttribute("role", "status"); document.body.append(box); }
    const line = document.createElement("div");
    line.className = "notice";
    line.textContent = text;
    box.append(line);
    window.setTimeout(() => line.remove(), 6000);
  }
  const through = window.fetch;
  let offline = false;
  window.fetch = async function (...args) {
    const to = String(args[0]?.url || args[0]);
    try {
      const answer = await through.apply(this, args);
      if (to.includes("_dash-update-component")) {
        if (answer.status >= 500) { document.dispatchEvent(new Event("dashapp:offline")); notice(root.dataset.failed || "The server could not answer. Try again."); }
        offline = false;
      }
      return answer;
    } catch (error) {
      if (to.includes("_dash-update-component") && error.name !== "AbortError") {
        document.dispatchEvent(new Event("dashapp:offline"));
        if (!offline) notice(root.dataset.offline || "No connection to the server. What you see is the last answer.");
        offline = true;
      }
      throw error;
    }
  };
  Object.assign(window.dashapp, { notice, show });
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    shell: {
      open_search: (n, open) => (n ? !open : window.dash_clientside.no_update),
      focus: (open) => { if (open) window.setTimeout(() => document.getElementById("search-text")?.focus(), 120); return window.dash_clientside.no_update; },
      notice: (data) => { if (data && data.text) notice(data.text); return window.dash_clientside.no_update; },
    },
  });
})();
