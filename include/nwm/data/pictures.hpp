// The pictures of a data set, in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace nwm::data {

/// The pictures of a data set, planar (image, channel, row, column): bytes, divided by 255 when read, or
/// floats, handed on unchanged: they should lie near [0, 1], as the bytes then do.
class Pictures {
 public:
  /// Pictures of bytes, 0 to 255.
  using Bytes = std::vector<std::uint8_t>;
  /// Pictures of floats.
  using Floats = std::vector<float>;

  Pictures() = default;
  /// Takes the storage over.
  Pictures(Bytes bytes) : bytes_(std::move(bytes)) {}  // NOLINT: meant to convert
  /// Takes the storage over.
  Pictures(Floats floats)  // NOLINT: meant to convert
      : floats_(std::move(floats)), are_floats_(true) {}

  /// How many numbers there are.
  std::size_t size() const { return are_floats_ ? floats_.size() : bytes_.size(); }
  /// The floats; empty where the pictures are bytes.
  const Floats& floats() const { return floats_; }

  /// Sets `out` to the numbers from `begin` on.
  template <class Real>
  void read(std::size_t begin, std::span<Real> out) const {
    if (are_floats_)
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<Real>(floats_[begin + i]);
    else
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<Real>(bytes_[begin + i]) / Real(255);
  }
  /// `count` numbers from `first` on.
  Pictures part(std::size_t first, std::size_t count) const {
    const auto begin = static_cast<std::ptrdiff_t>(first), end = static_cast<std::ptrdiff_t>(first + count);
    if (are_floats_) return Floats(floats_.begin() + begin, floats_.begin() + end);
    return Bytes(bytes_.begin() + begin, bytes_.begin() + end);
  }

 private:
  Bytes bytes_;
  Floats floats_;
  bool are_floats_ = false;
};

}  // namespace nwm::data
