"""What pages look like: layouts only."""

from dashapp.ui.page import Page
from pages import dashboard, embed, gallery, home, imports

PAGES: tuple[Page, ...] = (home.PAGE, dashboard.PAGE, embed.PAGE, gallery.PAGE, imports.PAGE)
