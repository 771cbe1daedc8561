"""Pictures become numbers: decoded, sent through a backbone, and kept as rows of features.

In: the pictures of a ``Dataset``.  Out: one row of features for each picture, in shards on disk, and ``ImageSets`` over
them.  Extraction runs here, in the background or on a cluster, and goes on where it was interrupted.
"""
