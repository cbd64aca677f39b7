/* The echo server on Linux epoll, level-triggered.
 *
 *     gcc -O2 -Wall -Wextra -o /tmp/epoll examples/epoll.c
 *     /tmp/epoll [[HOST] PORT]          (port 0 lets the kernel choose)
 *
 * What level-triggered means here:
 *
 * 1. A descriptor that is still ready is reported again. So a wakeup does one accept, or one send and one recv, and
 *    returns: nobody is forgotten, and nobody is starved by a client that never runs dry.
 * 2. A descriptor nobody serves is reported for ever. So interest follows what can be done: EPOLLIN only below the
 *    high-water mark and before the end of the stream, EPOLLOUT only while output is owed, the listener not at all
 *    while there is no descriptor to accept with.
 * 3. EPOLLERR and EPOLLHUP come unasked. Nothing handles them: the send or recv that follows fails and says why.
 * 4. A descriptor appears once in a batch and only its own event frees its connection, so no pointer goes stale.
 */

#define _GNU_SOURCE /* accept4 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    BACKLOG = 128,
    BATCH = 64,
    CHUNK_BYTES = 1024,
    HIGH_WATER_BYTES = 16 * 1024,
    ACCEPT_RETRY_MS = 100,
    ESCAPED_BYTES = 4, /* a byte is at most \xNN */
};

static const char PREFIX[] = "Server received ";
enum { REPLY_BYTES = sizeof PREFIX - 1 + sizeof "b''" - 1 + ESCAPED_BYTES * CHUNK_BYTES };

struct connection {
    int fd;
    uint32_t interest;
    bool ended;  /* the client has half-closed */
    size_t owed; /* bytes of output not yet taken by the kernel */
    char output[HIGH_WATER_BYTES + REPLY_BYTES];
};

static int epoll;
static int listener;
static int64_t accept_again_ms; /* 0 while accepting */

static void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Write what Python's repr gives for one byte of a bytes literal; return where the next one goes. */
static char *escape(char *to, unsigned char byte, char quote)
{
    static const char hex[] = "0123456789abcdef";
    if (byte >= 0x20 && byte <= 0x7e && byte != '\\' && byte != quote) {
        *to++ = (char)byte;
        return to;
    }
    *to++ = '\\';
    switch (byte) {
    case '\t': *to++ = 't'; break;
    case '\n': *to++ = 'n'; break;
    case '\r': *to++ = 'r'; break;
    case '\\':
    case '\'':
    case '"': *to++ = (char)byte; break;
    default:
        *to++ = 'x';
        *to++ = hex[byte >> 4];
        *to++ = hex[byte & 0xf];
    }
    return to;
}

/* Write the reply to one chunk; return its length, at most REPLY_BYTES. */
static size_t reply(char *to, const unsigned char *chunk, size_t length)
{
    bool double_quoted = memchr(chunk, '\'', length) && !memchr(chunk, '"', length);
    char quote = double_quoted ? '"' : '\'';
    char *end = to + sizeof PREFIX - 1;
    memcpy(to, PREFIX, sizeof PREFIX - 1);
    *end++ = 'b';
    *end++ = quote;
    for (size_t i = 0; i < length; i++)
        end = escape(end, chunk[i], quote);
    *end++ = quote;
    return (size_t)(end - to);
}

static bool wants_input(const struct connection *c)
{
    return !c->ended && c->owed <= HIGH_WATER_BYTES;
}

static bool would_block(void)
{
    return errno == EAGAIN || errno == EINTR;
}

/* Take one chunk and owe its reply; false when the connection is in error. */
static bool receive(struct connection *c)
{
    unsigned char chunk[CHUNK_BYTES];
    ssize_t length = recv(c->fd, chunk, sizeof chunk, 0);
    if (length < 0)
        return would_block();
    if (length == 0)
        c->ended = true;
    else
        c->owed += reply(c->output + c->owed, chunk, (size_t)length);
    return true;
}

/* Send what the kernel takes, keep the rest; false when the connection is in error. */
static bool flush(struct connection *c)
{
    if (c->owed == 0)
        return true;
    ssize_t sent = send(c->fd, c->output, c->owed, 0);
    if (sent < 0)
        return would_block();
    c->owed -= (size_t)sent;
    memmove(c->output, c->output + sent, c->owed);
    return true;
}

/* Ask for exactly the readiness that something can be done with; false when epoll refuses. */
static bool watch(struct connection *c, int operation)
{
    uint32_t interest = (wants_input(c) ? EPOLLIN : 0u) | (c->owed ? EPOLLOUT : 0u);
    if (operation == EPOLL_CTL_MOD && interest == c->interest)
        return true;
    struct epoll_event event = {.events = interest, .data.ptr = c};
    c->interest = interest;
    return epoll_ctl(epoll, operation, c->fd, &event) == 0;
}

/* Serve one wakeup; false when the connection is over: finished, or in error. */
static bool serve(struct connection *c)
{
    if (!flush(c))
        return false;
    if (wants_input(c) && !(receive(c) && flush(c)))
        return false;
    if (c->ended && c->owed == 0)
        return false;
    return watch(c, EPOLL_CTL_MOD);
}

static void discard(struct connection *c)
{
    close(c->fd); /* the last descriptor of the socket, so this takes it out of the epoll set too */
    free(c);
}

static void set_accepting(bool accepting)
{
    struct epoll_event event = {.events = accepting ? EPOLLIN : 0u, .data.ptr = NULL};
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, listener, &event) < 0)
        fail("epoll_ctl");
    accept_again_ms = accepting ? 0 : now_ms() + ACCEPT_RETRY_MS;
}

static bool out_of_resources(void)
{
    return errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
}

/* Accept one client. One that is gone already, or cannot be afforded, is no concern of the others. */
static void accept_connection(void)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (out_of_resources())
            set_accepting(false); /* those who wait stay in the backlog */
        return;
    }
    struct connection *c = malloc(sizeof *c);
    if (c == NULL) {
        close(fd);
        return;
    }
    c->fd = fd;
    c->ended = false;
    c->owed = 0;
    if (!watch(c, EPOLL_CTL_ADD))
        discard(c);
}

static void open_listener(const char *host, const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    socklen_t length = sizeof address;
    int on = 1;
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) {
        fprintf(stderr, "not an IPv4 address: %s\n", host);
        exit(EXIT_FAILURE);
    }
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0)
        fail("socket");
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    /* What it accepts has this too: the end of an answer in several sends does not wait for an acknowledgement. */
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0)
        fail("bind");
    if (listen(listener, BACKLOG) < 0)
        fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("Server start at: %s:%d\n", host, ntohs(address.sin_port));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* a second send to a client that has gone: EPIPE is enough */
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        fail("epoll_create1");
    open_listener(argc > 2 ? argv[argc - 2] : "127.0.0.1", argc > 1 ? argv[argc - 1] : "8001");
    struct epoll_event listening = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &listening) < 0)
        fail("epoll_ctl");

    for (;;) {
        struct epoll_event events[BATCH];
        int ready = epoll_wait(epoll, events, BATCH, accept_again_ms ? ACCEPT_RETRY_MS : -1);
        if (ready < 0 && errno != EINTR) /* EINTR: stopped and continued */
            fail("epoll_wait");
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if (c == NULL)
                accept_connection();
            else if (!serve(c))
                discard(c);
        }
        if (accept_again_ms && now_ms() >= accept_again_ms)
            set_accepting(true);
    }
}
