"""``python -m zoograph`` is ``zoograph``."""

from zoograph.scripts.main import main

if __name__ == "__main__":
    main()
