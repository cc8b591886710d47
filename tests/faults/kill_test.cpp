// Programs killed at moments of their own, again and again, and on a full disk: a training goes on with the
// bits of one that ran through; a page is whole or not there. NWM_KILLS=N: so many kills of each, for longer.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE faults_kill

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "../study/tools.hpp"
#include "../train/tools.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/drum/membrane.hpp"
#include "nwm/io/npy.hpp"
#include "nwm/model/weights.hpp"
#include "nwm/random.hpp"
#include "nwm/simulation/simulation.hpp"
#include "nwm/train/saved_training.hpp"
#include "nwm/train/trainer.hpp"
#include "system_calls.hpp"

namespace {

namespace fs = std::filesystem;
using Machine = tools::Small<nwm::cpu::Scalar>;
using Trainer = nwm::Trainer<Machine>;
using tools::Folder;

/// How often each is killed.
int kills(int usual) {
  const char* wanted = std::getenv("NWM_KILLS");
  return wanted ? std::atoi(wanted) : usual;
}

const nwm::data::Dataset& pictures() {
  static const nwm::data::Dataset set = tools::blocks(24, 1);
  return set;
}
const nwm::data::Dataset& held_out() {
  static const nwm::data::Dataset set = tools::blocks(6, 2);
  return set;
}

Trainer trainer() {
  return Trainer({.learning_rate = 1e-2, .batch = 4, .epochs = 6, .seed = 3, .threads = 1});
}

/// Trains to the end from where the file is, which is written after every step.
void train(const fs::path& folder) {
  const fs::path file = folder / "training.safetensors";
  Trainer t = trainer();
  if (fs::exists(file)) nwm::load_training(t, file);
  t.fit(pictures(), held_out(), [&](const nwm::Progress&) { nwm::save_training(t, file); });
  nwm::save(t.best(), folder / "weights.safetensors");
}

/// Performs `action` in a child, killed after so many seconds; its exit status as tools::wait_for gives it.
int killed_after(double seconds, const std::function<void()>& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      action();
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  return tools::kill_after(child, seconds);
}

bool temporaries(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".tmp") return true;
  return false;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_training_killed_again_and_again_has_the_bits_of_one_that_ran_through) {
  const Folder folder;
  const fs::path whole = folder / "whole", killed = folder / "killed";
  fs::create_directory(whole);
  const auto begin = std::chrono::steady_clock::now();
  BOOST_TEST_REQUIRE(killed_after(600, [&] { train(whole); }) == 0);
  const std::chrono::duration<double> once = std::chrono::steady_clock::now() - begin;
  const std::string weights = tools::content(whole / "weights.safetensors");
  BOOST_TEST_REQUIRE(!weights.empty());

  nwm::Random random(1);
  int killings = 0, resumed = 0, ends = 0;
  double longest = 0.3 * once.count();
  for (const int wanted = kills(25); killings < wanted || ends == 0;) {
    fs::remove_all(killed);
    fs::create_directory(killed);
    for (bool ended = false; !ended;) {
      const bool there = fs::exists(killed / "training.safetensors");
      const int status = killed_after(random.uniform(0, longest), [&] { train(killed); });
      ended = status == 0;
      BOOST_TEST_REQUIRE((ended || status == 128 + SIGKILL), "status " << status);
      killings += !ended, resumed += there;
      // Longer after each kill, so that it ends on the slowest machine, and shorter after each end.
      longest *= ended ? 0.5 : 1.1;
      if (!fs::exists(killed / "training.safetensors")) continue;
      Trainer t = trainer();
      BOOST_REQUIRE_NO_THROW(nwm::load_training(t, killed / "training.safetensors"));
      // A file that was loaded says where it is; the step is one that the training has.
      BOOST_TEST(t.state().epoch <= 6u);
    }
    ++ends;
    BOOST_TEST((tools::content(killed / "weights.safetensors") == weights));
    BOOST_TEST(!temporaries(killed));
  }
  BOOST_TEST_MESSAGE(killings << " kills, " << resumed << " goings on, " << ends << " ends");
  BOOST_TEST(resumed > 0);
}

#ifdef NWM_DRUM

