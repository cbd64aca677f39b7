/* glibc sees to it that FD_SET beyond FD_SETSIZE, undefined by POSIX, ends the process. Many systems build so anyway. */
#undef _FORTIFY_SOURCE
#define _FORTIFY_SOURCE 2
#include "echo.h"
#include <sys/select.h>

static struct connection *connections[65536];
static bool resting; /* out of descriptors or memory: the queue is left alone for a moment */

static int fill(fd_set *input, fd_set *output, int listener)
{
    int highest = listener;
    FD_ZERO(input);
    FD_ZERO(output);
    if (!resting)
        FD_SET(listener, input);
    for (int fd = 0; fd < 65536; fd++) {
        if (connections[fd] == NULL)
            continue;
        if (wants_read(connections[fd]))
            FD_SET(fd, input); /* where fd has to be below FD_SETSIZE */
        if (wants_write(connections[fd]))
            FD_SET(fd, output);
        highest = fd > highest ? fd : highest;
    }
    return highest;
}

static void handle(int fd, bool readable, bool writable)
{
    struct connection *connection = connections[fd];
    bool well = (!readable || receive_chunk(connection)) && (!(readable || writable) || send_owed(connection));
    if (well && (!connection->ended || wants_write(connection)))
        return;
    connections[fd] = NULL;
    close(fd);
    free(connection);
}

int main(int argc, char **argv)
{
    int listener = listen_on(argc, argv);
    for (;;) {
        fd_set input, output;
        int highest = fill(&input, &output, listener);
        struct timeval rest = {.tv_usec = 100000};
        if (select(highest + 1, &input, &output, NULL, resting ? &rest : NULL) < 0 && errno != EINTR)
            die("select");
        for (int fd = 0; fd <= highest; fd++)
            if (connections[fd] != NULL)
                handle(fd, FD_ISSET(fd, &input), FD_ISSET(fd, &output));
        resting = false;
        if (FD_ISSET(listener, &input)) {
            int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
            resting = fd < 0 && errno != EAGAIN && errno != ECONNABORTED;
            if (fd >= 0 && (connections[fd] = new_connection(fd)) == NULL)
                close(fd);
        }
    }
}
