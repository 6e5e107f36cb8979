"""Bare pages: plotly.js, figures in the page, one script. What a dashboard costs at the least.

Served by the same program as dashboards, packed as well as theirs. The figures of a choice are
fetched in one request.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from plotly.io.json import to_json_plotly

from benchmarks.stage import free_port, wait_for
from dashapp import programs
from dashapp.web import packed, site, statics

FOLDER: Final = "BARE_PAGES"
SCRIPT: Final = "plotly.js"
PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<link rel="icon" href="data:,"><style>
body {{ font: 14px sans-serif; margin: 16px }}
main {{ display: grid; grid-template-columns: repeat(3, 1fr); gap: 16px }}
section {{ height: {height}px; display: flex; flex-direction: column; overflow: auto }}
section > div {{ flex: 1; min-height: 0 }}
</style><h1>{title}</h1><main>{tiles}</main>
<script src="{script}"></script>
<script type="application/json" id="figures">{figures}</script>
<script>
const parts = [...document.querySelectorAll("section")];
function draw(tiles) {{
  return Promise.all(tiles.map((tile, at) => {{
    const [text, plot] = parts[at].children;
    if (tile.text) text.textContent = tile.text;
    if (tile.rows) plot.innerHTML = "<table>" + tile.rows.map((row) =>
      "<tr>" + row.map((v) => `<td>${{v}}</td>`).join("") + "</tr>").join("") + "</table>";
    return tile.data && Plotly.react(plot, tile.data, tile.layout, {{ responsive: true, displayModeBar: false }});
  }}));
}}
draw(JSON.parse(document.getElementById("figures").textContent));
async function choose(name) {{ draw(await (await fetch(location.pathname + "-" + name + ".json")).json()); }}
</script></html>"""
Respond = Callable[[str, list[tuple[str, str]]], object]


def page(title: str, tiles: Sequence[Mapping[str, Any]], height_px: int) -> bytes:
    """The page that draws these tiles."""
    places = "<section><h3></h3><div></div></section>" * len(tiles)
    figures = to_json_plotly(tiles).replace("<", "\\u003c")
    text = PAGE.format(title=title, height=height_px, tiles=places, script=SCRIPT, figures=figures)
    return text.encode()


def keep(folder: Path, name: str, content: bytes) -> None:
    """Put a file among what is served, packed."""
    encoding: packed.Encoding = "br" if name == SCRIPT else "zstd"
    level = packed.SMALLEST.get(encoding)
    (folder / name).write_bytes(packed.pack(content, encoding, level))


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The bare pages of a folder on a port of their own: their address."""
    keep(folder, SCRIPT, (statics.FOLDER / site.CARTESIAN).read_bytes())
    port = free_port()
    command = [
        sys.executable, "-m", "granian", "benchmarks.bare:serve", "--interface", "wsgi", "--no-ws",
        "--host", "127.0.0.1", "--port", str(port), "--workers", "2", "--blocking-threads", "4",
        "--log-level", "warning",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, env=os.environ | {FOLDER: str(folder)}, cwd=programs.ROOT,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{base}/{SCRIPT}")
        yield base
    finally:
        process.terminate()
        process.wait()


def serve(environ: Mapping[str, Any], respond: Respond) -> Iterable[bytes]:
    """Answer a request: files as they lie packed in the folder."""
    path = Path(os.environ[FOLDER]) / Path(environ["PATH_INFO"]).name
    if not path.is_file():
        respond("404 Not Found", [("Content-Length", "0")])
        return [b""]
    kinds = {".js": "text/javascript", ".json": "application/json"}
    is_script = path.name == SCRIPT
    content = path.read_bytes()
    respond("200 OK", [
        ("Content-Type", kinds.get(path.suffix, "text/html; charset=utf-8")),
        ("Content-Encoding", "br" if is_script else "zstd"),
        ("Content-Length", str(len(content))),
        ("Cache-Control", statics.FOREVER if is_script else "no-store"),
    ])  # fmt: skip
    return [content]
