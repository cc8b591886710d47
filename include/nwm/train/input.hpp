// The pictures and targets of one pass, in the host's memory, as a backend takes them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nwm/backend/host_memory.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/train/dataset.hpp"

namespace nwm {

/// Pictures (channels, images, H, W) and class numbers (images, H, W) of up to Machine::images images.
template <class Machine>
class Input {
 public:
  using Real = typename Machine::Real;

  /// Sets them to the images `indices` of `set`, the last of them again where there are fewer: any other
  /// content might not be one on which the wave step is stable. Does nothing when they are there already.
  void stage(const data::Dataset& set, std::span<const std::size_t> indices) {
    if (&set == set_ && std::ranges::equal(indices, staged_)) return;
    set_ = nullptr;
    for (std::size_t i = 0; i < images; ++i) {
      if (i < indices.size()) {
        set.picture(indices[i], picture_.span());
        std::ranges::copy(set.mask(indices[i]),
                          target_.begin() + static_cast<std::ptrdiff_t>(i * Machine::sites));
      }
      HostMemory::copy_rows(Machine::shape.image_channels, Machine::sites,
                            static_cast<const Real*>(picture_.data()), Machine::sites,
                            pictures_.data() + i * Machine::sites, images * Machine::sites);
    }
    Machine::number(std::span<const std::uint8_t>(target_).first(indices.size() * Machine::sites),
                    std::span<Real>(numbered_.data(), numbered_.size()));
    staged_.assign(indices.begin(), indices.end());
    set_ = &set;
  }

  std::span<const Real, Machine::images * Machine::image_size> pictures() const {
    return std::span<const Real, images * Machine::image_size>(pictures_.data(), pictures_.size());
  }
  /// Beyond the images staged: −1.
  std::span<const Real> numbered() const { return {numbered_.data(), numbered_.size()}; }

 private:
  static constexpr std::size_t images = Machine::images;
  using Staging = typename Machine::Backend::template Staging<Real>;

  Buffer<Real> picture_{Machine::image_size};
  Staging pictures_{images * Machine::image_size}, numbered_{images * Machine::sites};
  std::vector<std::uint8_t> target_ = std::vector<std::uint8_t>(images * Machine::sites);
  const data::Dataset* set_ = nullptr;
  std::vector<std::size_t> staged_;
};

}  // namespace nwm
