// Products in bfloat16 against exact products of rounded factors, and their effect on a gradient. On
// processors without bfloat16 the test is skipped and says so.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE agreement_bf16

#include <boost/test/unit_test.hpp>

#include "nwm/backend/cpu/simd_bf16.hpp"

#if defined(__AVX512BF16__)
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cases.hpp"
#include "nwm/backend/backend.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/device/precision.hpp"
#include "nwm/model/wave_machine.hpp"

namespace {

using nwm::cpu::Scalar, nwm::cpu::SimdBf16;
using tools::distance, tools::Numbers;
static_assert(nwm::Backend<SimdBf16>);

Numbers<float> rounded(Numbers<float> n) {
  for (std::size_t i = 0; i < n.size(); ++i) n.all[i] = nwm::device::precision::Bf16::rounded(n.all[i]);
  return n;
}

template <std::size_t M, std::size_t K, std::size_t N>
void products_agree() {
  constexpr std::size_t lda = K + 1, ldx = N + 2, ldy = N + 3;
  Numbers<float> a(M * lda, 1), x(K * ldx, 2), y(M * ldy, 3), ra = rounded(a), rx = rounded(x),
                                                              ry = rounded(y);
  Numbers<float> y1(y.size(), 4), y2 = y1, x1(x.size(), 5), x2 = x1, a1(a.size(), 6), a2 = a1;
  Scalar::multiply<M, K, N>(ra.data(), lda, rx.data(), ldx, y1.data(), ldy);
  SimdBf16::multiply<M, K, N>(a.data(), lda, x.data(), ldx, y2.data(), ldy);
  BOOST_TEST(distance(y2, y1) < 3e-6);
  Scalar::multiply<M, K, N, true>(ra.data(), lda, rx.data(), ldx, y1.data(), ldy);
  SimdBf16::multiply<M, K, N, true>(a.data(), lda, x.data(), ldx, y2.data(), ldy);
  BOOST_TEST(distance(y2, y1) < 3e-6);
  Scalar::multiply_transposed<M, K, N>(ra.data(), lda, ry.data(), ldy, x1.data(), ldx);
  SimdBf16::multiply_transposed<M, K, N>(a.data(), lda, y.data(), ldy, x2.data(), ldx);
  BOOST_TEST(distance(x2, x1) < 3e-6);
  Scalar::multiply_outer<M, K, N>(ry.data(), ldy, rx.data(), ldx, a1.data(), lda);
  SimdBf16::multiply_outer<M, K, N>(y.data(), ldy, x.data(), ldx, a2.data(), lda);
  BOOST_TEST(distance(a2, a1) < 3e-6);
}

template <class B, class Readout = nwm::readout::Linear>
auto gradient_of() {
  using M = nwm::WaveMachine<nwm::Shape{.height = 8,
                                        .width = 9,
                                        .image_channels = 1,
                                        .oscillators = 2,
                                        .steps = 20,
                                        .classes = 3,
                                        .encoder_width = 4},
                             Readout, nwm::head::Hidden<33, 40>, nwm::cell::Wave, B>;
  const M machine;
  const auto space = std::make_unique<typename M::Workspace>();
  Numbers<float> image(M::image_size, 1), gradient(M::parameter_count, 2);
  std::fill_n(gradient.data(), gradient.size(), 0.0F);
  std::vector<std::uint8_t> target(M::sites);
  for (std::size_t p = 0; p < target.size(); ++p) target[p] = static_cast<std::uint8_t>(p % 3);
  machine.add_gradient(std::span<const float, M::image_size>(image.data(), M::image_size), target, 1.0F,
                       std::span<float, M::parameter_count>(gradient.data(), M::parameter_count), *space);
  return gradient;
}

}  // namespace

BOOST_AUTO_TEST_CASE(products) {
  products_agree<1, 1, 1>();
  products_agree<3, 5, 1>();
  products_agree<1, 7, 9>();
  products_agree<6, 2, 17>();
  products_agree<16, 33, 40>();
  products_agree<51, 12, 63>();
  products_agree<7, 64, 128>();
  products_agree<33, 17, 80>();
}

BOOST_AUTO_TEST_CASE(a_gradient_moves_by_no_more_than_its_factors) {
  const double off = distance(gradient_of<SimdBf16>(), gradient_of<nwm::cpu::Simd<>>());
  BOOST_TEST(off > 1e-5);  // not the product in float
  BOOST_TEST(off < 0.1);
  // Nor where the readout and the head's first layer are one product.
  using Folded = nwm::readout::LinearMap<0, nwm::readout::Fold::always>;
  BOOST_TEST((distance(gradient_of<SimdBf16, Folded>(), gradient_of<nwm::cpu::Simd<>>()) < 1.5 * off));
}
#else
BOOST_AUTO_TEST_CASE(this_processor_has_no_bfloat16) {
  BOOST_TEST_MESSAGE("skipped: no AVX512-BF16");
  BOOST_TEST(true);
}
#endif
