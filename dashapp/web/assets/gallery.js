// The gallery: a small picture leads to its tile, which may be on a tab that is not open yet.
(function () {
  "use strict";

  const FRAMES = 120;

  function show(key, left) {
    const tile = document.querySelector(`[data-tile="${CSS.escape(key)}"]`);
    if (!tile || !left) return;
    if (!tile.offsetParent) { window.requestAnimationFrame(() => show(key, left - 1)); return; }
    tile.scrollIntoView({ block: "center" });
    tile.querySelector("summary")?.focus({ preventScroll: true });
  }

  document.addEventListener("click", (e) => {
    const card = e.target.closest("[data-jump]");
    if (!card) return;
    window.dash_clientside.set_props("tabs", { active_tab: card.dataset.tab });
    show(card.dataset.jump, FRAMES);
  });
})();
