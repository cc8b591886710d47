// A backend's words for a head in one launch (pass.hpp), shared by the device backends.
#pragma once

#include "nwm/push_macros.inc"

#include <cstddef>
#include <type_traits>

#include "nwm/backend/device/fused_head.hpp"
#include "nwm/backend/device/head_gradient.hpp"
#include "nwm/backend/device/head_weights.hpp"
#include "nwm/backend/device/resident.hpp"
#include "nwm/backend/device/weight_gradient.hpp"
#include "nwm/backend/kernels.hpp"
#include "nwm/cell/activation.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/memory/tiles.hpp"

namespace nwm::device {

namespace detail {
/// A layer that says it is a perceptron with ReLU between its layers, as layer::Head does.
template <class Mlp>
concept Perceptron = requires(std::size_t l) {
  Mlp::layers;
  Mlp::width(l);
  Mlp::offset(l);
  requires Mlp::between == Activation::relu;
  typename Mlp::Plain;
};
/// What kernels are made for. (A machine's own type of head has its Shape in its name, where nvcc's two
/// compilers write trailing zeros differently; and machines with like heads share their kernels.)
template <class Mlp>
using PlainOf = typename Mlp::Plain;

/// Most rows of a layer, and most words for the signs of hidden layers: what sums and masks leave of the
/// registers.
inline constexpr std::size_t widest_head = 256, most_masks = 20;

template <class Mlp, class Precision>
constexpr bool fused_head_possible() {
  if constexpr (Perceptron<Mlp>) {
    using Shape = HeadShape<PlainOf<Mlp>, Precision>;
    if constexpr (Shape::widest * 16 <= widest_head && Shape::mask_words <= most_masks)
      return sizeof(typename FusedHead<detail::PlainOf<Mlp>, Precision>::Shared) <= shared_limit;
  }
  return false;
}
}  // namespace detail

/// For a backend B with B::run(body), B::map, B::sum_rows and B::shared_memory(): it derives from Heads<B,
/// Precision>.
template <class B, class Precision>
class Heads {
 public:
  /// Whether the words below take Mlp.
  template <class Mlp, class Real>
  static constexpr bool fused_head =
      std::is_same_v<Real, float> && detail::fused_head_possible<Mlp, Precision>();
  /// Whether the present device has the shared memory for it.
  template <class Mlp>
  static bool head_fits() {
    return sizeof(typename FusedHead<detail::PlainOf<Mlp>, Precision>::Shared) <= B::shared_memory();
  }
  /// Numbers of `room` for n pixels at a time. It begins on 16 bytes.
  template <class Mlp>
  static constexpr std::size_t head_room(std::size_t n) {
    return Room<Mlp>(n).size;
  }

  template <class Mlp>
  static void prepare_head(const float* parameters, float* room) {
    using Body = HeadWeights<detail::PlainOf<Mlp>, Precision>;
    B::run(Body{parameters, quads(room), room + Room<Mlp>::columns});
  }

  template <class Mlp>
  static void head_scores(std::size_t n, const float* parameters, const float* x, float* scores,
                          std::size_t score_stride, float* room) {
    using Body = FusedHead<detail::PlainOf<Mlp>, Precision>;
    B::run(Body{Body::blocks_for(n),
                n,
                parameters,
                quads(room),
                room + Room<Mlp>::columns,
                x,
                scores,
                score_stride,
                {},
                nullptr,
                nullptr,
                {}});
  }

  template <class Mlp, class Loss>
  static void head_gradient(std::size_t n, const float* parameters, const float* x, const Loss& loss,
                            float* scores, double* sum, float* x_gradient, float* parameter_gradient,
                            float* room) {
    using Body = FusedHead<detail::PlainOf<Mlp>, Precision, Loss>;
    const Room<Mlp> at(n);
    const KeptTiles kept{at.tiles, quads(room + at.kept), room + at.kept_back};
    B::run(Body{Body::blocks_for(n), n, parameters, quads(room), room + at.columns, x, scores, n, loss,
                room + at.losses, x_gradient, kept});
    B::template sum_rows<float>(1, n, kernel::Read<float>{room + at.losses}, sum);
    for_constants<Mlp::layers>([&](auto l) {
      using Gradient = HeadGradient<detail::PlainOf<Mlp>, Precision, l>;
      const std::size_t slabs = Gradient::slabs_for(at.tiles), numbers = Shape<Mlp>::template numbers<l>;
      B::run(Gradient{slabs * Gradient::places, slabs, kept, room + at.partial});
      B::template map<float>(numbers, AddTiles<float>{slabs, numbers, room + at.partial,
                                                      parameter_gradient + Shape<Mlp>::template offset<l>});
    });
  }

 private:
  template <class Mlp>
  using Shape = HeadShape<detail::PlainOf<Mlp>, Precision>;
  static Quad* quads(float* at) { return reinterpret_cast<Quad*>(at); }

  /// Where the room has what, in numbers; all on 16 bytes.
  template <class Mlp>
  struct Room {
    static constexpr std::size_t columns = 4 * Shape<Mlp>::template first_quad<2 * Mlp::layers>;
    static constexpr std::size_t begin =
        columns + round_up(Shape<Mlp>::template first_columns<2 * Mlp::layers>, 4);
    std::size_t tiles, kept, kept_back, losses, partial, size;
    constexpr explicit Room(std::size_t n)
        : tiles((n + 15) / 16),
          kept(begin),
          kept_back(kept +
                    4 * tiles * Shape<Mlp>::template slot_begin<Shape<Mlp>::slots> * Shape<Mlp>::block_quads),
          losses(kept_back + round_up(tiles * Shape<Mlp>::slots, 4)),
          partial(losses + round_up(n, 4)),
          size(partial) {
      std::size_t most = 0;
      for_constants<Mlp::layers>([&](auto l) {
        const std::size_t numbers = HeadGradient<detail::PlainOf<Mlp>, Precision, l>::slabs_for(tiles) *
                                    Shape<Mlp>::template numbers<l>;
        most = numbers > most ? numbers : most;
      });
      size += most;
    }
  };
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
