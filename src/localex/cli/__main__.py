"""`python -m localex.cli` is the same as `localex`."""

from localex.cli import main

if __name__ == "__main__":
    main()
