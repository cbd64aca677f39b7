/* A level-triggered loop over epoll, correct as far as the macros are left as they are. */
#ifndef EPOLL_H
#define EPOLL_H

#include "echo.h"
#include <sys/epoll.h>

#ifndef INTERRUPTED /* what epoll_wait() failing with EINTR means */
#define INTERRUPTED() ((void)0)
#endif
#ifndef TABLE_SIZE /* connections by the number of their descriptor, and which numbers have a place there */
#define TABLE_SIZE 65536
#define FITS(fd) ((fd) < TABLE_SIZE)
#endif

enum { EVENTS = 256, BATCH = 256, REST_MS = 100 };

static struct {
    struct connection *connections[TABLE_SIZE];
    int listener;
} server;
static int poller;
static bool resting; /* out of descriptors or memory: the queue is left alone for a moment */

static void drop(struct connection *connection)
{
    server.connections[connection->fd] = NULL;
    close(connection->fd);
    free(connection);
}

static void watch(int operation, int fd, unsigned events)
{
    epoll_ctl(poller, operation, fd, &(struct epoll_event){.events = events, .data.fd = fd});
}

static void handle(struct connection *connection, unsigned events)
{
    if ((events & ~EPOLLOUT) && wants_read(connection) && !receive_chunk(connection)) {
        drop(connection);
    } else if (!send_owed(connection) || (connection->ended && !wants_write(connection))) {
        drop(connection);
    } else {
        unsigned wanted = (wants_read(connection) ? EPOLLIN : 0) | (wants_write(connection) ? EPOLLOUT : 0);
        watch(EPOLL_CTL_MOD, connection->fd, wanted);
    }
}

static void accept_batch(void)
{
    for (int count = 0; count < BATCH; count++) {
        int fd = accept4(server.listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0) {
            resting = errno != EAGAIN && errno != ECONNABORTED;
            if (resting)
                watch(EPOLL_CTL_DEL, server.listener, 0);
            return;
        }
        struct connection *connection = FITS(fd) ? new_connection(fd) : NULL;
        if (connection == NULL) {
            close(fd);
            continue;
        }
        server.connections[fd] = connection;
        watch(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
}

static void serve(int listener)
{
    struct epoll_event events[EVENTS];
    server.listener = listener;
    poller = epoll_create1(EPOLL_CLOEXEC);
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);
    for (;;) {
        int count = epoll_wait(poller, events, EVENTS, resting ? REST_MS : -1);
        if (count < 0) {
            if (errno != EINTR)
                die("epoll_wait");
            INTERRUPTED();
        }
        bool newcomers = false;
        for (int at = 0; at < count; at++) {
            if (events[at].data.fd == server.listener)
                newcomers = true;
            else
                handle(server.connections[events[at].data.fd], events[at].events);
        }
        if (resting) {
            resting = false;
            watch(EPOLL_CTL_ADD, server.listener, EPOLLIN);
        }
        if (newcomers)
            accept_batch();
    }
}

#endif
