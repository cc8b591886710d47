// Training over ranks on the device backend, on the host: a rank runs its images in passes, and all gradients
// are added as part of the last one. On a system that queues and records as a GPU does, the sum is recorded,
// too: what nwm::nccl does but for the call of NCCL itself.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE mpi_passes

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "../device/queued.hpp"
#include "../device/training.hpp"
#include "bright.hpp"
#include "nwm/backend/device/host.hpp"
#include "nwm/mpi/trainer.hpp"
#include "ranks.hpp"

namespace {

using nwm::mpi::Communicator, nwm::mpi::Sum;
using ranks::Ranks, ranks::world;

BOOST_TEST_GLOBAL_FIXTURE(Ranks);

using Now = nwm::device::Host<nwm::device::Sequential, 4>;
using Later = nwm::device::Operations<tools::Queued, 4>;
using CapturedGraph = Later::CapturedGraph;

/// MPI's sum, when its turn comes.
class AllReduceInQueue {
 public:
  static constexpr bool queued = true;
  explicit AllReduceInQueue(const Communicator& all) : ranks_(&all) {}
  template <class Real>
  void ask(std::span<Real> values) const {
    tools::Queue::ask([all = ranks_, values] { all->all_reduce(values); });
  }

 private:
  const Communicator* ranks_;
};

template <class Backend>
using Machine = tools::Small<Backend, double>;
template <class Backend, class Adder>
using TrainerOf = nwm::mpi::Trainer<Machine<Backend>, nwm::loss::CrossEntropy, nwm::optimizer::Adam, Adder>;

const nwm::TrainerOptions options{.learning_rate = 1e-2, .batch = 10, .epochs = 2, .improvement = 0};

template <class Trainer>
std::vector<double> trained(Trainer& trainer, const nwm::data::Dataset& set) {
  static const auto validation = tools::blocks(9, 2);
  trainer.fit(set, validation);
  auto all = tools::weights(trainer.current());
  all.push_back(trainer.state().best_loss);
  all.push_back(trainer.last_loss());
  all.push_back(trainer.evaluate(validation).loss);
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(passes_on_ranks_add_up_to_those_of_one_process) {
  const Communicator all = world();
  const auto set = tools::blocks(50, 1);
  nwm::Trainer<Machine<Now>> alone(options);
  TrainerOf<Now, nwm::mpi::AllReduceOnHost> together(all, options);
  BOOST_TEST((together.sum() == Sum::fast));
  const auto expected = trained(alone, set), found = trained(together, set);
  BOOST_TEST(tools::relative(found, expected) < 1e-10);
  // Recorded by a system that works later: the same bits as without.
  TrainerOf<Later, AllReduceInQueue> later(all, options);
  const std::size_t before = CapturedGraph::replays();
  BOOST_TEST((trained(later, set) == found));
  BOOST_TEST(CapturedGraph::replays() > before);
}

BOOST_AUTO_TEST_CASE(what_is_unstable_on_one_rank_is_told_on_all_as_by_one_process) {
  const Communicator all = world();
  nwm::Trainer<Machine<Now>> alone(tools::one_batch);
  const std::string expected = tools::unstable(alone);
  BOOST_TEST(expected.starts_with("epoch 1, step 1, wave step: "), expected);
  TrainerOf<Now, nwm::mpi::AllReduceOnHost> together(all, tools::one_batch);
  BOOST_TEST(tools::unstable(together) == expected);
  TrainerOf<Later, AllReduceInQueue> later(all, tools::one_batch);
  BOOST_TEST(tools::unstable(later) == expected);
  all.barrier();
}

BOOST_AUTO_TEST_CASE(what_passes_cannot_do_is_refused) {
  const Communicator all = world();
  using Trainer = TrainerOf<Now, nwm::mpi::AllReduceOnHost>;
  if (all.size() == 1) {
    BOOST_CHECK_NO_THROW(Trainer(all, Sum::exact, options));
    return;
  }
  BOOST_CHECK_EXCEPTION(Trainer(all, Sum::exact, options), nwm::Error, [](const nwm::Error& e) {
    return std::string(e.what()) ==
           "nwm::mpi::Trainer: sum of a model that runs in passes: expected Sum::fast, found Sum::exact";
  });
  const auto set = tools::blocks(8, 1);
  Trainer trainer(all, {.batch = 1});
  BOOST_CHECK_EXCEPTION(trainer.fit(set, set), nwm::Error, [&](const nwm::Error& e) {
    return std::string(e.what()) == "nwm::mpi::Trainer: images of a batch: expected at least one a rank, " +
                                        std::to_string(all.size()) + ", found 1";
  });
}
