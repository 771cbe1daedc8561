"""Image search: the first pictures that a provider returns for each word become a data set.

In: words and a provider.  Out: pictures with their order, origin and licence, through ``imports.pictures``.
"""
