// Training, validation and test sets under the file names of the study (arXiv 2502.06034). Needs zlib (target
// nwm::data).
#pragma once

#include <array>
#include <filesystem>
#include <string>

#include "nwm/data/dataset.hpp"
#include "nwm/data/npy.hpp"
#include "nwm/error.hpp"

namespace nwm::data {

namespace detail {

/// <folder>/<name>_<part>_<kind>.npy.gz, or the name without .gz when only that file exists.
inline std::filesystem::path split_file(const std::filesystem::path& folder, const std::string& name,
                                        const std::string& part, const std::string& kind) {
  const std::filesystem::path plain = folder / (name + "_" + part + "_" + kind + ".npy");
  std::filesystem::path zipped = plain;
  zipped += ".gz";
  std::error_code code;
  return std::filesystem::exists(plain, code) && !std::filesystem::exists(zipped, code) ? plain : zipped;
}

}  // namespace detail

/// Whether the folder has at least one of the six files <name>_{train,val,test}_{images,masks}.npy[.gz].
inline bool has_split(const std::filesystem::path& folder, const std::string& name) {
  std::error_code code;
  for (const char* part : {"train", "val", "test"})
    for (const char* kind : {"images", "masks"})
      if (std::filesystem::exists(detail::split_file(folder, name, part, kind), code)) return true;
  return false;
}

/// Reads <folder>/<name>_{train,val,test}_{images,masks}.npy.gz (or .npy): uint8 images (n, H, W[, C]) and
/// masks (n, H, W). Throws Error when a file is missing, naming the folder, the missing file and all six
/// names. Also throws as load_npy does.
inline Split load_split(const std::filesystem::path& folder, const std::string& name) {
  std::error_code code;
  for (const char* part : {"train", "val", "test"})
    for (const char* kind : {"images", "masks"}) {
      const std::filesystem::path path = detail::split_file(folder, name, part, kind);
      if (std::filesystem::exists(path, code)) continue;
      const std::string reason = code ? code.message()  // one may not look
                                 : std::filesystem::is_directory(folder, code) ? "none of that name"
                                                                               : "no such folder";
      throw Error(folder.string(), path.filename().string(),
                  "all of " + name + "_{train,val,test}_{images,masks}.npy.gz, or .npy", reason);
    }
  const auto load = [&](const char* part) {
    return load_npy(detail::split_file(folder, name, part, "images"),
                    detail::split_file(folder, name, part, "masks"));
  };
  return {load("train"), load("val"), load("test")};
}

}  // namespace nwm::data
