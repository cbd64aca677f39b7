# fmt: off
import socket
import select
from queue import Queue, Empty

HOST = '127.0.0.1'
PORT = 8001

# Added to what the tutorial prints: an optional port, `tutorial_epoll.py [PORT]`. What is mended stands at its place.
import sys
if len(sys.argv) > 1:
    PORT = int(sys.argv[1])

server = socket.socket(socket.AF_INET,
                       socket.SOCK_STREAM)

server.setblocking(0)
server.bind((HOST, PORT))
server.listen(5)

message_queues = {}
TIMEOUT = 500
# Mended: the names `fd` and `s` are lost in print, and with them this map of the poll server, three lines in all.
_to_socket = {
    server.fileno(): server,
}

epoller = select.epoll()
# epoller = select.kqueue()
epoller.register(server, select.EPOLLIN)

print(f'Server start at: {HOST}:{PORT}')

while 1:
    events = epoller.poll(TIMEOUT)
    for fd, flag in events: # mended: printed `for , flag in events`
        s = _to_socket[fd] # mended: see above
        if fd == server.fileno(): # mended: printed `if == server.fileno()`
            conn, addr = s.accept()
            print(f'Connected by {addr}')
            conn.setblocking(0)
            epoller.register(conn, select.EPOLLIN)
            _to_socket[conn.fileno()] = conn # mended: see above
            message_queues[conn] = Queue()
        # Mended: printed `if`, with which it receives from the listener and ends at the first connection.
        elif flag & (select.POLLIN | select.POLLPRI):
            data = s.recv(1024)
            if data:
                print(f'received "{data}" from {s.getpeername()}')
                message_queues[s].put(data)
                epoller.modify(s, select.EPOLLOUT)
            else:
                epoller.unregister(s)
                s.close()
        elif flag & select.POLLHUP:
            epoller.unregister(s)
            s.close()
        elif flag & select.POLLOUT:
            try:
                next_msg = message_queues[s].get_nowait()
            except Empty:
                epoller.modify(s, select.EPOLLIN)
            else:
                s.send(bytes(f'Server received {next_msg}', 'utf-8'))
        elif flag & select.POLLERR:
            poller.unregister(s)
            s.close()
            del message_queues[s]
