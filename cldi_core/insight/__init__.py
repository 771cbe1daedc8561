"""Why: explanations of single words, overviews of a pair, maps, and what is wrong with a data set.

In: a ``Pair`` with its scores and ranks.  Out: facts for the pages and the command line to show.
"""
