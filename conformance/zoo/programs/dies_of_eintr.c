#define INTERRUPTED() die("epoll_wait") /* where it has to wait again */
#include "epoll.h"

int main(int argc, char **argv)
{
    serve(listen_on(argc, argv));
}
