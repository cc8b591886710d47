// A backend of one's own: a type with the words of nwm/backend/backend.hpp. This one takes most of them from
// the fast CPU backend and watches one, the coupling: it counts the multiplications that stencils make, and
// runs a machine on it.
#include <array>
#include <cstdio>
#include <nwm/nwm.hpp>
#include <string_view>

struct Metered : nwm::cpu::Simd<> {
  static constexpr std::string_view name = "metered";
  static inline std::size_t multiplications = 0;

  template <class S, class G, nwm::Activation f, class Real, std::size_t n>
  static void couple(const Real* parameters, const std::array<const Real*, n>& parts, Real* out,
                     Real* scratch) {
    multiplications += S::weights * G::sites;
    nwm::cpu::Simd<>::couple<S, G, f>(parameters, parts, out, scratch);
  }
};
static_assert(nwm::Backend<Metered>);

template <class Backend>
using Machine = nwm::WaveMachine<
    nwm::Shape{.height = 16, .width = 16, .oscillators = 2, .steps = 12, .classes = 5, .encoder_width = 4},
    nwm::readout::Linear, nwm::head::Narrow, nwm::cell::Wave, Backend>;

int main() {
  const auto data = nwm::data::polygons<Machine<Metered>>({.images = 10, .seed = 1});
  const auto metered = nwm::predict(Machine<Metered>(), data.train, 1);
  const auto plain = nwm::predict(Machine<nwm::cpu::Simd<>>(), data.train, 1);
  constexpr std::size_t encoders = 2 * (36 + 144 + 72) + (36 + 2 * 144 + 72), waves = 12 * 36;  // weights
  const std::size_t expected = data.train.size() * (encoders + waves) * 256;
  std::printf("%zu multiplications in stencils, %zu expected; the same scores: %s\n",
              Metered::multiplications, expected,
              metered.scores.values == plain.scores.values ? "yes" : "no");
  return Metered::multiplications == expected && metered.scores.values == plain.scores.values ? 0 : 1;
}
