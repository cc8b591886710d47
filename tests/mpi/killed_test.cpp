// A rank of a training that dies, in any of its steps: the launcher names it, what is saved is whole, and
// the same command goes on to the bits of one process that ran through.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE mpi_killed

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "../study/tools.hpp"
#include "../train/tools.hpp"
#include "mpiexec.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/random.hpp"
#include "nwm/train/saved_training.hpp"
#include "nwm/train/trainer.hpp"

namespace {

namespace fs = std::filesystem;
using tools::Folder;

/// The status. What mpiexec says goes to the file `output`, as does what ranks say on the error stream where
/// no other is named.
int run(int ranks, const std::vector<std::string>& arguments, const fs::path& output,
        const fs::path& errors = {}) {
  std::vector<std::string> program{NWM_MPI_TRAIN};
  program.insert(program.end(), arguments.begin(), arguments.end());
  fs::remove(output);
  return tools::wait_for(tools::start(ranks::command(ranks, program, errors.string()), output));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_rank_that_is_killed_is_named_and_the_same_command_goes_on_to_the_same_bits) {
  const Folder folder;
  const fs::path whole = folder / "whole", killed = folder / "killed", output = folder / "output.txt";
  fs::create_directory(whole), fs::create_directory(killed);
  BOOST_TEST_REQUIRE(run(1, {whole.string()}, output) == 0, tools::content(output));
  const std::string weights = tools::content(whole / "weights.safetensors");
  BOOST_TEST_REQUIRE(!weights.empty());

  nwm::Random random(1);
  for (const int ranks : {3, 2}) {
    fs::remove_all(killed);
    fs::create_directory(killed);
    for (int i = 0; i < 3; ++i) {
      const int victim = i % ranks;
      // The first step is saved whole; three times at most 30 are of 120.
      const std::string steps = std::to_string(2 + random.below(29));
      const int status = run(ranks, {killed.string(), std::to_string(victim), steps}, output);
      const std::string text = tools::content(output);
      BOOST_TEST(status != 0, text);
#ifdef NWM_OPEN_MPI
      BOOST_TEST(tools::has(text, "process rank " + std::to_string(victim)), text);
      BOOST_TEST(tools::has(text, "signal 9 (Killed)"), text);
#endif
      BOOST_TEST_REQUIRE(fs::exists(killed / "training.safetensors"));  // the next one goes on from it
      nwm::Trainer<tools::Small<nwm::cpu::Scalar>> trainer(
          {.learning_rate = 1e-2, .batch = 4, .epochs = 20, .seed = 3, .threads = 1});
      BOOST_REQUIRE_NO_THROW(nwm::load_training(trainer, killed / "training.safetensors"));
    }
    BOOST_TEST(run(ranks, {killed.string()}, output) == 0, tools::content(output));
    BOOST_TEST((tools::content(killed / "weights.safetensors") == weights));
  }
}

// What a rank throws, mpiexec's status tells; its text stands on the error stream, the rank before it.
BOOST_AUTO_TEST_CASE(an_error_ends_all_ranks_and_names_its_own) {
  const Folder folder;
  const fs::path output = folder / "output.txt", errors = folder / "errors.txt";
  BOOST_TEST(run(2, {}, output, errors) != 0);
  BOOST_TEST(tools::has(tools::content(errors),
                        " of 2: mpi_train: arguments: expected FOLDER [RANK STEPS], found others"),
             tools::content(errors));
  // Rank 0 alone reads the file, and fails; the others wait for it no longer than that.
  tools::put(folder / "training.safetensors", "no such file");
  fs::remove(errors);
  BOOST_TEST(run(3, {folder.path.string()}, output, errors) != 0);
  BOOST_TEST(tools::has(tools::content(errors), "rank 0 of 3: "), tools::content(errors));
}
