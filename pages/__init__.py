"""The pages, a file each; what they share is in ``_ui``."""
