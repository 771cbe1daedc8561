"""The demo data set: emoji artwork by six vendors, keywords by Unicode CLDR.

This package is only needed to rebuild ``data/demo`` (``make demo-data``); the explorer itself never imports it.
"""
