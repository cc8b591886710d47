// nwm_predict WEIGHTS IMAGES.npy --out FILE: what trained weights say of pictures, from .npy to .npy. The
// file of the weights says which machine they belong to; the program takes that one from its list below.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <nwm/data/npy.hpp>
#include <nwm/nwm.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "command_line.hpp"
#include "own_pictures.hpp"
#include "shared_machines.hpp"

namespace {

/// The study's machines: 100 steps of the paper's cell.
template <std::size_t size, std::size_t colours, std::size_t labels, class Readout, std::size_t c = 2,
          class Head = nwm::head::Wide>
using Study = nwm::WaveMachine<nwm::Shape{.height = size,
                                          .width = size,
                                          .image_channels = colours,
                                          .oscillators = c,
                                          .steps = 100,
                                          .classes = labels,
                                          .encoder_width = 16},
                               Readout, Head>;
template <class Readout>
using Tetrominoes = Study<64, 3, 6, Readout>;
template <class Readout>
using Mnist = Study<56, 1, 11, Readout>;
using MultiMnist = Study<128, 1, 11, nwm::readout::Linear, 16, nwm::head::Narrow>;

struct Options {
  std::string weights, images, out, scores, series, machine;
  std::size_t threads = 0;
};

using Description = std::map<std::string, std::string>;

/// A machine of the list.
struct Known {
  std::string name;
  Description says;  ///< what a file of its weights says (model/description.hpp), but for the cell's numbers
  std::function<bool(const nwm::io::Safetensors&)> fits;  ///< whether the tensors are its own
  std::function<std::vector<std::size_t>(const nwm::data::Dataset&, const nwm::io::Safetensors&,
                                         const Options&)>
      predict;  ///< writes the files asked for; how many pixels have each class
};

bool of_the_cell(const std::string& key) { return key.starts_with("cell."); }

template <class Model>
bool tensors_fit(const nwm::io::Safetensors& file) {
  try {
    Model model;
    nwm::io::take_model(file, model);
  } catch (const nwm::Error&) {
    return false;
  }
  return std::ranges::all_of(file.tensors,
                             [](const auto& tensor) { return nwm::io::detail::knows<Model>(tensor.first); });
}

/// The cell with the numbers that the file says, as far as it does.
template <class Cell>
Cell cell_of(const nwm::io::Safetensors& file) {
  Cell cell;
  if constexpr (requires { Cell::numbers; })
    std::apply(
        [&](const auto&... number) {
          const auto set = [&]<class C, class T>(const nwm::cell::Number<C, T>& n) {
            const auto found = file.metadata.find("nwm.cell." + std::string(n.name));
            if (found != file.metadata.end())
              cell.*(n.member) = static_cast<T>(std::strtod(found->second.c_str(), nullptr));
          };
          (set(number), ...);
        },
        Cell::numbers);
  return cell;
}

template <class Model>
std::vector<std::size_t> predict(const nwm::data::Dataset& set, const nwm::io::Safetensors& file,
                                 const Options& o) {
  Model model({.cell = cell_of<typename Model::Cell>(file)});
  nwm::load(model, o.weights);
  const auto answers = nwm::predict(model, set, o.threads);
  nwm::io::write_npy(o.out, answers.labels);
  if (!o.scores.empty()) nwm::io::write_npy(o.scores, answers.scores);
  if (!o.series.empty()) nwm::io::write_npy(o.series, nwm::record(model, set));
  std::vector<std::size_t> pixels(Model::outputs);
  for (const std::uint8_t label : answers.labels.values) ++pixels[label];
  return pixels;
}

template <class Model>
Known known(std::string name) {
  Known out{std::move(name), {}, &tensors_fit<Model>, &predict<Model>};
  nwm::describe(Model(), [&](const std::string& key, const std::string& value) {
    if (!of_the_cell(key)) out.says[key] = value;
  });
  return out;
}

std::vector<Known> machines() {
  return {known<OwnMachine>("own"),
          known<shared::Demo>("demo"),
          known<shared::First>("first-program"),
          known<Tetrominoes<nwm::readout::Linear>>("tetrominoes-nwm-linear"),
          known<Tetrominoes<nwm::readout::Fft>>("tetrominoes-nwm-fft"),
          known<Mnist<nwm::readout::Linear>>("mnist-nwm-linear"),
          known<Mnist<nwm::readout::Fft>>("mnist-nwm-fft"),
          known<MultiMnist>("multi-mnist-nwm-linear")};
}

std::string said(const Description& d, const std::string& key) {
  const auto found = d.find(key);
  return found == d.end() ? "?" : found->second;
}

/// "wave_machine of 32 x 32 pixels, 1 channel(s), 5 outputs, …".
std::string text(const Description& d) {
  std::string out = said(d, "kind") + " of " + said(d, "shape.height") + " x " + said(d, "shape.width") +
                    " pixels, channels " + said(d, "shape.image_channels") + ", classes " +
                    said(d, "shape.outputs");
  for (const auto& [label, key] :
       std::array<std::pair<const char*, const char*>, 6>{{{", oscillators ", "shape.oscillators"},
                                                           {", steps ", "shape.steps"},
                                                           {", encoders ", "shape.encoder_width"},
                                                           {", cell ", "cell"},
                                                           {", readout ", "readout"},
                                                           {", head ", "head"}}})
    if (d.contains(key)) out += label + said(d, key);
  return out;
}

std::string list(const std::vector<Known>& all) {
  std::string out;
  for (const Known& k : all) out += "\n  " + k.name + ": " + text(k.says);
  return out;
}

/// Whether pictures have the size of a machine.
bool same_size(const Known& k, const nwm::data::Extent& e) {
  return said(k.says, "shape.height") == std::to_string(e.height) &&
         said(k.says, "shape.width") == std::to_string(e.width) &&
         said(k.says, "shape.image_channels") == std::to_string(e.channels);
}

/// The machine that the weights belong to: the one named, the one that the file describes, or, for a file
/// that says nothing (the authors'), the only one whose tensors and pictures fit.
const Known& chosen(const std::vector<Known>& all, const nwm::io::Safetensors& file,
                    const nwm::data::Extent& pictures, const std::string& name) {
  const std::string built = "one that this program is built with";
  const std::string those = "\nMachines that it is built with:" + list(all) +
                            "\nown has three constants in examples/own_pictures.hpp: change them, and build "
                            "again; others are a line in examples/nwm_predict.cpp";
  if (!name.empty()) {
    const auto found = std::ranges::find(all, name, &Known::name);
    if (found == all.end()) throw nwm::Error("nwm_predict", "--machine", built, "'" + name + "'" + those);
    return *found;
  }
  if (file.metadata.contains("nwm.version")) {
    Description says;
    for (const auto& [key, value] : file.metadata)
      if (key.starts_with("nwm.") && key != "nwm.version" && !of_the_cell(key.substr(4)))
        says[key.substr(4)] = value;
    const auto found = std::ranges::find(all, says, &Known::says);
    if (found == all.end()) throw nwm::Error(file.source, "machine", built, text(says) + those);
    return *found;
  }
  std::vector<const Known*> fitting;
  for (const Known& k : all)
    if (same_size(k, pictures) && k.fits(file)) fitting.push_back(&k);
  if (fitting.size() == 1) return *fitting.front();
  std::string names;
  for (const Known* k : fitting) names += (names.empty() ? "--machine " : " or --machine ") + k->name;
  throw nwm::Error(file.source, "machine", fitting.empty() ? built : names + ", whose tensors fit",
                   "weights that do not say whose they are" + (fitting.empty() ? those : ""));
}

int run(const Options& o) {
  const std::vector<Known> all = machines();
  const nwm::io::Safetensors file = nwm::io::read_safetensors(o.weights);
  const nwm::data::Dataset set = nwm::data::load_npy(o.images);
  const Known& machine = chosen(all, file, set.extent(), o.machine);
  const std::vector<std::size_t> pixels = machine.predict(set, file, o);
  std::size_t sum = 0;
  for (const std::size_t n : pixels) sum += n;
  std::printf("%s: %zu images; pixels of each class:", machine.name.c_str(), set.size());
  for (const std::size_t n : pixels)
    std::printf(" %.3g %%", 100 * static_cast<double>(n) / static_cast<double>(sum));
  std::printf("; labels are in %s\n", o.out.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app(
      "Predicts the class of every pixel: from weights and pictures (n, H, W[, C]) to labels (n, H, W)");
  app.footer("Machines:" + list(machines()));
  app.add_option("WEIGHTS", o.weights, ".safetensors, of nwm::save or of the authors' model")->required();
  app.add_option("IMAGES", o.images, ".npy or .npy.gz: bytes, or floats in [0, 1]")->required();
  app.add_option("--out", o.out, "Labels (n, H, W), uint8")->required();
  app.add_option("--scores", o.scores, "Scores (n, classes, H, W), too; float32");
  app.add_option("--series", o.series, "The waves, (n, steps, oscillators, H, W), too; float32");
  app.add_option("--machine", o.machine, "For weights that do not say whose they are: one of those below");
  app.add_option("--threads", o.threads, "0: all there are")
      ->capture_default_str()
      ->check(command_line::natural);
  CLI11_PARSE(app, argc, argv);
  try {
    return run(o);
  } catch (const std::exception& error) {
    return command_line::failed("nwm_predict", error);
  }
}
