// Waves on a grid whose rows are shared out to ranks: the bits of one process whatever the cell, the
// boundary and the split; probes, errors and saved states are those of the whole.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE mpi_simulation

#include "nwm/mpi/simulation.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../simulation/drifting.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/cell/lstm.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/drum/drum.hpp"
#include "nwm/mpi/probes.hpp"
#include "nwm/mpi/saved_simulation.hpp"
#include "nwm/random.hpp"
#include "ranks.hpp"

using nwm::cell::Wave;
using nwm::mpi::Communicator;
using ranks::Ranks, ranks::world;
using tools::Drifting;
namespace cpu = nwm::cpu;

BOOST_TEST_GLOBAL_FIXTURE(Ranks);

namespace {

/// u[-1] = u[1]: with one row a rank, the second row is with another.
struct MirrorAtNodes {
  static constexpr std::string_view name = "mirror_at_nodes";
  static constexpr bool self_adjoint = false;
  static constexpr std::ptrdiff_t source(std::ptrdiff_t i, std::ptrdiff_t n) {
    return i < 0 ? std::min(n - 1, -i) : i >= n ? std::max<std::ptrdiff_t>(0, 2 * n - 2 - i) : i;
  }
};

/// Two stages, one of nine taps and one of a single tap, with scratch between them.
struct TwoStages {
  static constexpr std::string_view name = "two_stages";
  double dt = 0.1;
  static constexpr auto numbers = nwm::cell::numbers("dt", &TwoStages::dt);
  enum Field : std::size_t { u, v, source, force };
  static constexpr std::array fields{nwm::cell::resting_state(u, "u"), nwm::cell::resting_state(v, "v"),
                                     nwm::cell::given_map(source, "source"),
                                     nwm::cell::intermediate(force, "force")};
  static constexpr std::size_t recorded = u;
  struct Pull {
    static constexpr nwm::cell::Coupling coupling{.name = "near", .from = {u, v}};
    template <class Site>
    static constexpr void update(const TwoStages&, const Site& now, Site& next) {
      next[force] = nwm::math::tanh(now.coupled()) + now[source];
    }
  };
  struct Move {
    static constexpr nwm::cell::Coupling coupling{.name = "self", .from = {force}, .size = 1};
    template <class Site>
    static constexpr void update(const TwoStages& cell, const Site& now, Site& next) {
      using V = typename Site::Value;
      next[v] = now[v] + V(cell.dt) * (now.coupled() - now[u]);
      next[u] = now[u] + V(cell.dt) * next[v];
    }
  };
  using Stages = std::tuple<Pull, Move>;
};

/// Every field of a simulation over ranks is, on rank 0, that of one process.
template <class Waves>
bool same_fields(const Waves& shared, const typename Waves::Alone& alone) {
  bool same = true;
  for (std::size_t f = 0; f < Waves::field_count; ++f) {
    const auto found = shared.gather(f);
    const auto expected = alone.field(f);
    same = same && (!shared.ranks().is_first() ||
                    std::equal(found.begin(), found.end(), expected.begin(), expected.end()));
  }
  return same;
}

/// The same random start on one process and on all, and `steps` steps.
template <class Waves>
void compare(const char* what, std::size_t steps = 9) {
  const Communicator all = world();
  if (static_cast<std::size_t>(all.size()) > Waves::Grid::height) return;
  typename Waves::Alone alone({.cell = {}, .seed = 3});
  Waves shared(all, {.cell = {}, .seed = 3});
  if constexpr (std::same_as<typename Waves::Cell, Drifting>) {
    tools::set_weights(alone.parameters().data(), Waves::channels);
    tools::set_weights(shared.parameters().data(), Waves::channels);
  }
  nwm::Random random(6);
  for (std::size_t f = 0; f < Waves::field_count; ++f) {
    const auto values = alone.field(f);
    for (auto& v : values) v = static_cast<typename Waves::Real>(random.uniform(0, 1));
    shared.fill(f, [&](std::size_t c, std::size_t y, std::size_t x) { return alone.at(f)(c, y, x); });
  }
  BOOST_TEST(same_fields(shared, alone), what << ", before");
  BOOST_TEST(alone.run(steps) == shared.run(steps));
  BOOST_TEST(shared.steps() == steps);
  BOOST_TEST(same_fields(shared, alone), what << " on " << all.size() << " ranks");
  alone.run(2);
  shared.run(2, [](const Waves&) {});
  BOOST_TEST(same_fields(shared, alone), what << ", seen step by step");
}

template <class Cell, class Grid, std::size_t channels, class Backend = cpu::Simd<>, class Real = float>
using Shared = nwm::mpi::Simulation<Cell, Grid, channels, Backend, Real>;

}  // namespace

