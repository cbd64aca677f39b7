"""The load generator: how fast a server answers, how long each answer takes, and what a message costs it.

| file | what stands there |
|---|---|
| `plan` | what is to be done: how many connections, which messages, how fast, how long |
| `messages` | messages and their replies, and what is a legal answer to several of them at once |
| `connection` | one connection: what is owed to it, what it has sent, and the check of every byte |
| `ports` | where connections come from, when one address has no port left |
| `generator` | the readiness loop that moves all of them |
| `pace` | when messages are due: closed loop, or open loop at a rate |
| `processor` | processor time of this process and of the server's |
| `tally` | what is counted while it runs, and the figures that come of it |
| `options`, `command` | `python -m clients load` |
"""