BOOST_AUTO_TEST_CASE(a_drum_killed_at_work_leaves_whole_files_or_none) {
  const Folder folder;
  const auto command = [&](const std::string& name) {
    const std::string f = (folder / name).string();
    fs::create_directories(f);
    return std::vector<std::string>{NWM_DRUM,     "--size", "12",         "--steps",    "256",
                                    "--modes",    "2",      "--gif",      f + "/a.gif", "--strip",
                                    f + "/a.png", "--wav",  f + "/a.wav", "--csv",      f + "/a.csv"};
  };
  const auto begin = std::chrono::steady_clock::now();
  BOOST_TEST_REQUIRE(tools::wait_for(tools::start(command("whole"), folder / "output.txt")) == 0);
  const std::chrono::duration<double> once = std::chrono::steady_clock::now() - begin;
  const auto whole = tools::tree(folder / "whole");
  BOOST_TEST_REQUIRE(whole.size() == 4u);

  nwm::Random random(2);
  int killings = 0;
  std::size_t found = 0;
  for (const int wanted = kills(8); killings < wanted;) {
    const bool ended = tools::kill_after(tools::start(command("killed"), folder / "output.txt"),
                                         random.uniform(0, 1.2 * once.count())) == 0;
    killings += !ended;
    for (const auto& [name, bytes] : tools::tree(folder / "killed")) {
      if (name.ends_with(".tmp")) {
        BOOST_TEST(!ended, name);
        continue;
      }
      ++found;
      BOOST_TEST((whole.contains(name) && whole.at(name) == bytes), name);
    }
    if (ended) fs::remove_all(folder / "killed");
  }
  BOOST_TEST_MESSAGE(killings << " kills, " << found << " whole files found after them");
}

#endif

#ifdef NWM_TEST_FAULTS

using faults::Call, faults::Fault, faults::Outcome;

// The disk is full at the n-th write, and stays full: the training ends with the system's reason, and the
// file of the step before is there, from which it goes on.
BOOST_AUTO_TEST_CASE(a_training_on_a_full_disk_ends_with_the_reason_and_goes_on_later) {
  if (!faults::possible()) return;
  const Folder folder;
  const fs::path whole = folder / "whole", full = folder / "full";
  fs::create_directory(whole);
  BOOST_TEST_REQUIRE(killed_after(600, [&] { train(whole); }) == 0);
  for (const int at : {1, 2, 7, 30}) {
    fs::remove_all(full);
    fs::create_directory(full);
    const auto outcome = faults::run({Call::write, Fault::stays_failing, ENOSPC, at}, [&] { train(full); });
    BOOST_TEST_REQUIRE(outcome.fired);
    BOOST_TEST(outcome.end == Outcome::threw_error);
    BOOST_TEST(outcome.text.find("No space left on device") != std::string::npos, outcome.text);
    BOOST_TEST(!temporaries(full));
    BOOST_TEST(killed_after(600, [&] { train(full); }) == 0);
    BOOST_TEST(
        (tools::content(full / "weights.safetensors") == tools::content(whole / "weights.safetensors")));
  }
}

// A training that takes the error of a file that could not be written as news goes on, with the same bits.
BOOST_AUTO_TEST_CASE(a_training_goes_on_where_its_caller_wants_it) {
  if (!faults::possible()) return;
  const Folder folder;
  const auto weights = [&](bool save) {
    Trainer t = trainer();
    int lost = 0;
    t.fit(pictures(), held_out(), [&](const nwm::Progress&) {
      try {
        if (save) nwm::save_training(t, folder / "training.safetensors");
      } catch (const nwm::Error&) {
        ++lost;
      }
    });
    return std::pair(tools::weights(t.best()), lost);
  };
  const auto expected = weights(false).first;
  const auto outcome = faults::run({Call::write, Fault::stays_failing, ENOSPC, 9}, [&] {
    const auto [found, lost] = weights(true);
    if (found != expected || lost < 10) throw lost;
  });
  BOOST_TEST((outcome.fired && outcome.end == Outcome::returned), outcome.text);
}

BOOST_AUTO_TEST_CASE(a_simulation_on_a_full_disk_ends_with_the_reason) {
  if (!faults::possible()) return;
  using Waves = nwm::Simulation<nwm::drum::Membrane, nwm::Grid<8, 8>, 1, nwm::cpu::Scalar, float>;
  const Folder folder;
  const auto simulate = [&] {
    Waves waves;
    for (float& inside : waves.field(nwm::drum::Membrane::inside)) inside = 1;
    waves.field(nwm::drum::Membrane::v)[27] = 1;
    for (int part = 0; part < 20; ++part) {
      waves.run(5);
      nwm::io::write_npy(folder / "field.npy", {8, 8}, waves.field(nwm::drum::Membrane::u));
    }
  };
  const auto outcome = faults::run({Call::write, Fault::stays_failing, ENOSPC, 12}, simulate);
  BOOST_TEST((outcome.fired && outcome.end == Outcome::threw_error), outcome.text);
  BOOST_TEST(outcome.text.find("No space left on device") != std::string::npos, outcome.text);
  BOOST_TEST(tools::content(folder / "field.npy").size() == 128 + 8 * 8 * sizeof(float));
  BOOST_TEST(!temporaries(folder.path));
}

#endif
