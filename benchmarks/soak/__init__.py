"""``make soak``: what the explorer survives, tried and counted: kills, full disks, other writers, hostile files, load.

What comes in: made-up data of some kilobytes, and a seed.  What goes out: ``Trial`` records, of which ``make tables``
makes RELIABILITY.md.  Each module of a kind has one function, listed in ``__main__.KINDS``: it makes what it needs in a
folder that it is given, tries, and tells what was lost.  ``tests/soak`` runs each once, with few tries.
"""
