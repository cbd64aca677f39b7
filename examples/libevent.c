/* The echo server on libevent: an evconnlistener and one bufferevent a client.
 *
 *     gcc -O2 -Wall -Wextra -o /tmp/libevent examples/libevent.c -levent
 *     /tmp/libevent [[HOST] PORT]          (port 0 lets the kernel choose)
 *
 * Facts about libevent that matter here:
 *
 * 1. A bufferevent takes whatever is written to it. Backpressure is ours: reading is disabled above a high-water mark,
 *    and enabled again by the write callback, which comes when the output is down to its low-water mark (0: empty).
 * 2. EOF is an event, and stops reading. The output is flushed on; the connection is freed when nothing is owed.
 * 3. Input that is read and not drained stays in the bufferevent, and no read callback comes for it. So all of it is
 *    answered at once; the bufferevent's own limits bound it to 16 KiB.
 * 4. The listener reports an accept() that failed, and would be called again at once: it is disabled for a moment.
 */

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { BACKLOG = 128, CHUNK_BYTES = 1024, HIGH_WATER_BYTES = 16 * 1024, ACCEPT_RETRY_US = 100 * 1000 };

static const char PREFIX[] = "Server received ";

static struct event_base *base;
static struct event *accept_again;

static void fail(const char *what)
{
    fprintf(stderr, "cannot %s\n", what);
    exit(EXIT_FAILURE);
}

/* Add what Python's repr gives for one byte of a bytes literal that stands between `quote`. */
static void add_escaped(struct evbuffer *to, unsigned char byte, char quote)
{
    switch (byte) {
    case '\t': evbuffer_add(to, "\\t", 2); return;
    case '\n': evbuffer_add(to, "\\n", 2); return;
    case '\r': evbuffer_add(to, "\\r", 2); return;
    default: break;
    }
    if (byte == '\\' || byte == quote)
        evbuffer_add_printf(to, "\\%c", byte);
    else if (byte < 0x20 || byte > 0x7e)
        evbuffer_add_printf(to, "\\x%02x", byte);
    else
        evbuffer_add(to, &byte, 1);
}

static void add_reply(struct evbuffer *to, const unsigned char *chunk, size_t length)
{
    bool double_quoted = memchr(chunk, '\'', length) && !memchr(chunk, '"', length);
    char quote = double_quoted ? '"' : '\'';
    evbuffer_add_printf(to, "%sb%c", PREFIX, quote);
    for (size_t i = 0; i < length; i++)
        add_escaped(to, chunk[i], quote);
    evbuffer_add(to, &quote, 1);
}

static void on_input(struct bufferevent *connection, void *unused)
{
    struct evbuffer *output = bufferevent_get_output(connection);
    unsigned char chunk[CHUNK_BYTES];
    size_t length;
    (void)unused;
    while ((length = bufferevent_read(connection, chunk, sizeof chunk)) > 0)
        add_reply(output, chunk, length);
    if (evbuffer_get_length(output) > HIGH_WATER_BYTES)
        bufferevent_disable(connection, EV_READ);
}

static void on_sent(struct bufferevent *connection, void *unused)
{
    (void)unused;
    bufferevent_enable(connection, EV_READ);
}

static void on_last_sent(struct bufferevent *connection, void *unused)
{
    (void)unused;
    bufferevent_free(connection);
}

/* The end of the stream, or an error: which also comes while the last replies are sent. */
static void on_event(struct bufferevent *connection, short what, void *unused)
{
    (void)unused;
    bool owed = evbuffer_get_length(bufferevent_get_output(connection)) > 0;
    if ((what & BEV_EVENT_EOF) && owed)
        bufferevent_setcb(connection, NULL, on_last_sent, on_event, NULL);
    else
        bufferevent_free(connection);
}

static void on_accepted(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from, int length,
                        void *unused)
{
    (void)listener, (void)from, (void)length, (void)unused;
    struct bufferevent *connection = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (connection == NULL) {
        evutil_closesocket(fd);
        return;
    }
    bufferevent_setcb(connection, on_input, on_sent, on_event, NULL);
    bufferevent_enable(connection, EV_READ | EV_WRITE);
}

/* Those who wait stay in the backlog. */
static void on_accept_failed(struct evconnlistener *listener, void *unused)
{
    const struct timeval pause = {.tv_usec = ACCEPT_RETRY_US};
    (void)unused;
    evconnlistener_disable(listener);
    event_add(accept_again, &pause);
}

static void on_accept_again(evutil_socket_t fd, short what, void *listener)
{
    (void)fd, (void)what;
    evconnlistener_enable(listener);
}

static void announce(struct evconnlistener *listener, const char *host)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&address, &length);
    printf("Server start at: %s:%d\n", host, ntohs(address.sin_port));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *host = argc > 2 ? argv[argc - 2] : "127.0.0.1";
    const char *port = argc > 1 ? argv[argc - 1] : "8001";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    const unsigned flags = LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_EXEC;

    signal(SIGPIPE, SIG_IGN); /* a second send to a client that has gone: EPIPE is enough */
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        fail("use this address: it is not an IPv4 one");
    base = event_base_new();
    if (base == NULL)
        fail("make an event base");
    struct evconnlistener *listener = evconnlistener_new_bind(base, on_accepted, NULL, flags, BACKLOG,
                                                              (struct sockaddr *)&address, sizeof address);
    if (listener == NULL)
        fail("listen");
    accept_again = evtimer_new(base, on_accept_again, listener);
    evconnlistener_set_error_cb(listener, on_accept_failed);
    announce(listener, host);
    event_base_dispatch(base);
}
