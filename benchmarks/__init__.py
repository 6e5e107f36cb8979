"""How fast: pages of many tiles over many rows, callbacks, opening in a browser, figures, SQL.

`python -m benchmarks` runs all and writes docs/benchmarks.md; names run only those.
"""
