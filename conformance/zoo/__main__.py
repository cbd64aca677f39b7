"""`python -m conformance.zoo NAME --port PORT`: run a broken server, or list them."""

from __future__ import annotations

import sys

from reference_servers.stop import StopSignals

if __name__ == "__main__":
    stop = StopSignals()  # before the imports that take time: a signal that comes early finds its handler

    from conformance.zoo.command import main

    sys.exit(main(stop))
