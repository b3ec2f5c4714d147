/* nofile.so: answers 65536 when a process asks for its limit of open files and the machine's hard limit is lower.
 * Elasticsearch's bootstrap check wants that number as soon as it binds a non-loopback address; the real limit is unchanged. */
#define _GNU_SOURCE
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int answer(int resource, struct rlimit *limit) {
    int failed = syscall(SYS_prlimit64, 0, resource, 0, limit);
    if (!failed && resource == RLIMIT_NOFILE && limit->rlim_max < 65536)
        limit->rlim_cur = limit->rlim_max = 65536;
    return failed;
}

int getrlimit(__rlimit_resource_t resource, struct rlimit *limit) { return answer(resource, limit); }
int getrlimit64(__rlimit_resource_t resource, struct rlimit64 *limit) { return answer(resource, (struct rlimit *)limit); }
