// The parts of a U-Net: which layers it is made of, and where their parameters and running statistics stand.
#pragma once

#include <cstddef>

#include "nwm/backend/pass.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/grid/shape.hpp"
#include "nwm/grid/stencil.hpp"
#include "nwm/layer/double_convolution.hpp"
#include "nwm/layer/pooling.hpp"
#include "nwm/layer/transposed_convolution.hpp"
#include "nwm/memory/parts.hpp"

namespace nwm {

namespace model {
/// The layers of a UNet, as types: level 0 is the image's grid, each below it half as high and wide.
template <Shape shape_, std::size_t width, class Backend_, class Real_>
struct UNetParts {
  static constexpr Shape shape = shape_;
  using Backend = Backend_;
  using Real = Real_;
  using ImageGrid = Grid<shape.height, shape.width, Zero>;
  static constexpr std::size_t levels = 5;
  static constexpr std::size_t images = PassGrid<Backend, ImageGrid>::sites / shape.sites();
  static constexpr std::size_t halved(std::size_t side, std::size_t times) { return side >> times; }
  template <std::size_t l>
  using GridAt = PassGrid<Backend, Grid<halved(shape.height, l), halved(shape.width, l), Zero>>;
  static constexpr std::size_t channels(std::size_t l) { return width << l; }
  /// Numbers of a pass at level l, and of its field pooled from the level above.
  static constexpr std::size_t plane(std::size_t l) {
    return channels(l) * images * (shape.sites() >> 2 * l);
  }
  static constexpr std::size_t pooled_plane(std::size_t l) { return l == 0 ? 0 : plane(l - 1) / 4; }

  /// Names of the checkpoints.
  template <std::size_t l>
  static constexpr Name down_name() {
    return l == 0 ? Name("inc.double_conv") : Name("down") + l + ".maxpool_conv.1.double_conv";
  }
  template <std::size_t l>
  static constexpr Name up_name() {
    return Name("up") + (levels - 1 - l);
  }

  template <std::size_t l>
  using DownLayers = layer::DoubleConvolution<GridAt<l>, 1, (l == 0 ? shape.image_channels : channels(l) / 2),
                                              channels(l), Backend, Real>;
  /// The convolutions of grid l on the way down, under their name in files.
  template <std::size_t l>
  struct Down : DownLayers<l> {
    template <class L>
    static constexpr void describe(L& all) {
      DownLayers<l>::describe(all, down_name<l>());
    }
  };
  template <std::size_t l>
  using UpLayers = layer::DoubleConvolution<GridAt<l>, 2, 2 * channels(l), channels(l), Backend, Real>;
  /// The convolutions of grid l on the way up, under their name in files.
  template <std::size_t l>
  struct Up : UpLayers<l> {
    template <class L>
    static constexpr void describe(L& all) {
      UpLayers<l>::describe(all, up_name<l>() + ".conv.double_conv");
    }
  };
  template <std::size_t l>
  using RiseLayers = layer::TransposedConvolution<channels(l + 1), channels(l), GridAt<l + 1>>;
  template <std::size_t l>  // from the grid below, l + 1, to grid l
  /// The transposed convolution to grid l, under its name in files.
  struct Rise : RiseLayers<l> {
    template <class L>
    static constexpr void describe(L& all) {
      RiseLayers<l>::describe(all, up_name<l>() + ".up");
    }
  };
  template <std::size_t l>  // from grid l − 1 to grid l
  using Pool = layer::MaxPool<channels(l - 1), GridAt<l - 1>>;
  using OutStencil = Stencil<channels(0), shape.scores(), 1, Zero>;
  /// The convolution to the scores, under its name in files.
  struct Out : OutStencil {
    template <class L>
    static constexpr void describe(L& all) {
      OutStencil::describe(all, "outc.conv");
    }
  };

  /// Running statistics of the batch normalisations of a part.
  template <std::size_t l>
  struct DownStatistics {
    static constexpr std::size_t parameters = Down<l>::statistics;
    template <class L>
    static constexpr void describe(L& all) {
      Down<l>::describe_statistics(all, down_name<l>());
    }
  };
  /// The same, of a part on the way up.
  template <std::size_t l>
  struct UpStatistics {
    static constexpr std::size_t parameters = Up<l>::statistics;
    template <class L>
    static constexpr void describe(L& all) {
      Up<l>::describe_statistics(all, up_name<l>() + ".conv.double_conv");
    }
  };

  // Order of the checkpoints: inc, down1..4, then from the lowest grid up: up1.up, up1.conv, ..., outc.
  using List = PartList<Down<0>, Down<1>, Down<2>, Down<3>, Down<4>, Rise<3>, Up<3>, Rise<2>, Up<2>, Rise<1>,
                        Up<1>, Rise<0>, Up<0>, Out>;
  using Statistics =
      PartList<DownStatistics<0>, DownStatistics<1>, DownStatistics<2>, DownStatistics<3>, DownStatistics<4>,
               UpStatistics<3>, UpStatistics<2>, UpStatistics<1>, UpStatistics<0>>;
};
}  // namespace model

}  // namespace nwm
