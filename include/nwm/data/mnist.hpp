// MNIST's handwritten digits, and the study's segmentation task made from them: each pixel is labelled with
// its digit. Needs zlib (target nwm::data).
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/data/dataset.hpp"
#include "nwm/data/generate.hpp"
#include "nwm/data/idx.hpp"
#include "nwm/error.hpp"

namespace nwm::data {

/// Grey pictures of one digit each: pixels (n, height, width), bytes, row-major; labels 0 to 9.
struct Digits {
  std::size_t height = 0, width = 0;                   ///< of a picture
  std::vector<std::uint8_t> pixels = {}, labels = {};  ///< (n, height, width), and (n)
  std::string name = "digits";                         ///< what messages call them

  /// The number of digits.
  std::size_t size() const { return labels.size(); }
  /// The pixels of digit i, row-major.
  std::span<const std::uint8_t> picture(std::size_t i) const {
    return {pixels.data() + i * height * width, height * width};
  }
  /// A copy of `count` digits, starting at `first`. Throws Error when there are fewer.
  Digits part(std::size_t first, std::size_t count) const {
    if (first > size() || count > size() - first)
      throw Error(name, "digits", std::to_string(first) + " + " + std::to_string(count),
                  std::to_string(size()));
    const auto at = [](const std::vector<std::uint8_t>& v, std::size_t i) {
      return v.begin() + static_cast<std::ptrdiff_t>(i);
    };
    const std::size_t sites = height * width;
    return {height, width, std::vector(at(pixels, first * sites), at(pixels, (first + count) * sites)),
            std::vector(at(labels, first), at(labels, first + count)), name};
  }
};

/// The two parts of MNIST: 60,000 training and 10,000 test digits of 28×28 pixels.
struct Mnist {
  Digits training, test;  ///< 60,000 digits, and 10,000
};

namespace detail {

inline constexpr const char* get_mnist =
    "; MNIST is train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
    "t10k-labels-idx1-ubyte, each plain or .gz, in one folder; examples/fetch_mnist.sh FOLDER gets them";

/// The first of folder/name.gz and folder/name that exists; a name may have a dot in place of its second
/// hyphen (train-images.idx3-ubyte), as some copies do. Throws Error when none exists.
inline std::filesystem::path mnist_file(const std::filesystem::path& folder, const std::string& name) {
  std::string dotted = name;
  dotted.replace(name.find("-idx"), 1, ".");
  std::error_code code;
  for (const std::string& spelling : {name, dotted})
    for (const char* ending : {".gz", ""}) {
      std::filesystem::path path = folder / (spelling + ending);
      if (std::filesystem::exists(path, code)) return path;
      if (code)  // not that it is missing, but that one may not look
        throw Error(path.string(), "file", "a readable file", code.message());
    }
  throw Error(folder.string(), name, "this file, or " + name + ".gz" + get_mnist,
              std::filesystem::is_directory(folder, code) ? "neither" : "no such folder");
}

/// The values of an IDX file. For a bad file, the error also says how to get a good one.
inline io::Tensor mnist_array(const std::filesystem::path& path) {
  try {
    return read_idx(path);
  } catch (const Error& e) {
    throw Error(e.where(), e.field(), e.expected() + get_mnist, e.found());
  }
}

inline Digits load_digits(const std::filesystem::path& folder, const std::string& part) {
  const std::filesystem::path images_path = mnist_file(folder, part + "-images-idx3-ubyte"),
                              labels_path = mnist_file(folder, part + "-labels-idx1-ubyte");
  const io::Tensor images = mnist_array(images_path), labels = mnist_array(labels_path);
  if (images.shape.size() != 3 || images.count() == 0)
    throw Error(images_path.string(), "shape", std::string("images (n, H, W), not empty") + get_mnist,
                io::to_string(images.shape));
  if (labels.shape != std::vector{images.shape[0]})
    throw Error(labels_path.string(), "shape",
                "a label for each image of " + images_path.string() + ", (" +
                    std::to_string(images.shape[0]) + ")" + get_mnist,
                io::to_string(labels.shape));
  Digits digits{images.shape[1], images.shape[2], images.as<std::uint8_t>(), labels.as<std::uint8_t>(),
                images_path.string()};
  for (std::size_t i = 0; i < digits.size(); ++i)
    if (digits.labels[i] > 9)
      throw Error(labels_path.string(), "label " + std::to_string(i),
                  std::string("a digit, 0 to 9") + get_mnist, std::to_string(digits.labels[i]));
  return digits;
}

}  // namespace detail

/// Reads MNIST's four IDX files from a folder. Throws Error naming the folder or file and the name or field.
/// The message says what was expected (with all names and how to get the files) and what was found.
inline Mnist load_mnist(const std::filesystem::path& folder) {
  return {detail::load_digits(folder, "train"), detail::load_digits(folder, "t10k")};
}

/// Number of digits kept for validation: the last 15 % of the training digits, 9,000 of 60,000.
inline std::size_t validation_digits(const Digits& training) { return training.size() * 3 / 20; }

/// Number of images in each set, taken from the start; 0 takes all (51,000, 9,000 and 10,000).
struct MnistOptions {
  std::size_t images = 0, validation = 0, test = 0;  ///< of each set
};

namespace detail {

/// Doubles height and width by bilinear interpolation without corner alignment. Each new pixel is
/// (9a + 3b + 3c + d)/16 of the four nearest old ones; pixels beyond the edge repeat the edge. Calls
/// visit(pixel, 16 times the value).
template <class Visit>
void doubled(std::span<const std::uint8_t> from, std::size_t height, std::size_t width, const Visit& visit) {
  // The index of the second nearest input line to output line i; the nearest is i / 2.
  const auto second = [](std::size_t i, std::size_t size) {
    const std::size_t near = i / 2;
    return i % 2 == 1 ? std::min(near + 1, size - 1) : near - (near > 0);
  };
  for (std::size_t r = 0; r < 2 * height; ++r) {
    const std::uint8_t* near = from.data() + r / 2 * width;
    const std::uint8_t* far = from.data() + second(r, height) * width;
    for (std::size_t c = 0; c < 2 * width; ++c) {
      const std::size_t a = c / 2, b = second(c, width);
      visit(r * 2 * width + c, 9u * near[a] + 3u * near[b] + 3u * far[a] + far[b]);
    }
  }
}

/// Pictures and masks, twice as high and wide, of `count` digits starting at `first`; a `count` of 0 takes
/// all digits before `end`. Throws Error when there are fewer than `count`.
inline Dataset segmented(const Digits& digits, std::size_t first, std::size_t end, std::size_t count,
                         const char* part) {
  if (count > end - first)
    throw Error(digits.name, std::string(part) + " images", "at most " + std::to_string(end - first),
                std::to_string(count));
  const Extent extent{count > 0 ? count : end - first, 1, 2 * digits.height, 2 * digits.width};
  Dataset::Floats pictures(extent.images * extent.values());
  Dataset::Bytes masks(extent.images * extent.pixels());
  for (std::size_t i = 0; i < extent.images; ++i) {
    const auto label = static_cast<std::uint8_t>(digits.labels[first + i] + 1);
    float* picture = pictures.data() + i * extent.values();
    std::uint8_t* mask = masks.data() + i * extent.pixels();
    doubled(digits.picture(first + i), digits.height, digits.width, [&](std::size_t p, unsigned sixteenfold) {
      picture[p] = static_cast<float>(sixteenfold) / (16.0f * 255.0f);
      mask[p] = 2 * sixteenfold > 16 * 255 ? label : std::uint8_t{0};
    });
  }
  return Dataset(extent, std::move(pictures), std::move(masks), std::string("mnist/") + part);
}

}  // namespace detail

/// MNIST as the study segments it (arXiv 2502.06034). Pictures are (1, 56, 56) floats in [0, 1]: each digit
/// is enlarged twice, bilinear without corner alignment. A pixel brighter than one half has the class
/// digit + 1, any other pixel class 0. Training images are the first 85 % of the training digits, validation
/// images the last 15 %. Throws Error when there are fewer images than asked for.
inline Split mnist(const Mnist& files, const MnistOptions& options = {}) {
  const std::size_t all = files.training.size(), train = all - validation_digits(files.training);
  return {detail::segmented(files.training, 0, train, options.images, "train"),
          detail::segmented(files.training, train, all, options.validation, "validation"),
          detail::segmented(files.test, 0, files.test.size(), options.test, "test")};
}

/// The same, read from the folder with MNIST's four files. Also throws as load_mnist does.
inline Split mnist(const std::filesystem::path& folder, const MnistOptions& options = {}) {
  return mnist(load_mnist(folder), options);
}

/// The same for a machine, which needs at least 11 classes.
template <class Machine>
Split mnist(const std::filesystem::path& folder, const MnistOptions& options = {}) {
  detail::require_classes<static_cast<std::size_t>(Machine::shape.scores()), 11>();
  return mnist(folder, options);
}

}  // namespace nwm::data

#include "nwm/pop_macros.inc"
