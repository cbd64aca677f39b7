# fmt: off
import socket
import selectors
from queue import Queue, Empty

HOST = '127.0.0.1'
PORT = 8001

# The only change to what the tutorial prints: an optional port, `tutorial_selectors_queue.py [PORT]`.
import sys
if len(sys.argv) > 1:
    PORT = int(sys.argv[1])

sock = socket.socket(socket.AF_INET,
                      socket.SOCK_STREAM)
sock.setblocking(0)
sock.bind((HOST, PORT))
sock.listen(5)

sel = selectors.DefaultSelector()
message_queues = {}

print(f'Server start at: {HOST}:{PORT}')

sel.register(
    sock,
    selectors.EVENT_READ | selectors.EVENT_WRITE,
)

while 1:
    for key, mask in sel.select(timeout=0.5):
        conn = key.fileobj
        if conn is sock:
            conn, addr = sock.accept()
            print(f'Connected by {addr}')
            conn.setblocking(0)
            message_queues[conn] = Queue()
            sel.register(
                conn, selectors.EVENT_READ | selectors.EVENT_WRITE)
        elif mask & selectors.EVENT_READ:
            data = conn.recv(1024)
            if data:
                print(f'received "{data}" from {conn.getpeername()}')
                message_queues[conn].put(data)
        elif mask & selectors.EVENT_WRITE:
            try:
                next_msg = message_queues[conn].get_nowait()
            except Empty:
                pass
            else:
                conn.send(bytes(f'Server received {next_msg}', 'utf-8'))
                sel.modify(sock, selectors.EVENT_READ) # 从可写切换到可读状态
