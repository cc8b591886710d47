// IDX files, and MNIST's pairs of them.
#include "nwm/data/mnist.hpp"

#include "../target.hpp"

namespace {

void read_idx_array(fuzz::Bytes bytes) {
  static fuzz::File file("array.idx");
  const auto array = nwm::data::read_idx(file.put(bytes));
  fuzz::require(nwm::io::checked_bytes(array.dtype, array.shape) == array.bytes.size(),
                "bytes that fit the shape");
}

void read_digits(fuzz::Bytes bytes) {
  static fuzz::File images("train-images-idx3-ubyte"), labels("train-labels-idx1-ubyte");
  const auto [first, second] = fuzz::halves(bytes);
  images.put(first), labels.put(second);
  // What load_mnist does for each of its two pairs.
  const auto digits = nwm::data::detail::load_digits(".", "train");
  fuzz::require(digits.pixels.size() == digits.size() * digits.height * digits.width, "a label a picture");
}

const fuzz::Add idx_array({.name = "idx", .read = read_idx_array, .longest = 512});
const fuzz::Add mnist_digits({.name = "mnist", .read = read_digits, .longest = 512});

}  // namespace
