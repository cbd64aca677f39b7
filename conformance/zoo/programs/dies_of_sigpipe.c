#define SEND_FLAGS 0 /* where MSG_NOSIGNAL belongs */
#include "epoll.h"

int main(int argc, char **argv)
{
    serve(listen_on(argc, argv));
}
