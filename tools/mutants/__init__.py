"""Mutation testing: bugs are put into a module one at a time, and the tests are asked to notice.

What goes in is a module of this checkout; what comes out is the bugs that no test noticed.  `operators` says which bugs
there are, `__main__` runs the tests: ``make mutants MODULE=cldi_core/scoring/knn.py``.
"""