BOOST_AUTO_TEST_CASE(every_row_has_one_rank) {
  for (std::size_t height = 1; height < 30; ++height)
    for (int ranks = 1; ranks <= static_cast<int>(height); ++ranks) {
      const nwm::mpi::RowSplit split(height, ranks);
      BOOST_REQUIRE(split.first(0) == 0 && split.first(ranks) == height);
      for (int r = 0; r < ranks; ++r) {
        BOOST_REQUIRE(split.count(r) >= height / static_cast<std::size_t>(ranks));
        for (std::size_t y = split.first(r); y < split.first(r + 1); ++y) BOOST_REQUIRE(split.owner(y) == r);
      }
    }
  BOOST_CHECK_EXCEPTION(nwm::mpi::RowSplit(3, 4), nwm::Error, [](const nwm::Error& e) {
    return e.expected() == "1 to 3, a row each" && e.found() == "4";
  });
}

// Moved row by row: five points. Heights that no number of ranks divides, down to a row each.
BOOST_AUTO_TEST_CASE(rows_of_five_points_are_those_of_one_process) {
  compare<Shared<Drifting, nwm::Grid<23, 37, nwm::Periodic>, 2>>("float, periodic");
  compare<Shared<Drifting, nwm::Grid<41, 16, nwm::Zero>, 1, cpu::Simd<>, double>>("double, zero");
  compare<Shared<Drifting, nwm::Grid<7, 50, nwm::Reflecting>, 1>>("float, reflecting");
  compare<Shared<Drifting, nwm::Grid<4, 9, nwm::Periodic>, 1, cpu::Simd<>, double>>("a row each");
  // Several steps between two exchanges, the last of them fewer; as many as 32 rows a rank allow.
  for (const std::size_t steps : {1u, 2u, 9u, 16u, 19u}) {
    compare<Shared<Drifting, nwm::Grid<129, 37, nwm::Periodic>, 2>>("passes, periodic", steps);
    compare<Shared<Drifting, nwm::Grid<130, 9, nwm::Zero>, 1, cpu::Simd<>, double>>("passes, zero", steps);
    compare<Shared<Drifting, nwm::Grid<67, 17, nwm::Reflecting>, 1>>("passes, reflecting", steps);
  }
  compare<Shared<Drifting, nwm::Grid<4, 9, MirrorAtNodes>, 1>>("a mirror one row away");
}

// Gathered in windows: all else.
BOOST_AUTO_TEST_CASE(windows_of_rows_are_those_of_one_process) {
  compare<Shared<TwoStages, nwm::Grid<45, 37, nwm::Zero>, 3>>("two stages, float, zero");
  compare<Shared<TwoStages, nwm::Grid<13, 33, nwm::Reflecting>, 2, cpu::Simd<>, double>>(
      "two stages, double");
  compare<Shared<nwm::cell::Lstm, nwm::Grid<27, 19>, 2>>("an LSTM, float, periodic");
  compare<Shared<Wave, nwm::Grid<33, 21>, 2, cpu::Simd<>, double>>("coupled channels");
  compare<Shared<TwoStages, nwm::Grid<11, 6, MirrorAtNodes>, 2, cpu::Scalar>>("the specification, a mirror");
  compare<Shared<TwoStages, nwm::Grid<5, 3, nwm::Zero>, 1, cpu::Scalar, double>>("the specification, zero");
}

