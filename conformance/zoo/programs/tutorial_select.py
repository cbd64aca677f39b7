# fmt: off
import socket
import select
from queue import Queue, Empty

HOST = '127.0.0.1'
PORT = 8001

# The only change to what the tutorial prints, its lost indentation apart:
# an optional port, `tutorial_select.py [PORT]`.
import sys
if len(sys.argv) > 1:
    PORT = int(sys.argv[1])

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.setblocking(0) # 设置为非阻塞
server.bind((HOST, PORT)) # 绑定套接字到本地IP与端口
server.listen(5) # 监听连接
inputs = [server]
outputs = []
message_queues = {}
print(f'Server start at: {HOST}:{PORT}')

while inputs:
    readable, writable, exceptional = select.select(inputs, outputs, inputs)
    for s in readable:
        if s is server:
            conn, addr = s.accept() # 接受客户端连接
            print(f'Connected by {addr}')
            conn.setblocking(0) # 设置连接为非阻塞
            inputs.append(conn)
            message_queues[conn] = Queue()
        else:
            data = s.recv(1024) # 接收1024字节的内容
            if data:
                print(f'received "{data}" from {s.getpeername()}')
                message_queues[s].put(data)
                if s not in outputs:
                    outputs.append(s)
            else:
                if s in outputs:
                    outputs.remove(s)
                inputs.remove(s)
                del message_queues[s]
                s.close()

    for s in writable:
        try:
            next_msg = message_queues[s].get_nowait()
        except Empty:
            outputs.remove(s)
        else:
            s.send(bytes(f'Server received {next_msg}', 'utf-8'))
    for s in exceptional:
        inputs.remove(s)
        if s in outputs:
            outputs.remove(s)
        s.close()
        del message_queues[s]
