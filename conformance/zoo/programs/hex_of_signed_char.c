#define BYTE signed char /* what a plain char is on most machines; printf's %x is given an int, and so its sign */
#include "epoll.h"

int main(int argc, char **argv)
{
    serve(listen_on(argc, argv));
}
