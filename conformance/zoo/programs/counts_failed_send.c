#define TAKEN(returned) (returned) /* where -1 means that nothing was taken */
#include "epoll.h"

int main(int argc, char **argv)
{
    serve(listen_on(argc, argv));
}
