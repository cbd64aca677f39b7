#define TABLE_SIZE 64
#define FITS(fd) true /* where it has to be below TABLE_SIZE; behind the table stands the number of the listener */
#include "epoll.h"

int main(int argc, char **argv)
{
    serve(listen_on(argc, argv));
}
