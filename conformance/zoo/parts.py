"""Parts that several broken servers are made of. They are correct."""

from __future__ import annotations

from reference_servers.backend_selectors_queue import SelectorsQueueServer
from reference_servers.listener import Listener
from reference_servers.log import Log
from reference_servers.stop import StopSignals


class QueueServer(SelectorsQueueServer):
    """Reading fills a queue, and writability empties it: over epoll, level-triggered."""

    def __init__(self, listener: Listener, stop: StopSignals, log: Log) -> None:
        super().__init__(listener, stop, log, interface="epoll")
