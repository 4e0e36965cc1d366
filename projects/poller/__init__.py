"""The only part of veoweb that talks to Google (promise P6), and the only importer of its back ends.

`leases` claims rows, `submit`, `follow` and `fetch` each take one step of one operation, `loop` turns.
"""
