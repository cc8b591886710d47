// Checkpoints that are cut short or lie, and files that cannot be written: told by name, and nothing half
// done.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE misuse_checkpoint

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "../train/tools.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/readout/fft.hpp"
#include "nwm/train/saved_training.hpp"
#include "nwm/train/trainer.hpp"
#include "nwm/version.hpp"
#include "tools.hpp"

namespace {

using Machine = tools::Small<nwm::cpu::Scalar>;
using Double = tools::Small<nwm::cpu::Scalar, double>;
using Trainer = nwm::Trainer<Machine>;
using nwm::io::DType;
using nwm::io::Safetensors;
using tools::content;
using tools::error_of;
using tools::Folder;
using tools::has;
using tools::weights;

const std::string tensor = "classifier.omega_encoder.2.weight";  // (3, 3, 3, 3)

/// Two cells that differ in what they do, and say so by their names alone.
template <bool pendulum>
struct Oscillator {
  static constexpr std::string_view name = pendulum ? "pendulum" : "spring";
  double dt = 0.1;
  static constexpr auto numbers = nwm::cell::numbers("dt", &Oscillator::dt);
  enum Field : std::size_t { u, v };
  static constexpr std::array fields{nwm::cell::encoded_state(u, "u", 2, nwm::Activation::tanh),
                                     nwm::cell::resting_state(v, "v")};
  static constexpr std::size_t recorded = u;
  static constexpr nwm::cell::Coupling coupling{.name = "cell.K", .from = {u}};
  template <class Site>
  static constexpr void update(const Oscillator& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    if constexpr (pendulum) next[v] = now[v] + V(cell.dt) * (now.coupled() - nwm::math::sin(now[u]));
    else next[v] = now[v] + V(cell.dt) * (now.coupled() - now[u]);
    next[u] = now[u] + V(cell.dt) * next[v];
  }
};
/// As in examples/own_boundary.cpp.
struct MirrorAtNodes {
  static constexpr std::string_view name = "mirror_at_nodes";
  static constexpr bool self_adjoint = false;
  static constexpr std::ptrdiff_t source(std::ptrdiff_t i, std::ptrdiff_t n) {
    return i < 0 ? -i : i >= n ? 2 * n - 2 - i : i;
  }
};
template <class Cell>
using On =
    nwm::WaveMachine<Machine::shape, nwm::readout::Linear, nwm::head::Hidden<6>, Cell, nwm::cpu::Scalar>;

/// A file of `size` bytes at most may be written while this lives: a full disk.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t size) {
    getrlimit(RLIMIT_FSIZE, &before_);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit = before_;
    limit.rlim_cur = size;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  SmallDisk(const SmallDisk&) = delete;
  ~SmallDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

/// Loads a file that `change` has made of a good one; the machine must be as before. Returns the error.
nwm::Error loading(const std::function<void(Safetensors&)>& change) {
  const Folder folder("lying");
  nwm::save(Machine({.seed = 1}), folder / "good");
  Safetensors file = nwm::io::read_safetensors(folder / "good");
  change(file);
  nwm::io::write_safetensors(folder / "bad", file);
  Machine machine({.seed = 2});
  const auto before = weights(machine);
  const auto error = error_of([&] { nwm::load(machine, folder / "bad"); });
  BOOST_TEST(error.where() == (folder / "bad").string());
  BOOST_TEST((weights(machine) == before));
  return error;
}

nwm::TrainerOptions options() {
  return {.learning_rate = 1e-3, .batch = 4, .epochs = 2, .seed = 3, .threads = 1};
}

/// A trainer some steps into its work.
Trainer trained() {
  Trainer trainer(options());
  int calls = 0;
  trainer.fit(tools::blocks(12, 1), tools::blocks(3, 2), [&](const nwm::Progress&) { return ++calls < 6; });
  return trainer;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_saved_is_loaded) {
  const Folder folder("saved");
  const Machine machine({.seed = 1});
  nwm::save(machine, folder / "x");
  Machine other({.seed = 2});
  BOOST_TEST((weights(other) != weights(machine)));
  nwm::load(other, folder / "x");
  BOOST_TEST((weights(other) == weights(machine)));
  BOOST_TEST(folder.entries() == 1);

  Double wide;
  nwm::load(wide, folder / "x");  // single precision widens
  for (std::size_t i = 0; i < Machine::parameter_count; ++i)
    BOOST_TEST_REQUIRE(wide.parameters()[i] == static_cast<double>(machine.parameters()[i]));
}

BOOST_AUTO_TEST_CASE(a_missing_tensor) {
  const auto e = loading([](Safetensors& f) { f.tensors.erase(tensor); });
  BOOST_TEST(has(e.what(), tensor), e.what());
}

BOOST_AUTO_TEST_CASE(a_foreign_tensor) {
  const auto e =
      loading([](Safetensors& f) { f.add("classifier.gamma_encoder.0.bias", {2}, std::vector<float>(2)); });
  BOOST_TEST(has(e.field(), "classifier.gamma_encoder.0.bias"), e.what());
}

BOOST_AUTO_TEST_CASE(a_renamed_tensor) {
  const auto e = loading([](Safetensors& f) {
    auto node = f.tensors.extract(tensor);
    node.key() = tensor + "s";
    f.tensors.insert(std::move(node));
  });
  BOOST_TEST(has(e.what(), tensor), e.what());
}

BOOST_AUTO_TEST_CASE(a_tensor_of_another_shape) {
  for (const std::vector<std::size_t>& shape :
       {std::vector<std::size_t>{81}, {9, 9}, {3, 3, 9}, {3, 3, 3, 3, 1}}) {
    const auto e = loading([&](Safetensors& f) { f.tensors.find(tensor)->second.shape = shape; });
    BOOST_TEST(has(e.field(), tensor), e.what());
    BOOST_TEST(e.expected() == "(3, 3, 3, 3)");
    BOOST_TEST(e.found() == nwm::io::to_string(std::span<const std::size_t>(shape)));
  }
}

BOOST_AUTO_TEST_CASE(a_tensor_of_another_type) {
  const auto whole = loading([](Safetensors& f) { f.tensors.find(tensor)->second.dtype = DType::I32; });
  BOOST_TEST(has(whole.field(), tensor), whole.what());
  BOOST_TEST(whole.expected() == "F16, BF16, F32 or F64");
  BOOST_TEST(whole.found() == "I32");
  const auto far = loading([](Safetensors& f) {
    f.tensors.erase(tensor);
    f.add(tensor, {3, 3, 3, 3}, std::vector<double>(81, 1e300));
  });
  BOOST_TEST(far.expected() == "a finite number");
}

BOOST_AUTO_TEST_CASE(weights_of_other_types_are_converted_and_said) {
  const Folder folder("converted");
  nwm::save(Machine({.seed = 1}), folder / "good");
  const Safetensors good = nwm::io::read_safetensors(folder / "good");
  const auto load = [&](DType type, const std::vector<std::byte>& bytes) {
    Safetensors file = good;
    file.tensors.find(tensor)->second = {type, {3, 3, 3, 3}, bytes};
    nwm::io::write_safetensors(folder / "x", file);
    Machine machine({.seed = 2});
    const nwm::Loaded notes = nwm::load(machine, folder / "x");
    BOOST_TEST((notes.converted == std::vector<std::string>{tensor}));
    BOOST_TEST(notes.ignored.empty());
    nwm::save(machine, folder / "read");
    return nwm::io::read_safetensors(folder / "read").values<float>(tensor);
  };
  const auto bytes_of = [](const auto& values) {
    const auto bytes = std::as_bytes(std::span(values));
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  };
  std::vector<double> doubles(81, 0.1);
  doubles[7] = -2.5;
  const auto from_double = load(DType::F64, bytes_of(doubles));
  BOOST_TEST((from_double[0] == 0.1f && from_double[7] == -2.5f));
  // 1, −2, 65504 (the largest), 2^-24 (the smallest), 2^-14, −0, 1/3 as Python's struct.pack('<e', …) writes
  // it.
  std::vector<std::uint16_t> halves(81);
  const std::vector<std::uint16_t> some{0x3C00, 0xC000, 0x7BFF, 0x0001, 0x0400, 0x8000, 0x3555};
  std::ranges::copy(some, halves.begin());
  const auto from_half = load(DType::F16, bytes_of(halves));
  const std::vector<float> wanted{1, -2, 65504, 0x1p-24f, 0x1p-14f, -0.0f, 0.333251953125f};
  for (std::size_t i = 0; i < wanted.size(); ++i) BOOST_TEST(from_half[i] == wanted[i]);
  BOOST_TEST(std::signbit(from_half[5]));
  halves = std::vector<std::uint16_t>(81, 0x3F80);  // 1
  halves[1] = 0xC049;                               // −3.140625, π in BF16
  const auto from_bf16 = load(DType::BF16, bytes_of(halves));
  BOOST_TEST((from_bf16[0] == 1.0f && from_bf16[1] == -3.140625f));
  for (const std::uint16_t none : {std::uint16_t{0x7C00}, std::uint16_t{0x7E00}}) {  // infinity, NaN
    Safetensors file = good;
    file.tensors.find(tensor)->second = {
        DType::F16, {3, 3, 3, 3}, bytes_of(std::vector<std::uint16_t>(81, none))};
    nwm::io::write_safetensors(folder / "x", file);
    Machine machine;
    BOOST_TEST(error_of([&] { nwm::load(machine, folder / "x"); }).expected() == "a finite number");
  }
}

BOOST_AUTO_TEST_CASE(foreign_tensors_are_ignored_where_asked) {
  const Folder folder("foreign");
  nwm::save(Machine({.seed = 1}), folder / "good");
  Safetensors file = nwm::io::read_safetensors(folder / "good");
  file.add("classifier.extra", {2}, std::vector<float>(2));
  nwm::io::write_safetensors(folder / "x", file);
  Machine machine({.seed = 2});
  const nwm::Loaded notes = nwm::load(machine, folder / "x", nwm::ForeignTensors::ignored);
  BOOST_TEST((notes.ignored == std::vector<std::string>{"classifier.extra"}));
  BOOST_TEST(notes.converted.empty());
  BOOST_TEST((weights(machine) == weights(Machine({.seed = 1}))));
  file.tensors.erase(tensor);  // a missing one is missed all the same
  nwm::io::write_safetensors(folder / "x", file);
  const auto missing = [&] { nwm::load(machine, folder / "x", nwm::ForeignTensors::ignored); };
  BOOST_TEST(has(error_of(missing).field(), tensor));
}

BOOST_AUTO_TEST_CASE(the_checkpoint_of_another_model) {
  const Folder folder("other");
  using Other =
      nwm::WaveMachine<nwm::Shape{.height = 5,
                                  .width = 6,
                                  .image_channels = 1,
                                  .oscillators = 2,
                                  .steps = 4,
                                  .classes = 3,
                                  .encoder_width = 3},
                       nwm::readout::Linear, nwm::head::Hidden<6>, nwm::cell::Wave, nwm::cpu::Scalar>;
  nwm::save(Other(), folder / "x");
  Machine machine;
  const auto before = weights(machine);
  const auto e = error_of([&] { nwm::load(machine, folder / "x"); });
  BOOST_TEST(e.field() == "shape.steps of the model", e.what());
  BOOST_TEST(e.expected() == "3");
  BOOST_TEST(e.found() == "4");
  BOOST_TEST((weights(machine) == before));
}

BOOST_AUTO_TEST_CASE(weights_say_what_they_are) {
  const Folder folder("said");
  nwm::save(Machine({.cell = {.dt = 0.3}, .seed = 1}), folder / "x");
  const auto said = nwm::io::read_safetensors(folder / "x").metadata;
  BOOST_TEST(said.at("nwm.version") == nwm::version);
  BOOST_TEST(said.at("nwm.kind") == "wave_machine");
  BOOST_TEST(said.at("nwm.readout") == "linear");
  BOOST_TEST(said.at("nwm.head") == "6");
  BOOST_TEST(said.at("nwm.shape.steps") == std::to_string(Machine::shape.steps));
  BOOST_TEST(said.at("nwm.shape.outputs") == std::to_string(Machine::outputs));
  BOOST_TEST(std::stod(said.at("nwm.cell.dt")) == 0.3);

  Machine slow({.cell = {.dt = 0.1}, .seed = 2});
  const auto before = weights(slow);
  const auto dt = error_of([&] { nwm::load(slow, folder / "x"); });
  BOOST_TEST(has(dt.field(), "cell.dt"), dt.what());
  BOOST_TEST(dt.expected() == "0.1");
  BOOST_TEST(dt.found() == "0.3");
  BOOST_TEST((weights(slow) == before));

  using Fourier = nwm::WaveMachine<Machine::shape, nwm::readout::Fft, nwm::head::Hidden<6>, nwm::cell::Wave,
                                   nwm::cpu::Scalar>;
  Fourier fourier({.cell = {.dt = 0.3}});
  BOOST_TEST(has(error_of([&] { nwm::load(fourier, folder / "x"); }).field(), "readout"));

  // A file of the authors' says nothing, and is loaded.
  Safetensors silent = nwm::io::read_safetensors(folder / "x");
  silent.metadata.clear();
  nwm::io::write_safetensors(folder / "silent", silent);
  nwm::load(slow, folder / "silent");
  nwm::load(fourier, folder / "silent");
}

BOOST_AUTO_TEST_CASE(weights_of_another_cell_or_boundary) {
  const Folder folder("physics");
  const auto refused = [&](const auto& saved, auto machine, const std::string& what,
                           const std::string& expected, const std::string& found) {
    nwm::save(saved, folder / "x");
    const auto before = weights(machine);
    const auto e = error_of([&] { nwm::load(machine, folder / "x"); });
    BOOST_TEST(e.field() == what + " of the model");
    BOOST_TEST(e.expected() == expected);
    BOOST_TEST(e.found() == found);
    BOOST_TEST((weights(machine) == before));
  };
  // Alike in every tensor and every number.
  refused(On<Oscillator<false>>({.seed = 1}), On<Oscillator<true>>({.seed = 2}), "cell", "pendulum",
          "spring");
  refused(On<nwm::cell::WaveOn<MirrorAtNodes>>({.seed = 1}), Machine({.seed = 2}), "boundary", "periodic",
          "mirror_at_nodes");
}

BOOST_AUTO_TEST_CASE(a_description_that_says_more_or_less) {
  const auto less = loading([](Safetensors& f) { f.metadata.erase("nwm.cell.dt"); });
  BOOST_TEST(less.field() == "cell.dt of the model");
  BOOST_TEST(less.found() == "nothing of the kind");
  const auto more = loading([](Safetensors& f) { f.metadata["nwm.cell.lambda"] = "1"; });
  BOOST_TEST(more.field() == "cell.lambda of the model");
  BOOST_TEST(more.expected() == "nothing of the kind");
  BOOST_TEST(more.found() == "1");
}

BOOST_AUTO_TEST_CASE(weights_that_are_no_numbers) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto e = loading([&](Safetensors& f) {
    f.tensors.erase(tensor);
    std::vector<float> values(81, 1);
    values[7] = nan;
    f.add(tensor, {3, 3, 3, 3}, values);
  });
  BOOST_TEST(has(e.field(), "value 7 of '" + tensor), e.what());
}

