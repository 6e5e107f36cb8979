"""How fast: callbacks per chart kind, opening a dashboard in a browser, compiling queries.

`python -m benchmarks` runs all three and writes docs/benchmarks.md; names run only those.
"""
