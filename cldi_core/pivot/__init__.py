"""Image pivoting (Gella et al. 2017): one space for pictures and their descriptions in two languages.

The descriptions need not be translations of each other: the picture is the pivot.  ``similarity`` and ``losses`` hold
the formulas, ``text`` and ``encoders`` the way into the space, ``multi30k`` a published set of descriptions.
"""