BOOST_AUTO_TEST_CASE(a_checkpoint_of_pytorch_is_answered_with_how_to_convert_it) {
  const Folder folder("zip");
  tools::put(folder / "model.pt", std::string("PK\x03\x04", 4) + std::string(100, 'x'));
  Machine machine;
  const auto e = error_of([&] { nwm::load(machine, folder / "model.pt"); });
  BOOST_TEST(e.where() == (folder / "model.pt").string());
  BOOST_TEST(has(e.what(), "save_file"), e.what());
  BOOST_TEST(has(e.what(), "torch.load"), e.what());
}

// What load would refuse is not written over a file that it would not.
BOOST_AUTO_TEST_CASE(weights_that_are_no_numbers_are_not_saved) {
  const Folder folder("ruined");
  Trainer trainer = trained();
  nwm::save(trainer.current(), folder / "x");
  nwm::save_training(trainer, folder / "t");
  const std::string weights_before = content(folder / "x"), training_before = content(folder / "t");
  const float nan = std::numeric_limits<float>::quiet_NaN();
  trainer.optimizer().state(0)[2] = nan;
  BOOST_TEST(error_of([&] { nwm::save_training(trainer, folder / "t"); }).field() == "'adam.first_moment'");
  trainer.optimizer().state(0)[2] = 0;
  trainer.current().parameters()[3] = nan;
  const auto e = error_of([&] { nwm::save(trainer.current(), folder / "x"); });
  BOOST_TEST(e.where() == (folder / "x").string());
  BOOST_TEST(has(e.field(), "value 3 of '"), e.what());
  BOOST_TEST(e.found() == "nan");
  error_of([&] { nwm::save_training(trainer, folder / "t"); });
  BOOST_TEST((content(folder / "x") == weights_before));
  BOOST_TEST((content(folder / "t") == training_before));
}

