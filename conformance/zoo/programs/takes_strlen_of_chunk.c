#define LENGTH(chunk, received) strlen(chunk) /* where `received` is known */
#include "epoll.h"

int main(int argc, char **argv)
{
    serve(listen_on(argc, argv));
}
