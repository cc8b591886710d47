// What can only be said of a cell once its numbers are known: each is refused by its name.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE misuse_cell

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/cell/gru.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/check/check_cell.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/readout/last.hpp"
#include "nwm/simulation/simulation.hpp"

namespace {

/// Numbers of every kind, and options: `damped` may be branched on, as alpha is read either way; `forced`
/// may not, since force is read only with it.
struct Forced {
  static constexpr std::string_view name = "forced";
  double dt = 0.1;
  float friction = 0.5F;
  int power = 1;
  bool damped = true, forced = false;
  static constexpr auto numbers =
      nwm::cell::numbers("dt", &Forced::dt, "friction", &Forced::friction, "power", &Forced::power, "damped",
                         &Forced::damped, "forced", &Forced::forced);

  enum Field : std::size_t { u, alpha, force };
  static constexpr std::array fields{nwm::cell::encoded_state(u, "u", 1, nwm::Activation::none),
                                     nwm::cell::encoded_map(alpha, "alpha", 1, nwm::Activation::none),
                                     nwm::cell::encoded_map(force, "force", 1, nwm::Activation::none)};
  static constexpr std::size_t recorded = u;
  static constexpr nwm::cell::Coupling coupling{.name = "K", .from = {u}};

  template <class Site>
  static constexpr void update(const Forced& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    next[u] = now[u] + V(cell.dt) * now.coupled();
    next[u] -= V(cell.damped ? cell.friction : 0) * now[alpha];
    if (cell.forced) next[u] += now[force];
  }
};

constexpr nwm::Shape small{.height = 5, .width = 6, .steps = 3, .classes = 2, .encoder_width = 2};
template <class Cell>
using Machine = nwm::WaveMachine<small, nwm::readout::Last, nwm::head::Hidden<3>, Cell, nwm::cpu::Scalar>;
template <class Cell>
using Simulation = nwm::Simulation<Cell, nwm::Grid<5, 6>>;

template <class F>
nwm::Error error_of(const F& f) {
  try {
    f();
  } catch (const nwm::Error& error) {
    BOOST_TEST_MESSAGE(error.what());
    return error;
  }
  return {"none", "none", "none", "none"};
}

/// The cell is refused by whatever takes one, with the same words.
template <class Cell>
void require_refused(const Cell& cell, const std::string& field, const std::string& expected,
                     const std::string& found) {
  Simulation<Cell> waves;
  for (const nwm::Error& error : {error_of([&] { const Machine<Cell> machine({.cell = cell}); }),
                                  error_of([&] { const Simulation<Cell> other({.cell = cell}); }),
                                  error_of([&] { waves.set_cell(cell); }),
                                  error_of([&] { (void)nwm::check_cell<Cell>({.cell = cell}); })}) {
    BOOST_TEST(error.where() == "cell");
    BOOST_TEST(error.field() == field);
    BOOST_TEST(error.expected() == expected);
    BOOST_TEST(error.found() == found);
  }
}

// What `numbers` leaves out, where padding or another type could hide it.
struct Padded {
  bool on = true;
  double dt = 0.1;
  bool other = false;
};
struct Some : Padded {
  static constexpr auto numbers = nwm::cell::numbers("dt", &Padded::dt, "on", &Padded::on);
};
struct Pair {
  double dt = 0.1, c = 1;
  static constexpr auto numbers = nwm::cell::numbers("dt", &Pair::dt, "c", &Pair::c);
};
struct Heir : Pair {};
struct HeirWithMore : Pair {
  float more = 0;
};
struct WithArray {
  double dt = 0.1;
  std::array<double, 1> c{};
  static constexpr auto numbers = nwm::cell::numbers("dt", &WithArray::dt);
};
class Hiding {
 public:
  double dt = 0.1;
  static constexpr auto numbers = nwm::cell::numbers("dt", &Hiding::dt);
  float get() const { return hidden_; }

