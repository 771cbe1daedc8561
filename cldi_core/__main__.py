"""``python -m cldi_core``."""

from cldi_core.commands.main import main

if __name__ == "__main__":
    main()
