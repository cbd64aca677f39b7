"""Entry point of `python -m reference_servers`."""

import sys

from reference_servers.stop import StopSignals

if __name__ == "__main__":
    stop = StopSignals()  # before the imports that take time: a signal that comes early finds its handler

    from reference_servers.command import main

    sys.exit(main(stop))
