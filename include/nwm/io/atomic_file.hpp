// A file that appears whole or not at all: checkpoints, tables and pictures must never be found half-written,
// nor an older good one be lost because the newer failed. In the words of POSIX: <filesystem> would cost
// every program that includes nwm a tenth of its time to compile. Where a path is wanted, a
// std::filesystem::path converts to it.
#pragma once

#include <fcntl.h>
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
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FileHandle = std::unique_ptr<std::FILE, FileCloser>;

/// The system's message for the last failed call ("No space left on device").
inline std::string system_message() { return std::generic_category().message(errno ? errno : EIO); }

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
/// that is a symbolic link to a file stays one: that file is replaced. An existing target's permissions are
/// kept.
class AtomicFile {
 public:
  /// Creates the temporary. Throws Error (path, "file", …) when the target is something else than a regular
  /// file (a folder, a device), or its folder is missing (field "folder") or cannot be written in.
  explicit AtomicFile(const std::string& target) : target_(target), where_(target) {
    struct stat status {};
    bool there = ::lstat(target_.c_str(), &status) == 0;
    if (there && S_ISLNK(status.st_mode)) {
      std::array<char, PATH_MAX> pointed_to;
      if (::realpath(target_.c_str(), pointed_to.data())) target_ = pointed_to.data();
      there = ::stat(target_.c_str(), &status) == 0;
    }
    const bool fresh = !there && (errno == ENOENT || errno == ENOTDIR);
    if (file_name().empty() || !(fresh || (there && S_ISREG(status.st_mode))))
      throw Error(where_, "file", "a regular file or a free name",
                  there && S_ISDIR(status.st_mode) ? "a folder" : "something that cannot be replaced");
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
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }

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
    sync_folder();
  }

  /// Removes the temporary; the target is unchanged. After commit() this does nothing.
  void discard() noexcept {
    file_.reset();
    if (!temporary_.empty()) std::remove(temporary_.c_str());
    temporary_.clear();
  }

 private:
  void create() {
    const std::string base = target_.substr(0, target_.size() - file_name().size()) +
                             std::string(file_name().substr(0, 200));  // names end at 255 bytes
    for (int n = 0; n < 1000 && !file_; ++n) {
      std::string candidate = base + "." + std::to_string(n) + ".tmp";
      errno = 0;
      file_.reset(std::fopen(candidate.c_str(), "wbx"));  // x: never another writer's temporary
      if (file_) temporary_ = std::move(candidate);
      else if (errno != EEXIST) break;
    }
    if (file_) return;
    if (errno == ENOENT || errno == ENOTDIR)
      throw Error(where_, "folder", "one that exists",
                  (errno == ENOENT ? "no folder '" : "no folder, but a file '") + folder() + "'");
    throw Error(where_, "file", "a temporary file beside it", system_message());
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
