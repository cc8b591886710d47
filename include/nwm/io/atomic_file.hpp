// Files written whole or not at all. Checkpoints, tables and pictures are never found half-written, and a
// failed write never destroys an older good file.
#pragma once

#if __has_include(<unistd.h>)
#include <fcntl.h>
#include <unistd.h>
#define NWM_IO_HAS_FSYNC
#endif

#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdio>
#include <filesystem>
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

/// Output to a temporary file beside `target` ("<target>.<n>.tmp"), which gets the target's name only in
/// commit(). If destroyed earlier, AtomicFile removes the temporary and the target is unchanged. A symbolic
/// link to a file stays a link; the file it points to is replaced. An existing target's permissions are kept.
class AtomicFile {
 public:
  /// Creates the temporary. Throws Error (path, "file", …) when the target exists but is not a regular file
  /// (a folder, a device), or its folder is not writable.
  explicit AtomicFile(const std::filesystem::path& target) : target_(target), where_(target.string()) {
    namespace fs = std::filesystem;
    std::error_code code;
    fs::file_status status = fs::symlink_status(target_, code);
    if (fs::is_symlink(status)) {
      fs::path pointed_to = fs::weakly_canonical(target_, code);
      if (!code) target_ = std::move(pointed_to);
      status = fs::status(target_, code);
    }
    const bool fresh = status.type() == fs::file_type::not_found;
    if (target_.filename().empty() || !(fresh || fs::is_regular_file(status)))
      throw Error(where_, "file", "a regular file or a free name",
                  fs::is_directory(status) ? "a folder" : "something that cannot be replaced");
    create();
    if (!fresh) fs::permissions(temporary_, status.permissions(), code);  // best effort, like cp
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

  /// Forces everything to the disk (where there is fsync), then renames the temporary over the target. Throws
  /// Error when this or any earlier write failed; then the target is unchanged and the temporary is removed.
  void commit() {
    if (std::ferror(stream()) || std::fflush(file_.get()) != 0) fail();
#ifdef NWM_IO_HAS_FSYNC
    if (::fsync(::fileno(file_.get())) != 0) fail();
#endif
    if (std::fclose(file_.release()) != 0) fail();
    std::error_code code;
    std::filesystem::rename(temporary_, target_, code);
    if (code) fail(code.message());
    temporary_.clear();
    sync_folder();
  }

  /// Removes the temporary; the target is unchanged. After commit() this does nothing.
  void discard() noexcept {
    file_.reset();
    std::error_code code;
    if (!temporary_.empty()) std::filesystem::remove(temporary_, code);
    temporary_.clear();
  }

 private:
  void create() {
    const std::string base = target_.filename().string().substr(0, 200);  // file names end at 255 bytes
    for (int n = 0; n < 1000 && !file_; ++n) {
      std::filesystem::path candidate = target_;
      candidate.replace_filename(base + "." + std::to_string(n) + ".tmp");
      errno = 0;
      file_.reset(std::fopen(candidate.string().c_str(), "wbx"));  // x: never another writer's temporary
      if (file_) temporary_ = std::move(candidate);
      else if (errno != EEXIST) break;
    }
    if (!file_) throw Error(where_, "file", "a temporary file beside it", system_message());
  }

  [[noreturn]] void fail(std::string found = system_message()) {
    discard();
    throw Error(where_, "file", "everything written", std::move(found));
  }

  // The new name survives a power cut only once its folder is on the disk, too. A failure here (some file
  // systems refuse) is not an Error, since the file is already in place.
  void sync_folder() const noexcept {
#ifdef NWM_IO_HAS_FSYNC
    const std::string folder = target_.has_parent_path() ? target_.parent_path().string() : ".";
    const int handle = ::open(folder.c_str(), O_RDONLY);
    if (handle < 0) return;
    (void)::fsync(handle);
    ::close(handle);
#endif
  }

  std::filesystem::path target_, temporary_;
  std::string where_;
  FileHandle file_;
};

/// Writes the file `path` whole or not at all: fill(AtomicFile&) writes the content by write() or stream().
/// Throws Error as AtomicFile does, and passes on exceptions of `fill`; then the old file is unchanged.
template <std::invocable<AtomicFile&> Fill>
void write_whole(const std::filesystem::path& path, Fill&& fill) {
  AtomicFile file(path);
  std::forward<Fill>(fill)(file);
  file.commit();
}

/// Writes `bytes` as the file `path`, whole or not at all. Throws Error as AtomicFile does.
inline void write_whole(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  write_whole(path, [&](AtomicFile& file) { file.write(bytes); });
}

/// Writes `text` as the file `path`, whole or not at all. Throws Error as AtomicFile does.
inline void write_whole(const std::filesystem::path& path, std::string_view text) {
  write_whole(path, [&](AtomicFile& file) { file.write(text); });
}

}  // namespace nwm::io

#undef NWM_IO_HAS_FSYNC
