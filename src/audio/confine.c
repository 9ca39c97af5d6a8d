/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/confine.h"
#include "audio/source.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static gboolean fail(const char *what, int code, GError **error)
{
    g_set_error(
        error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_MISSING,
        "sound of strangers is decoded in a confined process only, and this system does not "
        "confine it (%s: %s)",
        what, g_strerror(code));
    return FALSE;
}

static gboolean limit(int what, guint64 most, GError **error)
{
    struct rlimit now;

    if (getrlimit(what, &now) != 0)
        return fail("getrlimit", errno, error);
    struct rlimit wanted = {MIN(most, now.rlim_max), MIN(most, now.rlim_max)};
    return setrlimit(what, &wanted) == 0 || fail("setrlimit", errno, error);
}

static gboolean set_limits(const TuneConfinement *limits, GError **error)
{
    if (limits->memory_bytes > 0 && !TUNE_CONFINE_SANITIZED &&
        !limit(RLIMIT_AS, limits->memory_bytes, error))
        return FALSE;
    return (limits->cpu_s == 0 || limit(RLIMIT_CPU, limits->cpu_s, error)) &&
           limit(RLIMIT_CORE, 0, error) && limit(RLIMIT_FSIZE, 0, error) &&
           limit(RLIMIT_NOFILE, 16, error);
}

/* What a decoder and the C library need between them. */
static int allow_plain(scmp_filter_ctx filter)
{
    static const int calls[] = {
        SCMP_SYS(read),           SCMP_SYS(pread64),
        SCMP_SYS(lseek),          SCMP_SYS(fstat),
        SCMP_SYS(close),          SCMP_SYS(dup),
        SCMP_SYS(fcntl),          SCMP_SYS(brk),
        SCMP_SYS(munmap),         SCMP_SYS(mremap),
        SCMP_SYS(madvise),        SCMP_SYS(futex),
        SCMP_SYS(rt_sigreturn),   SCMP_SYS(getpid),
        SCMP_SYS(rt_sigprocmask), SCMP_SYS(gettid),
        SCMP_SYS(getrandom),      SCMP_SYS(exit),
        SCMP_SYS(exit_group),     SCMP_SYS(sched_yield),
        SCMP_SYS(clock_gettime),  SCMP_SYS(restart_syscall),
        SCMP_SYS(sysinfo), /* the C library's qsort() wants to know how much memory there is */
        SCMP_SYS(sigaltstack) /* the address sanitizer before it lets a process end */};
    /* Looked at by libraries that can live without. */
    static const int refused[] = {
        SCMP_SYS(open),      SCMP_SYS(openat), SCMP_SYS(ioctl),
        SCMP_SYS(access),    SCMP_SYS(stat),   SCMP_SYS(readlink),
        SCMP_SYS(prlimit64), SCMP_SYS(uname),  SCMP_SYS(sched_getaffinity)};
    int code = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(calls) && code == 0; i++)
        code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    for (gsize i = 0; i < G_N_ELEMENTS(refused) && code == 0; i++)
        code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
    return code;
}

/* And these with the right arguments only: memory never executable, one descriptor to write to, no
 * file but an open one looked at, signals (of abort()) to itself. */
static int allow_some(scmp_filter_ctx filter, int write_fd)
{
    const struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    const struct scmp_arg_cmp to_pipe = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)write_fd);
    const struct scmp_arg_cmp elsewhere = SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)write_fd);
    const struct scmp_arg_cmp of_open_file =
        SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH);
    const struct scmp_arg_cmp to_itself = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid());
    int code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_code);

    if (code == 0)
        code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_code);
    if (code == 0)
        code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, to_pipe);
    if (code == 0) /* libraries complain on standard error */
        code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(write), 1, elsewhere);
    if (code == 0)
        code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1, of_open_file);
    if (code == 0)
        code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, to_itself);
    return code;
}

gboolean tune_confine(const TuneConfinement *limits, GError **error)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return fail("prctl", errno, error);
    if (!set_limits(limits, error))
        return FALSE;
    scmp_filter_ctx filter =
        seccomp_init(TUNE_CONFINE_SANITIZED ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS);
    if (filter == NULL)
        return fail("seccomp", ENOSYS, error);
    int code = allow_plain(filter);
    if (code == 0)
        code = allow_some(filter, limits->write_fd);
    if (code == 0)
        code = seccomp_load(filter);
    seccomp_release(filter);
    return code == 0 || fail("seccomp", -code, error);
}
