// First script of every page: answers Dash's first two requests from the page itself, keeps the
// guest's token, and says what to do when the server refuses. Wraps fetch once.
(function () {
  "use strict";
  const through = window.fetch.bind(window);
  const element = (id) => document.getElementById(id);
  const boot = JSON.parse(element("boot")?.textContent || "{}");
  const held = { "_dash-layout": "boot-layout", "_dash-dependencies": "boot-dependencies" };
  // The plotly.js of this page: the renderer would set the URL of the whole, which draws maps too.
  if (boot.plotly) Object.defineProperty(window, "_dashPlotlyJSURL", { get: () => boot.plotly, set() {} });
  let token = null;
  let hasEnded = false;

  // What the page brought along: answered once, without a round trip.
  function brought(url) {
    const name = Object.keys(held).find((key) => url.pathname.endsWith("/" + key));
    const store = name && element(held[name]);
    if (!store) return null;
    const text = store.textContent;
    store.remove();
    return new Response(text, { headers: { "Content-Type": "application/json" } });
  }

  window.fetch = async function (resource, options) {
    const url = new URL(resource instanceof Request ? resource.url : String(resource), location.href);
    if (url.origin !== location.origin) return through(resource, options);
    const known = brought(url);
    if (known) return known;
    const sent = Object.assign({}, options);
    if (boot.embedded) {
      sent.headers = new Headers(sent.headers || (resource instanceof Request ? resource.headers : undefined));
      if (token) sent.headers.set("X-Guest-Token", token);
      sent.credentials = "omit";
    }
    const answer = await through(resource, sent);
    if (answer.headers.has("X-Library")) await load(answer.headers.get("X-Library"));
    if (answer.status === 401) ended();
    else if (answer.status >= 400 && answer.status < 500 && url.pathname.endsWith("/_dash-update-component")) refused(answer);
    return answer;
  };

  // What a page did not need so far comes with the first answer that needs it.
  const loaded = {};
  function load(src) {
    if (document.querySelector(`script[src="${src}"]`)) return loaded[src];
    loaded[src] = new Promise((done) => {
      const script = document.createElement("script");
      Object.assign(script, { src, onload: done, onerror: done });
      document.head.append(script);
    });
    return loaded[src];
  }

  // A callback that was refused at the door says why; the card cannot know.
  async function refused(answer) {
    try {
      const said = await answer.clone().json();
      window.dashapp?.notice?.(said.error.message);
    } catch {
      // Not one of our answers: the renderer has logged it.
    }
  }

  function ended() {
    if (hasEnded) return;
    hasEnded = true;
    if (!boot.embedded) {
      location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search));
      return;
    }
    say();
    ask();
  }

  // Signing out changes something on the server, so a link to it becomes a form with the token.
  function csrf() {
    const found = document.cookie.split("; ").find((part) => part.startsWith("_csrf_token="));
    return found ? decodeURIComponent(found.slice("_csrf_token=".length)) : "";
  }
  function addToken(form) {
    if (form.method !== "post" || new URL(form.action, location.href).origin !== location.origin) return;
    if (form.elements.namedItem("csrf_token")) return;
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "csrf_token", value: csrf() });
    form.append(field);
  }
  document.addEventListener("submit", (e) => addToken(e.target), true);
  document.addEventListener("click", (e) => {
    const link = e.target.closest?.('a[href="/logout"]');
    if (!link || e.ctrlKey || e.metaKey || e.shiftKey || e.button) return;
    e.preventDefault();
    e.stopPropagation();
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action: "/logout" });
    document.body.append(form);
    addToken(form);
    form.submit();
  }, true);

  // Embedded: the token came in the URL; from here on it travels in a header only, and the page
  // around us is asked for a new one in time.
  let timer = 0;
  function ask() {
    if (window.parent !== window) window.parent.postMessage({ type: "dashapp:token-needed", path: location.pathname }, "*");
  }
  function plan(left) {
    window.clearTimeout(timer);
    if (left) timer = window.setTimeout(ask, Math.max(1, left * 0.7) * 1000);
  }
  function say() {
    if (element("access-ended") || !element("react-entry-point")) return;
    const box = document.createElement("div");
    box.id = "access-ended";
    box.className = "alert alert-warning position-fixed bottom-0 start-50 translate-middle-x mb-3 shadow z-3";
    box.setAttribute("role", "alert");
    box.textContent = boot.ended || "Access has ended. Please reload the page.";
    document.body.append(box);
  }
  function renew(event) {
    const said = event.data;
    if (event.source !== window.parent || !(boot.origins || []).includes(event.origin)) return;
    if (!said || said.type !== "dashapp:guest-token" || typeof said.token !== "string" || said.token.length > 100000) return;
    token = said.token;
    hasEnded = false;
    element("access-ended")?.remove();
    if (!element("react-entry-point")) { // This is the page that says access ended: open the real one.
      location.replace(location.pathname + "?guest_token=" + encodeURIComponent(token));
      return;
    }
    plan(Number(said.expires_in_s) || boot.left_s);
    document.dispatchEvent(new Event("dashapp:token-renewed"));
  }
  if (boot.embedded) {
    const here = new URL(location.href);
    token = here.searchParams.get("guest_token");
    here.searchParams.delete("guest_token");
    history.replaceState(history.state, "", here);
    window.addEventListener("message", renew);
    if (boot.left_s) plan(boot.left_s);
    else document.addEventListener("DOMContentLoaded", ask);
  }
})();