// A mask, its rim and a sponge are maps of the cell: rows of them stand where the waves do.
BOOST_AUTO_TEST_CASE(drums_of_every_edge_sound_as_on_one_process) {
  using Edge = nwm::drum::Boundary;
  const auto sound = [](const nwm::mask::Outline& outline, auto grid, Edge edge) {
    using G = decltype(grid);
    nwm::Drum<G, cpu::Simd<>> drum(outline, {.dt = 0.3, .damping = 0.01, .edge = edge, .sponge = 5});
    drum.strike({9, 12}, {.width = 1.5});
    auto& alone = drum.waves();
    Shared<nwm::drum::Membrane, G, 1> shared(world(), {.cell = alone.cell()});
    for (std::size_t f = 0; f < shared.field_count; ++f)
      shared.fill(f, [&](std::size_t c, std::size_t y, std::size_t x) { return alone.at(f)(c, y, x); });
    alone.run(80);
    shared.run(80);
    BOOST_TEST(same_fields(shared, alone), "edge " << static_cast<int>(edge));
    const auto u = shared.gather(nwm::drum::Membrane::u);
    if (world().is_first()) BOOST_TEST(*std::max_element(u.begin(), u.end()) > 0);
  };
  sound(nwm::mask::square(14), nwm::Grid<21, 25, nwm::Zero>{}, Edge::clamped);
  sound(nwm::mask::disc(8), nwm::Grid<21, 25, nwm::Zero>{}, Edge::reflecting);
  sound(nwm::mask::whole(), nwm::Grid<21, 25, nwm::Periodic>{}, Edge::periodic);
  sound(nwm::mask::whole(), nwm::Grid<21, 25, nwm::Zero>{}, Edge::absorbing);
}

BOOST_AUTO_TEST_CASE(sources_and_probes_are_where_their_rows_are) {
  using Waves = Shared<Drifting, nwm::Grid<11, 20, nwm::Zero>, 2, cpu::Simd<>, double>;
  const std::vector<nwm::mpi::Place> places{{1, 10, 19}, {0, 0, 0}, {0, 5, 7}, {1, 5, 7}, {0, 10, 3}};
  typename Waves::Alone alone;
  Waves shared(world());
  const auto pump = [](auto& now) {
    const auto one = [&](std::size_t row, double push) { now.at(Drifting::v)(0, row, 7) += push; };
    if constexpr (requires { now.owns(0); }) {
      for (std::size_t row : {3u, 9u})
        if (now.owns(row)) one(row, 0.01 * static_cast<double>(row));
    } else {
      for (std::size_t row : {3u, 9u}) one(row, 0.01 * static_cast<double>(row));
    }
  };
  for (std::size_t f : {std::size_t{Drifting::u}, std::size_t{Drifting::speed2}}) {
    for (double& v : alone.field(f)) v = 0.5;
    shared.fill(f, [](std::size_t, std::size_t, std::size_t) { return 0.5; });
  }
  std::vector<double> heard;
  std::size_t step = 0;
  alone.run(30, pump, [&](const auto& now) {
    if (++step % 3 == 0)
      for (const auto& p : places) heard.push_back(now.at(Drifting::u)(p.channel, p.row, p.column));
  });
  nwm::mpi::Probes probes(shared, Drifting::u, places, 3);
  BOOST_TEST(shared.run(30, pump, probes) == 30u);
  BOOST_TEST(same_fields(shared, alone));
  const auto found = probes.gather();
  if (world().is_first()) BOOST_TEST((found == heard));
  else BOOST_TEST(found.empty());
  BOOST_TEST(probes.samples() == 10u);
  BOOST_CHECK_THROW(nwm::mpi::Probes(shared, Drifting::u, {{2, 0, 0}}), nwm::Error);
  BOOST_CHECK_THROW(nwm::mpi::Probes(shared, Drifting::u, {{0, 0, 0}}, 0), nwm::Error);

  // One rank's word ends the run of all.
  shared.reset();
  const auto last = [&](const Waves& now) { return !(now.owns(10) && now.steps() == 7); };
  BOOST_TEST(shared.run(100, last) == 7u);
}

