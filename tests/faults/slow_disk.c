/* A file layer that is slow: what is brought to the disk under $SLOW_DISK waits $SLOW_DISK_MS first.

   cc -shared -fPIC -o slow_disk.so slow_disk.c -ldl; LD_PRELOAD=slow_disk.so ... (see slow_disk.py) */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

atomic_int slow_disk_waits; /* so often; read by the program that is tried */

static void wait_if_slow(int file)
{
    const char *folder = getenv("SLOW_DISK"), *milliseconds = getenv("SLOW_DISK_MS");
    char link[64], path[4096];
    if (folder == NULL || milliseconds == NULL || atoi(milliseconds) == 0)
        return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0)
        return;
    path[length] = '\0';
    if (strncmp(path, folder, strlen(folder)) != 0)
        return;
    slow_disk_waits++;
    struct timespec left = {atoi(milliseconds) / 1000, atoi(milliseconds) % 1000 * 1000000L};
    while (nanosleep(&left, &left) != 0)
        ;
}

int fsync(int file)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_if_slow(file);
    return real(file);
}

int fdatasync(int file)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_if_slow(file);
    return real(file);
}
