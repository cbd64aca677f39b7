"""kqueue and /dev/poll where the kernel has neither, so that the servers written for them run there as they are.

| room | what stands there |
|---|---|
| `select` | what servers import: the platform's `select`, and what it lacks |
| `selectors` | the platform's `selectors`, over that |
| `kqueue`, `filters`, `kevent`, `measure` | kqueue over epoll, from kqueue(2) |
| `devpoll` | /dev/poll over poll, from poll(7D) |

A stand-in proves a server's logic, not its platform. It is written from the manuals; where these leave a thing open, or
Linux cannot tell it, the file says what was chosen. A platform that has the real thing never gets the stand-in.
"""
