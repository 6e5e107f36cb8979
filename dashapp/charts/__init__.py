"""Chart kinds."""