 private:
  float hidden_ = 0;
};
using nwm::cell::detail::numbers_complete;
static_assert(numbers_complete<Forced>() && numbers_complete<Pair>() && numbers_complete<Heir>());
static_assert(!numbers_complete<Padded>() && !numbers_complete<Some>() && !numbers_complete<HeirWithMore>());
static_assert(!numbers_complete<WithArray>() && !numbers_complete<Hiding>());

}  // namespace

BOOST_AUTO_TEST_CASE(a_time_step_is_a_positive_number) {
  using nwm::cell::Wave;
  require_refused(Wave{.dt = 0}, "dt", "a positive number", "0");
  require_refused(Wave{.dt = -0.1}, "dt", "a positive number", "-0.1");
  require_refused(Wave{.dt = std::numeric_limits<double>::infinity()}, "dt", "a positive number", "inf");
  require_refused(Wave{.dt = std::numeric_limits<double>::quiet_NaN()}, "dt", "a positive number", "nan");
}

BOOST_AUTO_TEST_CASE(other_numbers_are_finite) {
  require_refused(Forced{.friction = std::numeric_limits<float>::infinity()}, "friction", "a finite number",
                  "inf");
  BOOST_CHECK_NO_THROW(Machine<Forced>({.cell = {.friction = -1, .power = 0}}));
}

BOOST_AUTO_TEST_CASE(an_option_does_not_change_what_is_read) {
  BOOST_CHECK_NO_THROW(Machine<Forced>({.cell = {.damped = false}}));
  require_refused(Forced{.forced = true}, "force", "not read by stage 0, as with the cell's default numbers",
                  "read by stage 0");
}

BOOST_AUTO_TEST_CASE(a_refused_cell_changes_nothing) {
  Simulation<nwm::cell::Wave> waves({.cell = {.dt = 0.25}});
  BOOST_CHECK_THROW(waves.set_cell({.dt = 0}), nwm::Error);
  BOOST_TEST(waves.cell().dt == 0.25);
}

BOOST_AUTO_TEST_CASE(numbers_have_names) {
  std::vector<std::pair<std::string, double>> all;
  nwm::cell::for_numbers(Forced{.dt = 0.5, .power = 3},
                         [&](auto name, double value) { all.emplace_back(name, value); });
  const std::vector<std::pair<std::string, double>> expected{
      {"dt", 0.5}, {"friction", 0.5}, {"power", 3}, {"damped", 1}, {"forced", 0}};
  BOOST_TEST((all == expected));
  all.clear();
  nwm::cell::for_numbers(nwm::cell::Gru{}, [&](auto name, double value) { all.emplace_back(name, value); });
  BOOST_TEST(all.empty());
}

// The encoder that the authors' checkpoints hold and nothing uses: parameters, but neither memory nor
// training.
BOOST_AUTO_TEST_CASE(an_unused_encoder_is_parameters_only) {
  using M = Machine<nwm::cell::Gru>;
  std::size_t unused = 0;
  for (const nwm::Slice& slice : M::layout.slices)
    if (slice.name.view().starts_with("classifier.hc_encoder")) {
      BOOST_TEST(!slice.trained);
      unused += slice.size;
    }
  BOOST_TEST(unused == (9U * 1 * 2 + 2) + (9U * 2 * 2 + 2) + (9U * 2 * 2 + 2));
  BOOST_TEST(nwm::cell::field_count<nwm::cell::Gru> == 6U);
  M machine({.seed = 1});
  M::Workspace space;
  const std::vector<float> image(M::image_size, 0.5F);
  std::vector<float> before(M::score_size), after(M::score_size);
  const std::span<const float, M::image_size> in(image);
  machine.scores(in, std::span<float, M::score_size>(before), space);
  for (const nwm::Slice& slice : M::layout.slices)
    if (!slice.trained && slice.name.view().starts_with("classifier.hc_encoder"))
      for (float& w : machine.parameters().subspan(slice.offset, slice.size))
        w = std::numeric_limits<float>::quiet_NaN();
  machine.scores(in, std::span<float, M::score_size>(after), space);
  BOOST_TEST(before == after, boost::test_tools::per_element());
}
