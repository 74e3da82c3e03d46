// The system calls that the pause program may make. Far fewer than the runtime's default profile allows, and the
// filter is built and loaded for every pod, so a short one also starts pods sooner.
// Format: https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#seccomp

import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

// What the pause program calls itself, and what runc calls between loading the filter and running the program:
// Go's runtime, closing files, dropping privileges, execve.
const ALLOWED = `
  access arch_prctl brk capget capset chdir clock_nanosleep clone clone3 close close_range dup dup2 dup3
  epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd2 execve exit exit_group faccessat faccessat2 fchown fcntl
  fstat fstatfs futex getcwd getdents64 getegid geteuid getgid getpid getppid getrandom getrlimit gettid getuid ioctl
  kill lseek lstat madvise membarrier mmap mprotect munmap nanosleep newfstatat open openat openat2 pause pipe2 poll
  ppoll prctl pread64 prlimit64 read readlink readlinkat restart_syscall rseq rt_sigaction rt_sigpending
  rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigtimedwait sched_getaffinity sched_yield set_robust_list
  set_tid_address setgid setgroups setpgid setresgid setresuid setrlimit setsid setuid sigaltstack signalfd4 stat
  statfs statx sysinfo tgkill tkill umask uname wait4 waitid write writev`

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'SCMP_ARCH_X86_64', arm64: 'SCMP_ARCH_AARCH64' }

/** The profile for an architecture as Node calls it; nothing for one that it was not made for. */
function pauseSeccompProfile(arch: string): object | undefined {
  const architecture = ARCHITECTURES[arch]
  if (architecture === undefined) return undefined
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 1,
    architectures: [architecture],
    syscalls: [{ names: ALLOWED.trim().split(/\s+/), action: 'SCMP_ACT_ALLOW' }],
  }
}

/** Writes the profile to `path` for the runtime to read; gives the path, or nothing when there is no profile. */
export async function writePauseSeccompProfile(path: string, arch: string): Promise<string | undefined> {
  const profile = pauseSeccompProfile(arch)
  if (profile === undefined) return undefined
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  await writeFile(`${path}.new`, `${JSON.stringify(profile)}\n`, { mode: 0o644 })
  await rename(`${path}.new`, path)
  return path
}
