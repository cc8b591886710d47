// A file that appears whole or not at all: checkpoints, tables and pictures must never be found half-written,
// nor an older good one be lost because the newer failed. In the words of POSIX: <filesystem> would cost
// every program that includes nwm a tenth of its time to compile. Where a path is wanted, a
// std::filesystem::path converts to it.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "nwm/error.hpp"

namespace nwm::io {

/// Closes a file opened by std::fopen.
struct FileCloser {
  /// Closes it.
  void operator()(std::FILE* file) const { std::fclose(file); }
};
/// A file that is closed at the end of its scope.
using FileHandle = std::unique_ptr<std::FILE, FileCloser>;

/// The system's message for an errno ("No space left on device").
inline std::string message_of(int error) { return std::generic_category().message(error); }
/// The system's message for the last failed call.
inline std::string system_message() { return message_of(errno ? errno : EIO); }

/// Sets `bytes` to the size of a regular file. False, and errno, where there is none.
inline bool file_size(const std::string& path, std::uint64_t& bytes) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return false;
  bytes = static_cast<std::uint64_t>(status.st_size);
  if (S_ISREG(status.st_mode)) return true;
  errno = S_ISDIR(status.st_mode) ? EISDIR : ENOTSUP;
  return false;
}

/// Output that goes to a temporary file beside `target` ("<target>.<n>.tmp") and takes the target's name only
/// in commit(). Destroyed before that, it removes the temporary and leaves the target as it was. A target
/// that is a symbolic link stays one: the file it leads to, there or not, is written. An existing target's
/// permissions are kept. While it lives it locks its temporary, by which another writer knows that it must
/// leave it alone; those of writers that were killed are removed by the next writer of the same target.
class AtomicFile {
 public:
  /// Creates the temporary. Throws Error (path, "file", …) when the target is something else than a regular
  /// file (a folder, a device), or its folder is missing (field "folder") or cannot be written in.
  explicit AtomicFile(const std::string& target) : target_(target), where_(target) {
    struct stat status {};
    errno = 0;
    bool there = ::lstat(target_.c_str(), &status) == 0;
    for (int links = 0; there && S_ISLNK(status.st_mode); ++links) {
      if (links == 40) throw Error(where_, "file", "a regular file or a free name", message_of(ELOOP));
      follow_link();
      there = ::lstat(target_.c_str(), &status) == 0;
    }
    const bool fresh = !there && (errno == ENOENT || errno == ENOTDIR);
    if (file_name().empty() || !(fresh || (there && S_ISREG(status.st_mode))))
      throw Error(where_, "file", "a regular file or a free name",
                  !there && !fresh                   ? system_message()
                  : there && S_ISDIR(status.st_mode) ? std::string("a folder")
                                                     : std::string("something that cannot be replaced"));
    create();
    if (!fresh) (void)::chmod(temporary_.c_str(), status.st_mode & 07777U);  // best effort, as cp does
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile() { discard(); }

  /// Appends bytes. Throws Error when they cannot be stored.
  void write(std::span<const std::byte> bytes) {
    if (!bytes.empty() && std::fwrite(bytes.data(), 1, bytes.size(), stream()) != bytes.size()) fail();
  }
  /// Appends text, without a terminator. Throws Error when the text cannot be stored.
  void write(std::string_view text) { write(std::as_bytes(std::span<const char>(text.data(), text.size()))); }

  /// The C stream, for libraries that write to one; commit() finds their errors. The caller must not close
  /// it.
  std::FILE* stream() {
    if (!file_) throw Error(where_, "file", "an open file", "one already committed or discarded");
    return file_.get();
  }

  /// Forces everything to the disk, then renames the temporary over the target. Throws
  /// Error when any of that, or any write before, failed: the target is then as it was and the temporary
  /// gone.
  void commit() {
    if (std::ferror(stream()) || std::fflush(file_.get()) != 0) fail();
    if (::fsync(::fileno(file_.get())) != 0) fail();
    if (std::fclose(file_.release()) != 0) fail();
    if (std::rename(temporary_.c_str(), target_.c_str()) != 0) fail();
    temporary_.clear();
    unlock();
    sync_folder();
  }

  /// Removes the temporary; the target is unchanged. After commit() this does nothing.
  void discard() noexcept {
    file_.reset();
    if (!temporary_.empty()) std::remove(temporary_.c_str());
    temporary_.clear();
    unlock();
  }

 private:
  /// Replaces target_, a symbolic link, by what it leads to.
  void follow_link() {
    std::array<char, PATH_MAX> to;
    const ::ssize_t length = ::readlink(target_.c_str(), to.data(), to.size());
    if (length <= 0 || static_cast<std::size_t>(length) == to.size())
      throw Error(where_, "file", "a regular file or a free name", system_message());
    const std::string_view path(to.data(), static_cast<std::size_t>(length));
    if (path.starts_with('/')) target_ = path;
    else target_.replace(target_.size() - file_name().size(), std::string::npos, path);
  }

  void create() {
    const std::string base = target_.substr(0, target_.size() - file_name().size()) +
                             std::string(file_name().substr(0, 200));  // names end at 255 bytes
    int number = -1;
    while (number < 999 && !file_) {
      std::string candidate = base + "." + std::to_string(++number) + ".tmp";
      bool made = create_as(candidate);
      if (!made && errno == EEXIST && remove_abandoned(candidate)) made = create_as(candidate);
      if (made) temporary_ = std::move(candidate);
      else if (errno != EEXIST) break;  // else it is another writer's
    }
    // The next numbers' may be those of writers that were killed beside another.
    while (file_ && remove_abandoned(base + "." + std::to_string(++number) + ".tmp")) continue;
    if (file_) return;
    if (errno == ENOENT || errno == ENOTDIR)
      throw Error(where_, "folder", "one that exists",
                  (errno == ENOENT ? "no folder '" : "no folder, but a file '") + folder() + "'");
    throw Error(where_, "file", "a temporary file beside it", system_message());
  }

  /// Creates and locks a file of a name that is free. False, and errno, where that fails; EEXIST, too, where
  /// another writer took the new file for an abandoned one before it was locked.
  bool create_as(const std::string& candidate) {
    const int handle = ::open(candidate.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    if (handle < 0) return false;
    struct stat status {};
    const bool taken = (::flock(handle, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) ||
                       (::fstat(handle, &status) == 0 && status.st_nlink == 0);
    lock_ = taken ? -1 : ::fcntl(handle, F_DUPFD_CLOEXEC, 0);  // outlives the stream, until after the rename
    if (!taken) file_.reset(::fdopen(handle, "wb"));
    if (file_) return true;
    const int error = taken ? EEXIST : errno;
    if (!taken) (void)::unlink(candidate.c_str());
    ::close(handle);
    unlock();
    errno = error;
    return false;
  }

  /// Removes a temporary of a writer that was killed: one's own regular file which no living writer has
  /// locked. Says whether it did.
  static bool remove_abandoned(const std::string& candidate) {
    const int handle = ::open(candidate.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat status {};
    // Links are counted behind the lock: a name that is gone may be another writer's by now.
    const bool abandoned = handle >= 0 && ::flock(handle, LOCK_EX | LOCK_NB) == 0 &&
                           ::fstat(handle, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1 &&
                           status.st_uid == ::geteuid() && ::unlink(candidate.c_str()) == 0;
    if (handle >= 0) ::close(handle);
    if (!abandoned) errno = EEXIST;
    return abandoned;
  }

  void unlock() noexcept {
    if (lock_ >= 0) ::close(lock_);
    lock_ = -1;
  }

  [[noreturn]] void fail(std::string found = system_message()) {
    discard();
    throw Error(where_, "file", "everything written", std::move(found));
  }

  // The new name survives a power cut only once its folder is on the disk, too. A failure here (some file
  // systems refuse) is not an Error, since the file is already in place.
  void sync_folder() const noexcept {
    const int handle = ::open(folder().c_str(), O_RDONLY);
    if (handle < 0) return;
    (void)::fsync(handle);
    ::close(handle);
  }

  /// What comes before the last slash of the target.
  std::string folder() const {
    const std::size_t slash = target_.rfind('/');
    return slash == std::string::npos ? "." : target_.substr(0, slash == 0 ? 1 : slash);
  }
  /// What follows the last slash of the target.
  std::string_view file_name() const {
    const std::size_t slash = target_.rfind('/');
    return std::string_view(target_).substr(slash == std::string::npos ? 0 : slash + 1);
  }

  std::string target_, temporary_, where_;
  FileHandle file_;
  int lock_ = -1;  // of the temporary
};

/// Writes the file `path` whole or not at all: fill(AtomicFile&) writes the content by write() or stream().
/// Throws Error as AtomicFile does, and passes on exceptions of `fill`; then the old file is unchanged.
template <std::invocable<AtomicFile&> Fill>
void write_whole(const std::string& path, Fill&& fill) {
  AtomicFile file(path);
  std::forward<Fill>(fill)(file);
  file.commit();
}

/// Writes `bytes` as the file `path`, whole or not at all. Throws Error as AtomicFile does.
inline void write_whole(const std::string& path, std::span<const std::byte> bytes) {
  write_whole(path, [&](AtomicFile& file) { file.write(bytes); });
}

/// Writes `text` as the file `path`, whole or not at all. Throws Error as AtomicFile does.
inline void write_whole(const std::string& path, std::string_view text) {
  write_whole(path, [&](AtomicFile& file) { file.write(text); });
}

}  // namespace nwm::io
