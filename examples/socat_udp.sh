#!/bin/sh
# An echo server of two socats, over TCP and over UDP, for the profile echo.
#
# Nothing to build; socat 1.7 or later:
#
#     sh examples/socat_udp.sh PORT UDP_PORT
#
# A process for each datagram takes it, echoes it through a pipe, and ends. When one side has ended socat waits for the
# rest of the other: by default half a second, which a client that reads late outlasts.
socat -t 60 "UDP4-RECVFROM:$2,bind=127.0.0.1,fork" PIPE &
exec socat -t 60 "TCP4-LISTEN:$1,bind=127.0.0.1,fork,reuseaddr,backlog=128" EXEC:cat
