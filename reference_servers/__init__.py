"""Correct servers, one file a backend, over one connection that knows no socket.

| room | what stands there |
|---|---|
| `connection` | the protocol: bytes in, bytes owed out; no socket, no clock |
| `listener`, `stop`, `log` | the listening socket; SIGTERM and SIGINT; lines that never block the loop |
| `server` | what is the same in every loop: accept, read, answer, settle, drop |
| `polling`, `selector`, `edge`, `limits` | what several kernel interfaces have in common |
| `datagrams`, `multi_service` | a UDP socket, and a second listener, in the loop of any backend |
| `backend_*` | one kernel interface each, and nothing else |
| `stand_ins` | kqueue and /dev/poll for a platform that has neither |
| `registry`, `command` | names, availability, and `python -m reference_servers` |
"""