BOOST_AUTO_TEST_CASE(what_one_rank_finds_wrong_ends_all) {
  using Waves = Shared<nwm::drum::Membrane, nwm::Grid<9, 10, nwm::Zero>, 1>;
  using Cell = nwm::drum::Membrane;
  const Communicator all = world();
  const auto message = [](const auto& act) {
    try {
      act();
    } catch (const nwm::Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  Waves waves(all, {.cell = {}, .check_every = 4});
  if (waves.owns(8)) waves.at(Cell::alpha)(0, 8, 3) = 5;
  BOOST_TEST(message([&] { waves.run(1); }).find(Cell::bound) != std::string::npos);
  waves.fill(Cell::alpha, [](std::size_t, std::size_t, std::size_t) { return 0; });
  BOOST_TEST(message([&] {
               waves.run(100, [](Waves& now) {
                 if (now.owns(8) && now.steps() == 2)
                   now.at(Cell::u)(0, 8, 9) = std::numeric_limits<float>::infinity();
               });
             }).starts_with("step 4: u(0, "));
  BOOST_TEST(waves.steps() == 4u);
  waves.reset();
  if (all.rank() + 1 == all.size() && all.size() > 1) waves.set_cell({.dt = 0.25});
  BOOST_TEST((message([&] { waves.run(1); }) ==
              (all.size() == 1 ? std::string()
                               : "rank " + std::to_string(all.size() - 1) +
                                     ": cell.dt: expected 0.5, as rank 0 has, found 0.25")));
  waves.set_cell({});
  waves.reset();
  waves.parameters()[0] = 1;
  BOOST_TEST(message([&] { waves.run(1); }).find("0 outside the five points") != std::string::npos);
  BOOST_CHECK_THROW(waves.field(5), nwm::Error);
  BOOST_CHECK_THROW(waves.parameter("W"), nwm::Error);
}

BOOST_AUTO_TEST_CASE(a_saved_state_goes_on_to_the_same_bits_on_fewer_ranks) {
  using Waves = Shared<TwoStages, nwm::Grid<13, 10, nwm::Zero>, 2>;
  const Communicator all = world();
  const std::string file = "state.safetensors";
  Waves waves(all, {.cell = {}, .seed = 9});
  nwm::Random random(8);
  std::vector<float> start(2 * 130);
  for (float& v : start) v = static_cast<float>(random.uniform(-1, 1));
  waves.fill(TwoStages::u,
             [&](std::size_t c, std::size_t y, std::size_t x) { return start[(c * 13 + y) * 10 + x]; });
  waves.run(20);
  const std::vector<float> heard{1, 2, 3};
  nwm::mpi::save(waves, file, {{"sound", heard}});
  waves.run(15);

  // A reader of the format sees the tensors.
  if (all.is_first()) {
    const auto read = nwm::io::read_safetensors(file);
    BOOST_TEST(read.metadata.at("steps") == "20");
    BOOST_TEST((read.at("field.force").shape == std::vector<std::size_t>{2, 13, 10}));
    BOOST_TEST((read.values<float>("beside.sound") == heard));
    BOOST_TEST(read.values<float>("parameter.near.weight").size() == 2u * 4 * 9);
  }
  std::vector<std::vector<float>> expected;
  for (std::size_t f = 0; f < Waves::field_count; ++f) expected.push_back(waves.gather(f));
  const int fewer = std::max(1, all.size() - 1);
  MPI_Comm some = MPI_COMM_NULL;
  MPI_Comm_split(all.get(), all.rank() < fewer ? 0 : MPI_UNDEFINED, all.rank(), &some);
  if (some != MPI_COMM_NULL) {
    const Communicator others(some);
    Waves again(others, {.cell = {}, .seed = 1});
    const auto beside = nwm::mpi::load(again, file);
    BOOST_TEST(again.steps() == 20u);
    if (others.is_first()) BOOST_TEST((beside.at("sound") == heard));
    again.run(15);
    for (std::size_t f = 0; f < Waves::field_count; ++f) BOOST_TEST((again.gather(f) == expected[f]), f);

    // What does not fit is told on all ranks, and changes nothing.
    const auto refused = [&](auto& other, const std::string& path, const std::string& text) {
      BOOST_CHECK_EXCEPTION(nwm::mpi::load(other, path), nwm::Error, [&](const nwm::Error& e) {
        return std::string(e.what()).find(text) != std::string::npos;
      });
    };
    Waves slower(others, {.cell = {.dt = 0.05}});
    refused(slower, file, "cell.dt: expected 0.05, found 0.1");
    Shared<TwoStages, nwm::Grid<13, 12, nwm::Zero>, 2> wider(others);
    refused(wider, file, "tensor 'field.u': expected F32 of (2, 13, 12)");
    refused(again, "none.safetensors", "No such file");
    if (others.is_first()) {
      std::filesystem::copy_file(file, "short.safetensors",
                                 std::filesystem::copy_options::overwrite_existing);
      std::filesystem::resize_file("short.safetensors", 1000);
    }
    refused(again, "short.safetensors", "short.safetensors: ");
    BOOST_CHECK_THROW(nwm::mpi::save(again, "no/folder/state.safetensors"), nwm::Error);
    for (std::size_t f = 0; f < Waves::field_count; ++f) BOOST_TEST((again.gather(f) == expected[f]), f);
    MPI_Comm_free(&some);
  }
  all.barrier();
}
