/* What the servers in C have in common: the listening socket, the answer to a chunk, a connection and what it is owed.
 *
 * A bug that is a word or two in C is a macro here, and a server defines it before it includes this file.
 */
#ifndef ECHO_H
#define ECHO_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#ifndef SEND_FLAGS /* of each send() */
#define SEND_FLAGS MSG_NOSIGNAL
#endif
#ifndef BYTE /* as which a byte of a chunk is looked at */
#define BYTE unsigned char
#endif
#ifndef LENGTH /* of a chunk, behind which stands a NUL */
#define LENGTH(chunk, received) ((size_t)(received))
#endif
#ifndef TAKEN /* by send(), which returned this */
#define TAKEN(returned) ((returned) > 0 ? (returned) : 0)
#endif

enum { CHUNK_BYTES = 1024, REPLY_BYTES = 32 + 10 * CHUNK_BYTES, HIGH_WATER_BYTES = 1 << 16 };

struct output {
    ssize_t sent, owed; /* bytes[sent] to bytes[owed] are still to be sent */
    char bytes[HIGH_WATER_BYTES + REPLY_BYTES];
};

struct connection {
    int fd;
    bool ended; /* the client's stream */
    struct output output;
};

#ifndef OUTPUT /* where what a connection is owed stands */
#define OUTPUT(connection) (&(connection)->output)
#endif

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* Listen as `[HOST] PORT` says, and announce it. */
static int listen_on(int argc, char **argv)
{
    const char *host = argc > 2 ? argv[1] : "127.0.0.1", *port = argc > 1 ? argv[argc - 1] : "8001";
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found;
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        fprintf(stderr, "there is no address %s port %s\n", host, port);
        exit(2);
    }
    int listener = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (listener < 0 || bind(listener, found->ai_addr, found->ai_addrlen) != 0 || listen(listener, 1024) != 0)
        die("cannot listen");
    freeaddrinfo(found);
    printf("Server start at: %s:%s\n", host, port);
    fflush(stdout);
    return listener;
}

/* `Server received ` and the chunk as Python writes it, put behind what is owed already. */
static void answer(struct output *output, const char *chunk, size_t length)
{
    if (output->sent == output->owed || output->owed > HIGH_WATER_BYTES) { /* all is sent, or there is no room */
        memmove(output->bytes, output->bytes + output->sent, output->owed - output->sent);
        output->owed -= output->sent;
        output->sent = 0;
    }
    char quote = memchr(chunk, '\'', length) && !memchr(chunk, '"', length) ? '"' : '\'';
    char *end = output->bytes + output->owed;
    end += sprintf(end, "Server received b%c", quote);
    for (size_t at = 0; at < length; at++) {
        BYTE byte = (BYTE)chunk[at];
        const char *named = byte ? strchr("\tt\nn\rr", byte) : NULL;
        if (byte == '\\' || byte == quote)
            end += sprintf(end, "\\%c", byte);
        else if (named && byte < ' ')
            end += sprintf(end, "\\%c", named[1]);
        else if (byte >= ' ' && byte <= '~')
            *end++ = byte;
        else
            end += sprintf(end, "\\x%02x", byte);
    }
    *end++ = quote;
    output->owed = end - output->bytes;
}

static bool wants_read(struct connection *connection)
{
    return !connection->ended && OUTPUT(connection)->owed - OUTPUT(connection)->sent <= HIGH_WATER_BYTES;
}

static bool wants_write(struct connection *connection)
{
    return OUTPUT(connection)->sent != OUTPUT(connection)->owed;
}

/* Take a chunk and answer it; false when the connection has failed. */
static bool receive_chunk(struct connection *connection)
{
    char chunk[CHUNK_BYTES + 1];
    ssize_t received = recv(connection->fd, chunk, CHUNK_BYTES, 0);
    if (received < 0)
        return errno == EAGAIN;
    chunk[received] = '\0';
    if (received == 0)
        connection->ended = true;
    else
        answer(OUTPUT(connection), chunk, LENGTH(chunk, received));
    return true;
}

/* Send what is owed, as far as that goes; false when the connection has failed. */
static bool send_owed(struct connection *connection)
{
    struct output *output = OUTPUT(connection);
    if (!wants_write(connection))
        return true;
    ssize_t returned = send(connection->fd, output->bytes + output->sent, output->owed - output->sent, SEND_FLAGS);
    if (returned < 0 && errno != EAGAIN)
        return false;
    output->sent += TAKEN(returned);
    return true;
}

/* A connection that was accepted; NULL when there is no memory. */
static struct connection *new_connection(int fd)
{
    struct connection *connection = malloc(sizeof *connection);
    if (connection != NULL) {
        connection->fd = fd;
        connection->ended = false;
        connection->output.sent = connection->output.owed = 0;
    }
    return connection;
}

#endif
