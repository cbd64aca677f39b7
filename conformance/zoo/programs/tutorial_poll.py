# fmt: off
import socket
import select
from queue import Queue, Empty

HOST = '127.0.0.1'
PORT = 8001

# Added to what the tutorial prints: an optional port, `tutorial_poll.py [PORT]`. What is mended stands at its place.
import sys
if len(sys.argv) > 1:
    PORT = int(sys.argv[1])

server = socket.socket(socket.AF_INET,
                        socket.SOCK_STREAM)

server.setblocking(0)
server.bind((HOST, PORT))
server.listen(5)

message_queues = {}
TIMEOUT = 500 # 超时时间0.5秒
_to_socket = { # 一个文件描述符到套接字的映射
    server.fileno(): server,
}

READ_ONLY = (
    select.POLLIN |
    select.POLLPRI |
    select.POLLHUP |
    select.POLLERR
) # 4种事件的并集
READ_WRITE = READ_ONLY | select.POLLOUT

poller = select.poll()
# 给server套接字注册, 它会关注READ_ONLY列出的4种事件
poller.register(server, READ_ONLY)

print(f'Server start at: {HOST}:{PORT}')

while 1:
    events = poller.poll(TIMEOUT)
    for fd, flag in events: # mended: printed `for , flag in events`
        s = _to_socket[fd] # mended: printed `_to_socket[]`
        if flag & (select.POLLIN | select.POLLPRI): # 输入准备就绪了, 也就是可读了
            if s is server:
                conn, addr = s.accept()
                print(f'Connected by {addr}')
                conn.setblocking(0)
                _to_socket[conn.fileno()] = conn
                poller.register(conn, READ_ONLY) # 新注册的套接字都关注READ_ONLY事件
                message_queues[conn] = Queue()
            else:
                data = s.recv(1024)
                if data:
                    print(f'received "{data}" from {s.getpeername()}')
                    message_queues[s].put(data)
                    poller.modify(s, READ_WRITE) # 从缓冲区获取内容后, 也关注POLLOUT事件了
                else:
                    poller.unregister(s) # 没有可用数据的套接字说明客户端关闭了, 取消注册
                    s.close()
        elif flag & select.POLLHUP: # 套接字关闭了
            poller.unregister(s)
            s.close()
        elif flag & select.POLLOUT: # 能够输出了, 也就是可写了
            try:
                next_msg = message_queues[s].get_nowait()
            except Empty:
                # 修改套接字关注的时间类型, 因为它已经恢复不可写状态了
                poller.modify(s, READ_ONLY)
            else:
                s.send(bytes(f'Server received {next_msg}', 'utf-8'))
        elif flag & select.POLLERR: # 错误的套接字
            poller.unregister(s)
            s.close()
            # Mended: printed one level further out, where it is a KeyError at the first connection.
            del message_queues[s]
