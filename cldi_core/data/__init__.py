"""Data sets on disk: word lists, pictures, WordNet senses and descriptions, read and written.

In: the user's files (published word lists, folders of pictures).  Out: a ``Dataset``, whose word lists, pictures and
words every later step starts from.  Nothing here knows of features or scores.
"""
