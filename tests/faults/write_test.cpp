// Everything that writes a file, with each of its system calls failing in turn, and with the process killed
// at each: an nwm::Error with the system's reason, or success; a file that is whole, the old one or the new;
// and no temporary that stays.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE faults_write

#include <array>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../../examples/sequence/journal.hpp"
#include "../../examples/study/journal.hpp"
#include "../../examples/study/report.hpp"
#include "../../examples/study/results.hpp"
#include "../../examples/study/settings.hpp"
#include "../train/tools.hpp"
#include "nwm/data/npy.hpp"
#include "nwm/data/npy_sequences.hpp"
#include "nwm/io/npy.hpp"
#include "nwm/model/weights.hpp"
#include "nwm/plot/gallery.hpp"
#include "nwm/plot/gif.hpp"
#include "nwm/plot/png.hpp"
#include "nwm/report/drum.hpp"
#include "nwm/report/network.hpp"
#include "nwm/report/training.hpp"
#include "nwm/sound/wav.hpp"
#include "nwm/train/predict.hpp"
#include "nwm/train/saved_training.hpp"
#include "nwm/train/trainer.hpp"
#include "system_calls.hpp"

#ifdef NWM_TEST_FAULTS

namespace {

namespace fs = std::filesystem;
namespace plot = nwm::plot;
namespace report = nwm::report;
using faults::Call, faults::Fault, faults::Outcome;
using Machine = tools::Small<nwm::cpu::Scalar>;
using Trainer = nwm::Trainer<Machine>;
using Tree = std::map<std::string, std::string>;  // every file below a folder

struct Folder {
  // In memory where that is possible: no disk is made to write ten thousand files.
  fs::path path = (fs::is_directory("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path()) /
                  ("nwm-faults-" + std::to_string(::getpid()));
  Folder() { fs::create_directory(path); }
  Folder(const Folder&) = delete;
  ~Folder() {
    std::error_code code;
    fs::remove_all(path, code);
  }
};

Tree tree_of(const fs::path& folder) {
  Tree tree;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (!entry.is_directory() && !entry.is_symlink()) {
      std::ifstream in(entry.path(), std::ios::binary);
      tree[fs::relative(entry.path(), folder).string()] = {std::istreambuf_iterator<char>(in), {}};
    }
  return tree;
}

void set_tree(const fs::path& folder, const Tree& tree, bool link) {
  fs::remove_all(folder);
  fs::create_directories(folder / "there");
  if (link) fs::create_symlink("there/b", folder / "a");
  for (const auto& [name, bytes] : tree) {
    fs::create_directories((folder / name).parent_path());
    std::ofstream(folder / name, std::ios::binary) << bytes;
  }
}

/// What writes, in two versions, to files of the same names below a folder.
struct Writer {
  std::string name;
  std::function<void(const fs::path&, int version)> write;
  bool adds = false;     ///< to what is there: twice is not once
  bool folders = false;  ///< makes them
  bool link = false;     ///< its file "a" is a symbolic link
};

/// A training in the middle of its second epoch, or after it.
const Trainer& trained(int version) {
  const auto make = [](int stop) {
    Trainer trainer({.learning_rate = 1e-3, .batch = 4, .epochs = 2, .seed = 3, .threads = 1});
    int calls = 0;
    trainer.fit(tools::blocks(12, 1), tools::blocks(3, 2),
                [&](const nwm::Progress&) { return ++calls < stop; });
    return trainer;
  };
  static const std::array<Trainer, 2> both{make(4), make(100)};
  return both[static_cast<std::size_t>(version)];
}

const nwm::data::Dataset& images() {
  static const nwm::data::Dataset set = tools::blocks(3, 2);
  return set;
}

plot::Image picture(int version) {
  plot::Image image(40, 30);
  for (std::size_t y = 0; y < 30; ++y)
    for (std::size_t x = 0; x < 40; ++x)
      image.at(x, y) = {static_cast<std::uint8_t>(x * y + 50 * static_cast<std::size_t>(version)),
                        static_cast<std::uint8_t>(x * x), static_cast<std::uint8_t>(7 * y)};
  return image;
}

/// The pages of a struck drum, of a training and of a network.
const report::Page& page(std::size_t which, int version) {
  using Drum = nwm::Drum<nwm::Grid<24, 24>>;
  const auto make = [](int v) {
    std::array pages{report::Page("A drum", "struck"), report::Page("A training", "done"),
                     report::Page("A network", "seen")};
    report::DrumReport<Drum>(nwm::Mask(nwm::mask::square(12 + 4 * v), 24, 24), {},
                             {.at = {11, 10}, .steps = 512, .ear = {12, 13}, .modes = 3})
        .add_wave(pages[0]);
    report::add_training(pages[1], {{"version", std::to_string(v)}}, {}, 3, {{1, 2}, {0.9, 0.8}, {1, 0.9}});
    report::add_scenes(pages[2], trained(v).current(), images(), {.shown = {0}});
    return pages;
  };
  static const std::array both{make(0), make(1)};
  return both[static_cast<std::size_t>(version)][which];
}

study::Result result(int version) {
  return {.run = *study::run_named("polygons-cnn-2-seed" + std::to_string(version)),
          .metrics = {.loss = 0.5 + version}};
}

std::vector<Writer> writers() {
  std::vector<Writer> all;
  const auto add = [&](const std::string& name, std::function<void(const fs::path&, int)> write,
                       bool adds = false) { all.push_back({name, std::move(write), adds}); };
  const auto scores =
      std::array{nwm::predict(trained(0).best(), images()), nwm::predict(trained(1).best(), images())};
  const auto series =
      std::array{nwm::record(trained(0).best(), images()), nwm::record(trained(1).best(), images())};
  static const std::vector<float> numbers(5000, 1.5f);  // more than one write() of a C stream's buffer
  plot::ClassSpectra spectra = plot::class_spectra(trained(0).best(), images());

  static const sequence::Entry copy{.task = "copy", .model = "rnn", .defaults = {}};

  add("text",
      [](const fs::path& f, int v) { nwm::io::write_whole(f / "a", v ? "second, longer" : "first"); });
  add("stream", [](const fs::path& f, int v) {
    nwm::io::write_whole((f / "a").string(), [v](nwm::io::AtomicFile& file) {
      for (int i = 0; i < 3000; ++i) std::fprintf(file.stream(), "%d\n", i + v);
    });
  });
  all.push_back(all[0]);
  all.back().name = "text through a symbolic link";
  all.back().link = true;
  add("safetensors", [](const fs::path& f, int v) {
    nwm::io::Safetensors file;
    file.metadata["version"] = std::to_string(v);
    file.add("x", {5000}, numbers);
    nwm::io::write_safetensors(f / "a.safetensors", file);
  });
  add("weights", [](const fs::path& f, int v) { nwm::save(trained(v).best(), f / "weights.safetensors"); });
  add("training", [](const fs::path& f, int v) {
    nwm::save_training(const_cast<Trainer&>(trained(v)), f / "training.safetensors");
  });
  add("npy", [](const fs::path& f, int v) {
    nwm::io::write_npy(f / "a.npy", {50, 100}, v ? numbers : std::vector<float>(5000));
  });
  add("npy of predictions", [scores, series](const fs::path& f, int v) {
    nwm::io::write_npy(f / "scores.npy", scores[static_cast<std::size_t>(v)].scores);
    nwm::io::write_npy(f / "labels.npy", scores[static_cast<std::size_t>(v)].labels);
    nwm::io::write_npy(f / "series.npy", series[static_cast<std::size_t>(v)]);
  });
  add("PNG", [](const fs::path& f, int v) { plot::write_png(f / "a.png", picture(v)); });
  add("GIF", [series](const fs::path& f, int v) {
    const auto& values = series[static_cast<std::size_t>(v)].values;
    plot::write_film(f / "a.gif", std::span(values).first(Machine::series_size),
                     plot::series_shape<Machine>(), {.title = "a film"});
  });
  add("WAV", [](const fs::path& f, int v) {
    nwm::sound::write_wav(f / "a.wav", {std::vector<float>(9000, 0.25f * static_cast<float>(v)), 8000, "a"});
  });
  add("table of spectra", [spectra](const fs::path& f, int v) {
    plot::write_spectrum_csv(f / "a.csv", spectra, {.dt = 0.1 * (v + 1)});
  });
  for (std::size_t i = 0; i < 3; ++i) {
    page(i, 0);
    add(std::array{"drum's page", "training's page", "network's page"}[i],
        [i](const fs::path& f, int v) { page(i, v).write(f / "index.html"); });
  }
  add("gallery", [](const fs::path& f, int v) {
    plot::write_gallery(trained(v).best(), images(), std::array<std::size_t, 1>{2}, f / "gallery" / "b",
                        {.title = "version " + std::to_string(v), .minimum_tile = 10});
  });
  all.back().folders = true;

  add("study: settings", [](const fs::path& f, int v) {
    study::Settings settings(f / "settings.txt");
    settings.require("version " + std::to_string(v), "yes");
    settings.write();
  });
  add("study: curve", [](const fs::path& f, int v) {
    study::Curve curve(f / "curve.csv", 0);
    for (int e = 0; e <= v; ++e) curve.add({.loss = 0.5, .epoch_end = true});
    curve.draw(f / "curve.png", "a run");
  });
  add(
      "study: curve gone on with",
      [](const fs::path& f, int v) {
        study::Curve curve(f / "curve.csv", static_cast<std::size_t>(v));
        curve.add({.loss = 0.5 + v, .epoch_end = true});
      },
      true);
  add("study: result", [](const fs::path& f, int v) { study::write_result(f / "result.csv", result(v)); });
  add("study: page",
      [](const fs::path& f, int v) { study::write_report(f / "report.html", {result(v)}, "Little."); });
  add("study: lock", [](const fs::path& f, int) { const study::Lock lock(f); });
  add("sequence: settings", [](const fs::path& f, int v) {
    sequence::Options options;
    options.seed = static_cast<std::uint64_t>(v);
    sequence::open_folder(sequence::Files(f / "out" / "run"), copy, {}, options);
  });
  all.back().folders = true;
  add("sequence: curve", [](const fs::path& f, int v) {
    sequence::Curve curve(f / "curve.csv", 0);
    for (int e = 0; e <= v; ++e) curve.add({0.5, 0.6, 0.1});
  });
  add(
      "sequence: result",
      [](const fs::path& f, int v) {
        sequence::add_result(f / "results.csv", "run " + std::to_string(v), copy, {}, {});
      },
      true);
  return all;
}

/// Few of them, which reach every call, or all.
std::vector<Fault> kinds(bool all) {
  std::vector<Fault> kinds;
  const auto add = [&](Call call, std::initializer_list<int> errors) {
    for (const int error : errors) {
      kinds.push_back({call, Fault::fails, error});
      if (all || call == Call::write) kinds.push_back({call, Fault::stays_failing, error});
      if (!all) break;
    }
  };
  add(Call::open, {EACCES, ENOSPC, EMFILE});
  add(Call::read, {EIO});
  add(Call::write, {ENOSPC, EIO});
  add(Call::fsync, {EIO, ENOSPC});
  add(Call::rename, {EACCES, EIO, ENOSPC});
  add(Call::close, {EIO, ENOSPC});
  add(Call::unlink, {EACCES, EIO});
  add(Call::mkdir, {ENOSPC, EACCES});
  add(Call::other, {EIO, EACCES});
  kinds.push_back({Call::write, Fault::is_short});
  if (all) kinds.push_back({Call::read, Fault::is_short});
  kinds.push_back({Call::any, Fault::kills_before});
  if (all) kinds.push_back({Call::any, Fault::kills_after});
  return kinds;
}

bool temporary(const std::string& name) { return name.ends_with(".tmp"); }

/// The first thing that is wrong after a writer met a fault; nothing where all is well. `first`: the files of
/// its first version; `before`, `after`: those before the writer and after one that met no fault.
std::optional<std::string> wrong(const Fault& fault, const Outcome& outcome, const Tree& first,
                                 const Tree& before, const Tree& after, const Tree& found,
                                 const Writer& writer, const fs::path& folder) {
  switch (outcome.end) {
    case Outcome::crashed:
      return "it crashed";
    case Outcome::threw_other:
      return "it threw another exception: " + outcome.text;
    case Outcome::returned:
      if (found != after) return "it returned, and the files are not whole";
      if (outcome.on_data && fault.how != Fault::is_short) return "it returned, and all is not on the disk";
      return {};
    case Outcome::threw_error:
      if (fault.error == 0) return "a short read or write was no reason: " + outcome.text;
      // A folder that cannot be asked about counts as missing for std::filesystem::create_directories.
      if (fault.call != Call::other &&
          outcome.text.find(nwm::io::message_of(fault.error)) == std::string::npos)
        return "the system's reason is not told: " + outcome.text;
      break;
    case Outcome::killed:
      break;
  }
  for (const auto& [name, bytes] : found) {
    if (temporary(name)) {
      // One that cannot be removed stays, and after a kill the next writer removes it.
      if (outcome.end == Outcome::killed) continue;
      return name + " is left";
    }
    const bool old = before.contains(name) && before.at(name) == bytes,
               fresh = after.contains(name) && after.at(name) == bytes,
               step = first.contains(name) && first.at(name) == bytes;  // a curve of one epoch, before two
    if (!old && !fresh && !step) return name + " is neither the old nor the new file";
  }
  for (const auto& [name, bytes] : before)
    if (!found.contains(name)) return name + " is gone";
  if (outcome.end != Outcome::killed) return {};
  try {
    writer.write(folder, 1);
  } catch (const nwm::Error& error) {
    return std::string("after the kill: ") + error.what();
  }
  for (const auto& [name, bytes] : tree_of(folder)) {
    if (temporary(name)) return name + " stays after the next writer";
    if (!writer.adds && (!after.contains(name) || after.at(name) != bytes)) return name + " is not written";
  }
  return {};
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_writer_meets_every_fault) {
  if (!faults::possible()) {
    BOOST_TEST_MESSAGE("skipped: this system hands no system calls over");
    return;
  }
  const Folder all;
  const fs::path folder = all.path / "f";
  const bool whole = std::getenv("NWM_EVERY_FAULT") != nullptr;
  std::size_t runs = 0, errors = 0, returned = 0, kills = 0, bad = 0;
  const auto every = writers();
  for (const Writer& writer : every) {
    const std::size_t so_far = runs;
    set_tree(folder, {}, writer.link);
    writer.write(folder, 0);
    const Tree old = tree_of(folder);
    BOOST_TEST_REQUIRE(!old.empty());
    for (const Tree& before : {Tree(), old}) {
      if (before.empty() && (writer.adds || !(whole || writer.folders))) continue;
      if (!before.empty() && writer.folders && !whole) continue;
      set_tree(folder, before, writer.link);
      writer.write(folder, 1);
      const Tree after = tree_of(folder);
      for (Fault fault : kinds(whole))
        for (fault.at = 1;; ++fault.at) {
          BOOST_TEST_REQUIRE(fault.at < 1000);
          set_tree(folder, before, writer.link);
          const Outcome outcome = faults::run(fault, [&] { writer.write(folder, 1); });
          if (!outcome.fired && outcome.end == Outcome::returned) break;
          ++runs, errors += outcome.end == Outcome::threw_error, returned += outcome.end == Outcome::returned;
          kills += outcome.end == Outcome::killed;
          const auto what = wrong(fault, outcome, old, before, after, tree_of(folder), writer, folder);
          if (what && ++bad < 60)
            BOOST_ERROR(writer.name << (before.empty() ? ", nothing there" : ", one there") << ", call "
                                    << static_cast<int>(fault.call) << " no. " << fault.at << " how "
                                    << fault.how << " (" << nwm::io::message_of(fault.error)
                                    << "): " << *what);
        }
    }
    BOOST_TEST_MESSAGE(writer.name << ": " << runs - so_far << " faults");
  }
  BOOST_TEST_MESSAGE(every.size() << " writers, " << runs << " faults: " << errors << " errors, " << returned
                                  << " that did no harm, " << kills << " kills; " << bad << " wrong");
  BOOST_TEST(bad == 0u);
  BOOST_TEST(errors > 300u);
  BOOST_TEST(kills > 500u);
}

// What reads: the numbers that were written, or an nwm::Error with the system's reason.
BOOST_AUTO_TEST_CASE(every_reader_meets_every_fault) {
  if (!faults::possible()) return;
  const Folder all;
  const fs::path f = all.path;
  const std::vector<float> numbers(5000, 1.5f);
  nwm::save(trained(0).best(), f / "weights");
  nwm::save_training(const_cast<Trainer&>(trained(0)), f / "training");
  nwm::io::write_npy(f / "a.npy", {50, 100}, numbers);
  plot::write_png(f / "a.png", picture(0));
  study::write_result(f / "result.csv", result(0));
  const std::string result_text = study::csv_row(result(0));
  const auto weights = tools::weights(trained(0).best());
  const std::vector<std::pair<std::string, std::function<bool()>>> readers{
      {"weights",
       [&] {
         Machine machine({.seed = 9});
         nwm::load(machine, f / "weights");
         return tools::weights(machine) == weights;
       }},
      {"training",
       [&] {
         Trainer trainer({.learning_rate = 1e-3, .batch = 4, .epochs = 2, .seed = 3, .threads = 1});
         nwm::load_training(trainer, f / "training");
         return tools::weights(trainer.best()) == weights;
       }},
      {"npy",
       [&] {
         const nwm::io::Tensor tensor = nwm::data::read_npy(f / "a.npy");
         return std::memcmp(tensor.bytes.data(), numbers.data(), tensor.bytes.size()) == 0;
       }},
      {"PNG", [&] { return plot::read_png(f / "a.png") == picture(0); }},
      {"study: result", [&] { return study::csv_row(study::read_result(f / "result.csv")) == result_text; }},
      {"study: results", [&] { return study::finished(f).empty(); }}};
  std::size_t runs = 0, errors = 0;
  for (const auto& [name, read] : readers)
    for (Fault fault : kinds(true))
      for (fault.at = 1; fault.error != 0 || fault.how == Fault::is_short; ++fault.at) {
        BOOST_TEST_REQUIRE(fault.at < 1000);
        const Outcome outcome = faults::run(fault, [&] {
          if (!read()) throw std::string("other numbers");
        });
        if (!outcome.fired) break;
        ++runs, errors += outcome.end == Outcome::threw_error;
        const bool same = outcome.end == Outcome::returned ||
                          (outcome.end == Outcome::threw_error && fault.error != 0 &&
                           outcome.text.find(nwm::io::message_of(fault.error)) != std::string::npos);
        BOOST_TEST(same, name << ", call " << static_cast<int>(fault.call) << " no. " << fault.at << " how "
                              << fault.how << ": " << outcome.end << " " << outcome.text);
      }
  BOOST_TEST_MESSAGE(readers.size() << " readers, " << runs << " faults: " << errors << " errors");
  BOOST_TEST(errors > 50u);
}

// Several writers of one file that were killed at once leave several temporaries. The next one removes all of
// them, but none of a writer that lives.
BOOST_AUTO_TEST_CASE(what_killed_writers_left_goes_with_the_next) {
  const Folder all;
  const fs::path file = all.path / "a";
  nwm::io::AtomicFile living(file);  // a.0.tmp
  living.write("living");
  for (const char* end : {".1.tmp", ".2.tmp", ".3.tmp"}) std::ofstream(file.string() + end) << "killed";
  nwm::io::write_whole(file, "whole");
  BOOST_TEST((tree_of(all.path) == Tree{{"a", "whole"}, {"a.0.tmp", ""}}));
  living.commit();
  BOOST_TEST((tree_of(all.path) == Tree{{"a", "living"}}));
}

#else

BOOST_AUTO_TEST_CASE(only_on_linux) { BOOST_TEST_MESSAGE("skipped: system calls are handed over by Linux"); }

#endif
