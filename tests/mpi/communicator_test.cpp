// Ranks that talk to each other: what is sent comes as it was, sums are those of all, neighbours are where a
// grid has them, and a failure names rank and call.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE mpi_communicator

#include "nwm/mpi/communicator.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/mpi/exchange.hpp"
#include "ranks.hpp"

using nwm::mpi::Communicator, nwm::mpi::Exchange, nwm::mpi::RankGrid;
using ranks::Ranks, ranks::world;

BOOST_TEST_GLOBAL_FIXTURE(Ranks);

BOOST_AUTO_TEST_CASE(every_rank_has_what_one_of_them_broadcasts) {
  const Communicator all = world();
  for (int root = 0; root < all.size(); ++root) {
    std::vector<float> values(3, static_cast<float>(all.rank()));
    all.broadcast(std::span(values), root);
    BOOST_TEST(values == std::vector<float>(3, static_cast<float>(root)), boost::test_tools::per_element());
    std::string text(static_cast<std::size_t>(all.rank()), 'x');
    if (all.rank() == root) text = "of rank " + std::to_string(root);
    all.broadcast(text, root);
    BOOST_TEST(text == "of rank " + std::to_string(root));
  }
}

BOOST_AUTO_TEST_CASE(sums_and_lists_have_all_ranks) {
  const Communicator all = world();
  std::vector<double> sum{1, static_cast<double>(all.rank())};
  all.all_reduce(std::span(sum));
  BOOST_TEST(sum[0] == all.size());
  BOOST_TEST(sum[1] == all.size() * (all.size() - 1) / 2);

  // Rank r gives r + 1 numbers.
  std::vector<std::size_t> counts(static_cast<std::size_t>(all.size()));
  std::iota(counts.begin(), counts.end(), std::size_t{1});
  const std::vector<std::uint64_t> mine(static_cast<std::size_t>(all.rank()) + 1,
                                        static_cast<std::uint64_t>(all.rank()));
  std::vector<std::uint64_t> found(std::accumulate(counts.begin(), counts.end(), std::size_t{0}), 99),
      expected;
  all.all_gather(std::span(mine), std::span(found), counts);
  for (std::size_t r = 0; r < counts.size(); ++r) expected.insert(expected.end(), counts[r], r);
  BOOST_TEST(found == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_message_goes_round_and_messages_cross_under_way) {
  const Communicator all = world();
  const int next = (all.rank() + 1) % all.size(), before = (all.rank() + all.size() - 1) % all.size();
  int token = 7;
  if (all.size() > 1) {
    if (!all.is_first()) BOOST_TEST(all.receive(std::span(&token, 1), MPI_ANY_SOURCE) == before);
    token += all.is_first() ? 0 : 1;
    all.send(std::span<const int>(&token, 1), next);
    if (all.is_first()) all.receive(std::span(&token, 1), before);
    BOOST_TEST(token == 7 + (all.is_first() ? all.size() - 1 : all.rank()));
  }
  // Both ways at once, longer than what MPI holds in between.
  const std::vector<double> mine(100000, all.rank());
  std::vector<double> left(mine.size()), right(mine.size());
  Exchange exchange(all);
  exchange.receive(std::span(left), before, 1);
  exchange.receive(std::span(right), next, 2);
  exchange.send(std::span(mine), next, 1);
  exchange.send(std::span(mine), before, 2);
  exchange.wait();
  BOOST_TEST((left == std::vector<double>(mine.size(), before)));
  BOOST_TEST((right == std::vector<double>(mine.size(), next)));
}

BOOST_AUTO_TEST_CASE(a_grid_of_ranks_has_neighbours_with_edges_and_without) {
  const Communicator all = world();
  for (const bool closed : {false, true}) {
    const RankGrid grid(all, 0, 1, {.rows = closed, .columns = false});
    BOOST_TEST(grid.rows() == all.size());
    BOOST_TEST(grid.columns() == 1);
    const bool last = grid.row() + 1 == grid.rows();
    const int below = grid.neighbour(1, 0);
    BOOST_TEST((below == MPI_PROC_NULL) == (last && !closed));
    BOOST_TEST(grid.neighbour(0, 1) == MPI_PROC_NULL);
    BOOST_TEST(grid.neighbour(0, 0) == grid.rank());
    int row = grid.row(), row_above = -1;
    Exchange exchange(grid);
    exchange.receive(std::span(&row_above, 1), grid.neighbour(-1, 0));
    exchange.send(std::span<const int>(&row, 1), below);
    exchange.wait();
    BOOST_TEST(row_above == (row > 0 ? row - 1 : closed ? grid.rows() - 1 : -1));
  }
  const RankGrid square(all, 0, 0, {});
  BOOST_TEST(square.rows() * square.columns() == all.size());
  BOOST_TEST((all.size() != 4 || (square.rows() == 2 && square.columns() == 2)));
  BOOST_CHECK_EXCEPTION(RankGrid(all, 5, 1, {}), nwm::Error, [&](const nwm::Error& e) {
    return std::string(e.what()).find("rows x columns: expected " + std::to_string(all.size()) +
                                      " ranks in all, found 5 x 1") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(a_failure_names_the_rank_and_the_call) {
  const Communicator all = world();
  const int number = 1;
  BOOST_CHECK_EXCEPTION(
      all.send(std::span<const int>(&number, 1), all.size()), nwm::Error, [&](const nwm::Error& e) {
        return std::string(e.what()).starts_with("rank " + std::to_string(all.rank()) +
                                                 ": MPI_Send: expected success, found MPI_ERR_RANK");
      });
  BOOST_CHECK_EXCEPTION(all.count(std::size_t{1} << 31, "MPI_Send"), nwm::Error, [](const nwm::Error& e) {
    return std::string(e.what()).find("expected less than 2^31 numbers at once, found 2147483648") !=
           std::string::npos;
  });
  int argc = 0;
  char** argv = nullptr;
  { const nwm::mpi::Session second(argc, argv); }  // MPI is ended by the first
  int ended = 1;
  MPI_Finalized(&ended);
  BOOST_TEST(!ended);
}
