// A number of a cell that changes what its functions do, not only what they compute: refused with the words
// that refuse a cell of such defaults, and by the name of the function.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE misuse_cell_functions

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "nwm/cell/cell.hpp"
#include "nwm/cell/check.hpp"
#include "nwm/cell/require.hpp"
#include "nwm/error.hpp"

namespace {

/// Numbers that are an index, a group, a count of groups and the order of two statements.
struct Indexed {
  static constexpr std::string_view name = "indexed";
  int which = 0, taps = 2;
  bool late = false;
  static constexpr auto numbers =
      nwm::cell::numbers("which", &Indexed::which, "taps", &Indexed::taps, "late", &Indexed::late);

  enum Field : std::size_t { u, v };
  static constexpr std::array fields{nwm::cell::encoded_state(u, "u", 1, nwm::Activation::none),
                                     nwm::cell::resting_state(v, "v")};
  static constexpr std::size_t recorded = u;
  static constexpr nwm::cell::Coupling coupling{.name = "K", .from = {u, v}, .groups = 2};

  template <class Site>
  static constexpr void update(const Indexed& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    V sum = now[u] + now[v];
    for (int g = 0; g < cell.taps; ++g) sum += now.coupled(static_cast<std::size_t>(g));
    if (cell.late) next[u] = V(0.1) * next[v];
    next[v] = sum - now[static_cast<std::size_t>(cell.which)];
    next[u] = next[v];
  }
};

/// Numbers that change what functions besides `update` set and read.
struct Options {
  static constexpr std::string_view name = "options";
  double dt = 0.1;
  bool damped = true, pulled = true, forgets_u = false, forgets_v = false, reads_force = false,
       other_map = false;
  static constexpr auto numbers =
      nwm::cell::numbers("dt", &Options::dt, "damped", &Options::damped, "pulled", &Options::pulled,
                         "forgets_u", &Options::forgets_u, "forgets_v", &Options::forgets_v, "reads_force",
                         &Options::reads_force, "other_map", &Options::other_map);

  enum Field : std::size_t { u, v, mass, force };
  static constexpr std::array fields{nwm::cell::encoded_state(u, "u", 1, nwm::Activation::none),
                                     nwm::cell::resting_state(v, "v"),
                                     nwm::cell::encoded_map(mass, "mass", 1, nwm::Activation::relu),
                                     nwm::cell::encoded_map(force, "force", 1, nwm::Activation::none)};
  static constexpr std::size_t recorded = u;
  static constexpr nwm::cell::Coupling coupling{.name = "K", .from = {u}};

  template <class Site>
  static constexpr void update(const Options& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    next[v] = now[v] + V(cell.dt) * (now.coupled() - now[mass]);
    next[u] = now[u] + V(cell.dt) * next[v];
  }
  template <class Site>
  static constexpr void adjoint(const Options& cell, const Site&, const Site& gradient, Site& to) {
    using V = typename Site::Value;
    const V velocity = gradient[v] + V(cell.dt) * gradient[u];
    if (cell.pulled) to.coupled() = V(cell.dt) * velocity;
    if (cell.damped) to[mass] = -(V(cell.dt) * velocity);
    to[u] = gradient[u];
    to[v] = velocity;
  }
  static constexpr const char* bound = "dt mass < 1";
  template <class Site>
  static constexpr typename Site::Value stability(const Options& cell, const Site& map) {
    return typename Site::Value(cell.dt) * map[cell.other_map ? force : mass];
  }
  template <class Site>
  static constexpr void coupled_before(const Options& cell, const Site& after, Site& before) {
    if (!cell.forgets_u) before[u] = after[u] - typename Site::Value(cell.dt) * after[v];
  }
  template <class Site>
  static constexpr void inverse(const Options& cell, const Site& after, Site& before) {
    using V = typename Site::Value;
    before[u] = after[u] - V(cell.dt) * after[v];
    if (!cell.forgets_v) before[v] = after[v] - V(cell.dt) * (after.coupled() - after[mass]);
    if (cell.reads_force) before[v] += after[force];
  }
  [[maybe_unused]] static constexpr const char* inverse_bound = "none";
  template <class Site>
  static constexpr typename Site::Value inverse_growth(const Options&, const Site& map) {
    return typename Site::Value(1) + map[mass] - map[mass];
  }
};

static_assert(nwm::cell::checked<Indexed>() && nwm::cell::checked<Options>());

// What takes a cell is in cell_test.cpp. Here it would only make compilers warn of what is refused.
template <class Cell>
void require_refused(const Cell& cell, const std::string& field, const std::string& expected,
                     const std::string& found) {
  const auto is_told = [&](const nwm::Error& error) {
    BOOST_TEST_MESSAGE(error.what());
    BOOST_TEST(error.where() == "cell");
    BOOST_TEST(error.field() == field);
    BOOST_TEST(error.expected() == expected);
    BOOST_TEST(error.found() == found);
    return true;
  };
  BOOST_CHECK_EXCEPTION(nwm::cell::require_numbers(cell), nwm::Error, is_told);
}

}  // namespace

BOOST_AUTO_TEST_CASE(cells_with_their_defaults_are_right) {
  BOOST_CHECK_NO_THROW(nwm::cell::require_numbers(Options{}));
  BOOST_CHECK_NO_THROW(nwm::cell::require_numbers(Indexed{.which = 1}));
  BOOST_CHECK_NO_THROW(nwm::cell::require_numbers(Indexed{.taps = 1}));
}

BOOST_AUTO_TEST_CASE(a_number_that_is_an_index) {
  require_refused(Indexed{.which = 1000}, "update of stage 0", "only fields that `fields` describes",
                  "another field, with these numbers");
  require_refused(Indexed{.which = -1}, "update of stage 0", "only fields that `fields` describes",
                  "another field, with these numbers");
  require_refused(Indexed{.taps = 9}, "update of stage 0", "only groups that the coupling has: see .groups",
                  "another group, with these numbers");
}

BOOST_AUTO_TEST_CASE(a_number_that_changes_the_order) {
  require_refused(Indexed{.late = true}, "update of stage 0",
                  "only values that are set: the old value of a field is now[u], not next[u]",
                  "a value that nothing has set, with these numbers");
}

BOOST_AUTO_TEST_CASE(a_number_that_leaves_gaps_in_an_adjoint) {
  require_refused(Options{.damped = false}, "adjoint of stage 0", "to[mass] set",
                  "not set, with these numbers");
  require_refused(Options{.pulled = false}, "adjoint of stage 0", "to.coupled() set",
                  "not set, with these numbers");
}

BOOST_AUTO_TEST_CASE(a_number_that_leaves_gaps_in_the_step_back) {
  require_refused(Options{.forgets_u = true}, "inverse", "before[u] set", "not set, with these numbers");
  require_refused(Options{.forgets_v = true}, "inverse", "before[v] set", "not set, with these numbers");
  require_refused(Options{.reads_force = true}, "force",
                  "not read by `inverse`, as with the cell's default numbers", "read");
}

BOOST_AUTO_TEST_CASE(a_number_that_bounds_the_step_by_another_map) {
  require_refused(Options{.other_map = true}, "force",
                  "not read by `stability` and `growth`, as with the cell's default numbers", "read");
}
