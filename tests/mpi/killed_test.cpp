// A rank of a training that dies, at moments of its own: the launcher names it, what is saved is whole, and
// the same command goes on to the bits of one process that ran through.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE mpi_killed

#include <boost/test/unit_test.hpp>
#include <chrono>
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

int run(int ranks, const std::vector<std::string>& arguments, const fs::path& output) {
  std::vector<std::string> program{NWM_MPI_TRAIN};
  program.insert(program.end(), arguments.begin(), arguments.end());
  fs::remove(output);
  return tools::wait_for(tools::start(ranks::command(ranks, program), output));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_rank_that_is_killed_is_named_and_the_same_command_goes_on_to_the_same_bits) {
  const Folder folder;
  const fs::path whole = folder / "whole", killed = folder / "killed", output = folder / "output.txt";
  fs::create_directory(whole), fs::create_directory(killed);
  BOOST_TEST_REQUIRE(run(1, {whole.string()}, output) == 0, tools::content(output));
  const std::string weights = tools::content(whole / "weights.safetensors");
  BOOST_TEST_REQUIRE(!weights.empty());

  const auto begin = std::chrono::steady_clock::now();
  fs::create_directory(folder / "once");
  BOOST_TEST_REQUIRE(run(3, {(folder / "once").string()}, output) == 0, tools::content(output));
  const std::chrono::duration<double> once = std::chrono::steady_clock::now() - begin;

  nwm::Random random(1);
  int killings = 0, resumed = 0;
  for (const int ranks : {3, 2}) {
    fs::remove_all(killed);
    fs::create_directory(killed);
    for (int i = 0; i < 3; ++i) {
      const int victim = i % ranks;
      const bool there = fs::exists(killed / "training.safetensors");
      const std::string seconds = std::to_string(random.uniform(0, 0.6 * once.count()));
      const int status = run(ranks, {killed.string(), std::to_string(victim), seconds}, output);
      const std::string text = tools::content(output);
      if (status == 0) break;  // faster than it was killed
      ++killings, resumed += there;
#ifdef NWM_OPEN_MPI
      BOOST_TEST(tools::has(text, "process rank " + std::to_string(victim)), text);
      BOOST_TEST(tools::has(text, "signal 9 (Killed)"), text);
#endif
      if (!fs::exists(killed / "training.safetensors")) continue;
      nwm::Trainer<tools::Small<nwm::cpu::Scalar>> trainer(
          {.learning_rate = 1e-2, .batch = 4, .epochs = 20, .seed = 3, .threads = 1});
      BOOST_REQUIRE_NO_THROW(nwm::load_training(trainer, killed / "training.safetensors"));
    }
    BOOST_TEST(run(ranks, {killed.string()}, output) == 0, tools::content(output));
    BOOST_TEST((tools::content(killed / "weights.safetensors") == weights));
  }
  BOOST_TEST_MESSAGE(killings << " kills, " << resumed << " goings on");
  BOOST_TEST(killings > 0);
}

// What a rank throws, mpiexec's status tells; its text stands on the error stream, the rank before it.
BOOST_AUTO_TEST_CASE(an_error_ends_all_ranks_and_names_its_own) {
  const Folder folder;
  const fs::path output = folder / "output.txt";
  BOOST_TEST(run(2, {}, output) != 0);
  const std::string text = tools::content(output);
  BOOST_TEST(tools::has(text, " of 2: mpi_train: arguments: expected FOLDER [RANK SECONDS], found others"),
             text);
  // Rank 0 alone reads the file, and fails; the others wait for it no longer than that.
  tools::put(folder / "training.safetensors", "no such file");
  BOOST_TEST(run(3, {folder.path.string()}, output) != 0);
  BOOST_TEST(tools::has(tools::content(output), "rank 0 of 3: "), tools::content(output));
}
