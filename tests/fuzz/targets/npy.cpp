// NumPy's files, plain and gzipped: arrays, data sets and sequences.
#include "nwm/data/npy.hpp"

#include "../target.hpp"
#include "nwm/data/npy_sequences.hpp"

namespace {

void read_npy_array(fuzz::Bytes bytes) {
  static fuzz::File file("array.npy");
  const auto array = nwm::data::read_npy(file.put(bytes));
  fuzz::require(nwm::io::checked_bytes(array.dtype, array.shape) == array.bytes.size(),
                "bytes that fit the shape");
}

/// The set can be asked for its first and last picture and target.
void look_at(const nwm::data::Dataset& set) {
  if (set.size() == 0) return;
  std::vector<float> picture(set.extent().values());
  for (const std::size_t i : {std::size_t{0}, set.size() - 1}) set.picture(i, std::span<float>(picture));
  fuzz::require(set.classes() <= 256, "at most 256 classes");
}

void read_images(fuzz::Bytes bytes) {
  static fuzz::File images("images.npy"), masks("masks.npy");
  const auto [first, second] = fuzz::halves(bytes);
  look_at(nwm::data::load_npy(images.put(first), masks.put(second)));
}

void read_sequences(fuzz::Bytes bytes) {
  static fuzz::File inputs("inputs.npy"), targets("targets.npy");
  const auto [first, second] = fuzz::halves(bytes);
  look_at(nwm::data::load_sequences(inputs.put(first), targets.put(second)));
}

// Longer files find nothing more, and those that unpack to megabytes take the time.
constexpr std::size_t longest_npy = 1024;

const fuzz::Add npy_array({.name = "npy", .read = read_npy_array, .longest = longest_npy});
const fuzz::Add npy_images({.name = "npy_images", .read = read_images, .longest = longest_npy});
const fuzz::Add npy_sequences({.name = "npy_sequences", .read = read_sequences, .longest = longest_npy});

}  // namespace
