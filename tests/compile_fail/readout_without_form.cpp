// expect: Sum
// expect: form<
// max-lines: 15
// max-errors: 0
// A readout that forms no features.
#include "nwm/model/wave_machine.hpp"

struct Sum {
  static constexpr std::string_view name = "sum";
  template <std::size_t>
  static constexpr std::size_t features = 1;
  template <std::size_t>
  static constexpr std::size_t rows = 1;
  template <std::size_t steps>
  static constexpr std::size_t matrix_rows = steps / 2 + 1;
  static constexpr bool learns_matrix = false;

  template <class B, std::size_t, std::size_t, std::size_t, class Real>
  static void gather(const Real*, std::size_t, const Real*, Real*);
  template <class B, std::size_t, std::size_t, std::size_t, class Real>
  static void gather_adjoint(const Real*, std::size_t, const Real*, const Real*, Real*, Real*);
#ifdef NWM_SHOULD_COMPILE
  template <class B, std::size_t, std::size_t, class Real>
  static void form(const Real*, std::size_t, Real*, std::size_t);
#endif
  template <class B, std::size_t, std::size_t, class Real>
  static void form_adjoint(Real*, std::size_t, const Real*, std::size_t);
};

nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, Sum>* machine;
