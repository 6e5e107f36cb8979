// A figure or table that a tile shows already is redrawn in place. An answer brings a tile's whole
// body, for which Dash would take down what is there and build it again: twice the work, or more.
(function () {
  "use strict";
  const through = window.fetch;
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  // What may change of a component that stays, by type.
  const CHANGING = { Graph: ["figure"], AgGrid: ["rowData", "columnDefs", "dashGridOptions"] };
  // What an open table takes of its options: totals, and what its cells stand for.
  const OPTIONS = ["pinnedBottomRowData", "context"];

  window.fetch = async function (resource, options) {
    const answer = await through.call(this, resource, options);
    if (String(resource?.url || resource).includes("/_dash-update-component")) {
      const json = answer.json.bind(answer);
      answer.json = async () => inPlace(await json());
    }
    return answer;
  };

  function inPlace(answer) {
    const parts = answer && answer.response;
    for (const [id, part] of Object.entries(parts || {})) {
      if (!id.includes('"part":"body"') || !part.children) continue;
      const changed = numberOf(part.children, id) || drawnOf(part.children, id);
      if (!changed) continue;
      delete part.children;
      Object.assign(parts, changed);
    }
    return answer;
  }

  // What changes of the figure or table that stays, by id; null where it cannot stay.
  function drawnOf(body, id) {
    const fresh = figureOf(body);
    const changed = fresh && isThere(fresh.props.id, id) && changes(layoutOf(fresh.props.id), fresh);
    if (!changed) return null;
    say(fresh.props.id, fresh.label, '[role="img"]');
    return Object.keys(changed).length ? { [nameOf(fresh.props.id)]: changed } : {};
  }
  // A large number whose trend stays: its texts, and the trend's figure.
  function numberOf(body, id) {
    if (body.type !== "Div" || body.props.className !== "number has-trend") return null;
    const [head, below] = body.props.children, trend = below.props.children;
    if (!isThere(head.props.id, id) || !isThere(trend.props.id, id)) return null;
    const changed = changes(layoutOf(trend.props.id), trend);
    if (!changed) return null;
    say(head.props.id, body.props["aria-label"], ".number");
    return { [nameOf(head.props.id)]: { children: head.props.children }, [nameOf(trend.props.id)]: changed };
  }

  // The figure or table that a tile's body consists of.
  function figureOf(body) {
    if (body.type === "AgGrid") return body;
    const inner = body.type === "Div" && body.props.role === "img" ? body.props.children : null;
    return inner && inner.type === "Graph" && inner.props.id ? { ...inner, label: body.props["aria-label"] } : null;
  }
  const nameOf = (id) => window.dash_component_api.stringifyId(id);
  const layoutOf = (id) => window.dash_component_api.getLayout(id);
  // Only what stands in the body as it would stand there again: alone.
  // (Dash has no layout of what is not on the page.)
  function isThere(id, body) {
    const el = document.getElementById(nameOf(id)), own = el && el.closest(".tile-body");
    return !!own && own.id === body && !own.querySelector(":scope > .with-age, :scope .searched");
  }
  function say(id, label, around) {
    const el = document.getElementById(nameOf(id));
    if (label) el.closest(around)?.setAttribute("aria-label", label);
  }

  // The properties that differ; null where the component cannot take them while it stays.
  function changes(shown, fresh) {
    if (shown.type !== fresh.type || fresh.props.rowModelType === "infinite") return null;
    const may = CHANGING[fresh.type];
    const differs = (name) => name === "figure" || !same(fresh.props[name], shown.props[name]);
    const names = Object.keys(fresh.props).filter(differs);
    if (names.some((name) => !may.includes(name))) return null;
    if (names.includes("dashGridOptions") && !takes(shown.props.dashGridOptions, fresh.props.dashGridOptions)) return null;
    return Object.fromEntries(names.map((name) => [name, fresh.props[name]]));
  }
  function takes(had, has) {
    return Object.keys({ ...had, ...has }).every((name) => OPTIONS.includes(name) || same(had[name], has[name]));
  }
})();
