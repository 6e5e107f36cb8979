"""What happens when a person does something: reactions only."""

from callbacks import (
    brush,
    bundles,
    dashboard,
    drawer,
    exports,
    filters,
    gallery,
    home,
    imports,
    shell,
    why,
    zoom,
)
from dashapp.ui.wiring import Wiring

WIRINGS: tuple[Wiring, ...] = (
    shell.wiring, home.wiring, filters.wiring, dashboard.wiring, brush.wiring, drawer.wiring, exports.wiring,
    gallery.wiring, imports.wiring, bundles.wiring, why.wiring, zoom.wiring,
)  # fmt: skip
