// System calls that fail, or are the last of their process, in a child of this one. The kernel itself hands
// them over (seccomp): nothing of the C library or of a sanitizer has to be replaced, and no call is missed.
#pragma once

#if defined(__linux__) && defined(__x86_64__)
#define NWM_TEST_FAULTS 1

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <exception>
#include <functional>
#include <iterator>
#include <string>

#include "nwm/error.hpp"

namespace faults {

/// Kinds of system calls. `unlink` has link(), `other` what asks about files, locks or duplicates them.
enum class Call : int { open, read, write, fsync, rename, close, unlink, mkdir, other, any };

/// What happens to a call of that kind, the `at`-th, from 1.
struct Fault {
  enum How : int { fails, stays_failing, is_short, kills_before, kills_after };
  Call call = Call::any;
  How how = fails;
  int error = 0;  ///< errno of a call that fails
  int at = 1;
};

/// What came of the child.
struct Outcome {
  enum End : int { returned, threw_error, threw_other, killed, crashed };
  End end = crashed;
  bool fired = false;     ///< the fault was met
  bool on_data = false;   ///< it met a regular file that is written, or its name
  std::string text = {};  ///< of the exception
};

namespace detail {

struct Shared {  // with the child
  Fault fault;
  int armed, seen, fired, on_data, end;
  char text[2000];
};
inline Shared* shared = nullptr;

constexpr unsigned own = 0x6E776D21;  // the sixth argument of the calls that the handler makes

inline Call kind_of(long number) {
  switch (number) {
    case SYS_open:
    case SYS_openat:
    case SYS_creat:
      return Call::open;
    case SYS_read:
    case SYS_pread64:
    case SYS_readv:
      return Call::read;
    case SYS_write:
    case SYS_pwrite64:
    case SYS_writev:
      return Call::write;
    case SYS_fsync:
    case SYS_fdatasync:
      return Call::fsync;
    case SYS_rename:
    case SYS_renameat:
    case SYS_renameat2:
      return Call::rename;
    case SYS_close:
      return Call::close;
    case SYS_unlink:
    case SYS_unlinkat:
    case SYS_link:
    case SYS_linkat:
      return Call::unlink;
    case SYS_mkdir:
    case SYS_mkdirat:
      return Call::mkdir;
    default:
      return Call::other;
  }
}
constexpr long watched[] = {
    SYS_open,     SYS_openat,    SYS_creat, SYS_read,       SYS_pread64,   SYS_readv,    SYS_write,
    SYS_pwrite64, SYS_writev,    SYS_fsync, SYS_rename,     SYS_fdatasync, SYS_renameat, SYS_link,
    SYS_linkat,   SYS_renameat2, SYS_close, SYS_unlink,     SYS_mkdir,     SYS_unlinkat, SYS_mkdirat,
    SYS_stat,     SYS_lstat,     SYS_fstat, SYS_newfstatat, SYS_flock,     SYS_fcntl,    SYS_chmod,
    SYS_fchmodat, SYS_statx,     SYS_lseek, SYS_readlink,   SYS_ftruncate, SYS_access,   SYS_getdents64};

/// −errno where it fails, as the kernel says it.
inline long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0) {
  const long result = ::syscall(number, a, b, c, d, e, static_cast<long>(own));
  return result == -1 ? -errno : result;
}

// In a signal handler: system calls and plain memory only.
inline void handle(int, siginfo_t* info, void* context) {
  const int before = errno;
  auto& r = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const long number = info->si_syscall;
  Shared& s = *shared;
  const Call kind = kind_of(number);
  const bool met = s.armed && (s.fault.call == Call::any || s.fault.call == kind) &&
                   (++s.seen == s.fault.at || (s.fault.how == Fault::stays_failing && s.seen > s.fault.at));
  const auto kill = [] { call(SYS_kill, call(SYS_getpid), SIGKILL); };
  if (met && !s.fired) {
    s.fired = 1;
    struct stat status {};
    const bool by_number = kind == Call::write || kind == Call::fsync;
    s.on_data = kind == Call::rename || kind == Call::mkdir ||
                (by_number && call(SYS_fstat, r[REG_RDI], reinterpret_cast<long>(&status)) == 0 &&
                 S_ISREG(status.st_mode));
  }
  long result = 0;
  if (met && s.fault.how == Fault::kills_before) kill();
  if (met && (s.fault.how == Fault::fails || s.fault.how == Fault::stays_failing)) {
    if (kind == Call::close) call(number, r[REG_RDI]);  // a failed close() closes all the same
    result = -s.fault.error;
  } else if (kind == Call::fsync) {
    result = 0;  // no power cut is played here, and disks are slow
  } else {
    long bytes = r[REG_RDX];
    if (met && s.fault.how == Fault::is_short && bytes > 1) bytes /= 2;
    result = call(number, r[REG_RDI], r[REG_RSI], bytes, r[REG_R10], r[REG_R8]);
  }
  if (met && s.fault.how == Fault::kills_after) kill();
  r[REG_RAX] = result;
  errno = before;
}

/// From here on the calling process's calls of the watched kinds come to handle(). False where the system
/// does not let it.
inline bool watch() {
  struct sigaction action {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  if (::sigaction(SIGSYS, &action, nullptr) != 0) return false;
  constexpr std::size_t n = std::size(watched);
  std::array<sock_filter, n + 5> filter{};
  const auto load = [](std::size_t at) {
    return sock_filter{BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<unsigned>(at)};
  };
  const auto jump_if = [](unsigned value, std::size_t by) {
    return sock_filter{BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned char>(by), 0, value};
  };
  filter[0] = load(offsetof(seccomp_data, args) + 5 * sizeof(__u64));
  filter[1] = jump_if(own, n + 1);
  filter[2] = load(offsetof(seccomp_data, nr));
  for (std::size_t i = 0; i < n; ++i) filter[3 + i] = jump_if(static_cast<unsigned>(watched[i]), n - i);
  filter[n + 3] = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
  filter[n + 4] = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_TRAP};
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace detail

/// Performs `action` in a child that meets the fault. The caller must not have threads: a child has none of
/// them.
inline Outcome run(const Fault& fault, const std::function<void()>& action) {
  using detail::shared;
  if (!shared)
    shared = static_cast<detail::Shared*>(
        ::mmap(nullptr, sizeof(detail::Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  *shared = {};
  shared->fault = fault;
  shared->end = Outcome::crashed;
  const pid_t child = ::fork();
  if (child == 0) {
    if (!detail::watch()) ::_exit(77);
    const auto end = [](Outcome::End how, const char* text) {
      shared->armed = 0;
      std::strncpy(shared->text, text, sizeof shared->text - 1);
      shared->end = how;
    };
    try {
      shared->armed = 1;
      action();
      end(Outcome::returned, "");
    } catch (const nwm::Error& error) {
      end(Outcome::threw_error, error.what());
    } catch (const std::exception& error) {
      end(Outcome::threw_other, error.what());
    } catch (...) {
      end(Outcome::threw_other, "something else");
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  Outcome outcome;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) outcome.end = Outcome::killed;
  else if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
    outcome.end = static_cast<Outcome::End>(shared->end);
  outcome.fired = shared->fired != 0;
  outcome.on_data = shared->on_data != 0;
  outcome.text = shared->text;
  return outcome;
}

/// Whether this system hands its calls over.
inline bool possible() {
  return run({.call = Call::write, .error = ENOSPC}, [] {
           if (::write(1, "", 0) != -1 || errno != ENOSPC) throw 0;
         }).end == Outcome::returned;
}

}  // namespace faults

#endif
