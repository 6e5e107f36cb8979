"""Maps: countries, regions, and layers of points, lines and areas over outlines of the world."""
