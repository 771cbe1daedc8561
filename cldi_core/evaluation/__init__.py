"""Scores become ranks and tables, kept on disk under a key of all that they depend on.

In: a ``Pair`` (a word list with its image sets) and what ranks its candidates.  Out: the rank of every right answer,
MRR and P@k with intervals, controls beside them.
"""
