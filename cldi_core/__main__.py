"""``python -m cldi_core``."""

from cldi_core.cli import main

if __name__ == "__main__":
    main()
