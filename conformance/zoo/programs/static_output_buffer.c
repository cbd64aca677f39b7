extern struct output shared;
#define OUTPUT(connection) ((void)(connection), &shared) /* where each has its own */
#include "epoll.h"

struct output shared;

int main(int argc, char **argv)
{
    serve(listen_on(argc, argv));
}