BOOST_AUTO_TEST_CASE(a_schedule_on_one_side_alone_is_named) {
  const Folder folder("scheduled");
  nwm::TrainerOptions o = options();
  o.schedule = nwm::schedule::cosine(), o.epochs = 3;
  Trainer source(o);
  nwm::save_training(source, folder / "x");
  Trainer plain(options());
  const auto e = error_of([&] { nwm::load_training(plain, folder / "x"); });
  BOOST_TEST(e.field() == "option schedule");
  BOOST_TEST(e.expected() == "none");
  BOOST_TEST(e.found() == "one over 3 epochs");
  o.epochs = 4;
  Trainer longer(o);
  BOOST_TEST(error_of([&] { nwm::load_training(longer, folder / "x"); }).field() == "option epochs");
}

BOOST_AUTO_TEST_CASE(fine_tuning_begins_from_the_weights_given) {
  const Folder folder("tuned");
  nwm::save(Machine({.seed = 1}), folder / "x");
  Trainer trainer = trained();
  Machine machine;
  nwm::load(machine, folder / "x");
  trainer.start_from(machine);
  BOOST_TEST((weights(trainer.current()) == weights(machine)));
  BOOST_TEST((weights(trainer.best()) == weights(machine)));
  BOOST_TEST(trainer.state().images == 0u);
  BOOST_TEST(trainer.optimizer().steps() == 0u);
  BOOST_TEST(trainer.optimizer().state(0)[0] == 0);
  trainer.fit(tools::blocks(12, 1), tools::blocks(3, 2));  // as a trainer made with that model
  Trainer fresh(options(), machine);
  fresh.fit(tools::blocks(12, 1), tools::blocks(3, 2));
  BOOST_TEST((weights(trainer.current()) == weights(fresh.current())));
}

