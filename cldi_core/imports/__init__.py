"""Other people's files become a data set: word lists, folders, archives, packages, features.

In: a file or folder as people have it.  Out: what a ``Dataset`` reads, and a report of what was read, left out and
changed.  Every source of pictures is an iterator that ``pictures.import_pictures`` stores.
"""