BOOST_AUTO_TEST_CASE(a_file_cut_short) {
  const Folder folder("short");
  nwm::save(Machine({.seed = 1}), folder / "whole");
  const std::string whole = content(folder / "whole");
  Machine machine({.seed = 2});
  const auto before = weights(machine);
  for (std::size_t i = 0; i < 60; ++i) {
    const std::size_t size = i < 12 ? i : i * (whole.size() - 1) / 59;
    tools::put(folder / "part", whole.substr(0, size));
    try {
      nwm::load(machine, folder / "part");
      BOOST_TEST(false, "loaded " << size << " of " << whole.size() << " bytes");
    } catch (const nwm::Error& e) {
      BOOST_TEST(e.where() == (folder / "part").string());
    }
  }
  tools::put(folder / "part", whole + "x");
  error_of([&] { nwm::load(machine, folder / "part"); });
  error_of([&] { nwm::load(machine, folder / "absent"); });
  error_of([&] { nwm::load(machine, folder.path); });
  BOOST_TEST((weights(machine) == before));
}

BOOST_AUTO_TEST_CASE(training_resumed_with_other_options) {
  const Folder folder("options");
  Trainer source = trained();
  nwm::save_training(source, folder / "x");
  const auto refused = [&]<class O = nwm::optimizer::Adam>(const std::string& option,
                                                           const nwm::TrainerOptions& o, double dt = 0.1,
                                                           const O& optimizer = {}) {
    nwm::Trainer<Machine, nwm::loss::CrossEntropy, O> trainer(o, Machine({.cell = {.dt = dt}, .seed = 8}), {},
                                                              optimizer);
    const auto current = weights(trainer.current()), best = weights(trainer.best());
    const auto e = error_of([&] { nwm::load_training(trainer, folder / "x"); });
    BOOST_TEST(e.field() == "option " + option);
    BOOST_TEST((weights(trainer.current()) == current));
    BOOST_TEST((weights(trainer.best()) == best));
    BOOST_TEST(trainer.state().images == 0u);
    BOOST_TEST(trainer.optimizer().steps() == 0u);
  };
  nwm::TrainerOptions o = options();
  o.learning_rate = 2e-3;
  refused("learning_rate", o);
  o = options(), o.batch = 3;
  refused("batch", o);
  o = options(), o.shards = 8;
  refused("shards", o);
  o = options(), o.seed = 4;
  refused("seed", o);
  o = options(), o.clip_norm = 1;
  refused("clip_norm", o);
  refused("optimizer", options(), 0.1, nwm::optimizer::AdamW{.weight_decay = 0});
  refused("beta2", options(), 0.1, nwm::optimizer::Adam{.beta2 = 0.99});
  refused("weight_decay", options(), 0.1, nwm::optimizer::Adam{.weight_decay = 0.1});
  o = options(), o.seed = (std::uint64_t{1} << 53) + 3;  // a double would not tell it from its neighbour
  refused("seed", o);
  o = options(), o.schedule = nwm::schedule::cosine();
  refused("schedule", o);
  refused("dt", options(), 0.2);

  // Without a schedule neither the number of threads nor of epochs decides a number.
  o = options(), o.threads = 2, o.epochs = 9;
  Trainer fine(o);
  nwm::load_training(fine, folder / "x");
  BOOST_TEST((weights(fine.current()) == weights(source.current())));
}

BOOST_AUTO_TEST_CASE(training_resumed_from_a_file_that_lies) {
  const Folder folder("state");
  Trainer source = trained();
  nwm::save_training(source, folder / "x");
  const Safetensors good = nwm::io::read_safetensors(folder / "x");
  Trainer trainer(options(), Machine({.seed = 8}));
  const auto current = weights(trainer.current()), best = weights(trainer.best());
  const auto refused = [&](const std::string& name, const std::function<void(Safetensors&)>& change) {
    Safetensors file = good;
    change(file);
    nwm::io::write_safetensors(folder / "bad", file);
    const auto e = error_of([&] { nwm::load_training(trainer, folder / "bad"); });
    BOOST_TEST(has(e.what(), name), e.what());
    BOOST_TEST((weights(trainer.current()) == current));
    BOOST_TEST((weights(trainer.best()) == best));
    BOOST_TEST(trainer.optimizer().state(0)[0] == 0);
    BOOST_TEST(trainer.optimizer().steps() == 0u);
    BOOST_TEST(trainer.state().images == 0u);
  };
  for (const std::string& name :
       {tensor, "best." + tensor, std::string("adam.first_moment"), std::string("adam.second_moment"),
        std::string("trainer.counters"), std::string("trainer.numbers"), std::string("trainer.options")})
    refused(name, [&](Safetensors& f) { f.tensors.erase(name); });
  refused("best." + tensor, [](Safetensors& f) { f.tensors.find("best." + tensor)->second.shape = {81}; });
  refused("adam.second_moment", [](Safetensors& f) {
    f.tensors.erase("adam.second_moment");
    f.add("adam.second_moment", {3}, std::vector<float>(3));
  });
  refused("trainer.counters", [](Safetensors& f) {
    f.tensors.erase("trainer.counters");
    f.add("trainer.counters", {5}, std::vector<std::int64_t>{0, 0, -1, 0, 0});
  });
  nwm::save(source.current(), folder / "weights");  // a checkpoint, but not of a training
  const auto e = error_of([&] { nwm::load_training(trainer, folder / "weights"); });
  BOOST_TEST(has(e.found(), "nwm::load(model, path)"), e.what());
  Machine machine;
  const auto training = error_of([&] { nwm::load(machine, folder / "x"); });
  BOOST_TEST(has(training.found(), "nwm::load_training(trainer, path)"), training.what());
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::array<std::string, 4> names{"loss_sum", "best_loss", "seconds", "last_loss"};
  for (std::size_t i = 0; i < names.size(); ++i)
    for (const double none : {nan, -std::numeric_limits<double>::infinity()})
      refused(names[i] + " in 'trainer.numbers'", [&](Safetensors& f) {
        auto v = f.values<double>("trainer.numbers");
        v[i] = none;
        f.tensors.erase("trainer.numbers");
        f.add("trainer.numbers", {4}, v);
      });
  refused("at most 3, the batches of 12 images, found 1000000", [](Safetensors& f) {
    auto v = f.values<std::int64_t>("trainer.counters");
    v[1] = 1000000;
    f.tensors.erase("trainer.counters");
    f.add("trainer.counters", {5}, v);
  });
  refused("adam.second_moment", [](Safetensors& f) {
    auto v = f.values<float>("adam.second_moment");
    v[3] = -1;
    f.tensors.erase("adam.second_moment");
    f.add("adam.second_moment", {v.size()}, v);
  });
  nwm::load_training(trainer, folder / "x");
  BOOST_TEST((weights(trainer.current()) == weights(source.current())));
  BOOST_TEST(trainer.last_loss() == source.last_loss());
  BOOST_TEST(trainer.last_loss() > 0);
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_written_leaves_the_old_one) {
  const Folder folder("old");
  const Machine old({.seed = 1}), young({.seed = 2});
  nwm::save(old, folder / "x");
  const std::string before = content(folder / "x");
  Trainer trainer = trained();
  {
    const SmallDisk disk(2000);
    const auto e = error_of([&] { nwm::save(young, folder / "x"); });
    BOOST_TEST(e.where() == (folder / "x").string());
    error_of([&] { nwm::save_training(trainer, folder / "x"); });
    error_of([&] { nwm::save(young, folder / "fresh"); });
  }
  BOOST_TEST((content(folder / "x") == before));
  BOOST_TEST(folder.entries() == 1);
  const auto absent = error_of([&] { nwm::save(young, folder / "absent/x"); });
  BOOST_TEST(absent.field() == "folder");
  BOOST_TEST(absent.found() == "no folder '" + (folder / "absent").string() + "'");
  BOOST_TEST(error_of([&] { nwm::save(young, folder / "x/y"); }).field() == "folder");
  std::filesystem::create_directory(folder / "folder");
  error_of([&] { nwm::save(young, folder / "folder"); });
  BOOST_TEST(folder.entries() == 2);
  Machine machine;
  nwm::load(machine, folder / "x");
  BOOST_TEST((weights(machine) == weights(old)));
}
