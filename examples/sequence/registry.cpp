#include "registry.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "nwm/error.hpp"

namespace sequence {
namespace {

/// The entries in the order of the tasks, then of the models: that of linking says nothing.
std::vector<const Entry*> sorted() {
  constexpr std::array<std::string_view, 5> tasks{"copy", "adding", "smnist", "psmnist", "moving"};
  constexpr std::array<std::string_view, 7> models{"wave_rnn", "cornn",  "unicornn", "horn",
                                                   "nwm23",    "linoss", "rnn"};
  const auto place = [&](const Entry& e) {
    return std::tuple(std::ranges::find(tasks, e.task), e.delay, std::ranges::find(models, e.model), e.quick);
  };
  std::vector<const Entry*> all;
  for (const Entry& entry : registry()) all.push_back(&entry);
  std::ranges::sort(all, [&](const Entry* a, const Entry* b) { return place(*a) < place(*b); });
  return all;
}

/// What(entry) of all entries that `fits`, each once, with commas.
template <class Fits, class What>
std::string list(const Fits& fits, const What& what) {
  std::vector<std::string> all;
  for (const Entry* entry : sorted())
    if (fits(*entry) && std::ranges::find(all, what(*entry)) == all.end()) all.push_back(what(*entry));
  std::string text;
  for (const std::string& one : all) text += (text.empty() ? "" : ", ") + one;
  return text;
}

}  // namespace

const Entry& entry_of(const Options& o) {
  const auto quoted = [](const std::string& text) { return "'" + text + "'"; };
  const auto any = [](const Entry&) { return true; };
  const auto of_task = [&](const Entry& e) { return e.task == o.task; };
  const auto task = [](const Entry& e) { return e.task; };
  const auto model = [](const Entry& e) { return e.model; };
  const auto delay = [](const Entry& e) { return std::to_string(e.delay); };
  const auto refuse_unless = [&](bool fine, const std::string& option, const std::string& possible,
                                 const std::string& found) {
    if (!fine) throw nwm::Error("nwm_sequence", option, "one of " + possible, quoted(found));
  };
  refuse_unless(std::ranges::any_of(registry(), of_task), "--task", list(any, task), o.task);
  const bool quick = o.recipe == "quick";
  const auto of_recipe = [&](const Entry& e) { return of_task(e) && e.quick == quick; };
  const auto of_model = [&](const Entry& e) { return of_recipe(e) && e.model == o.model; };
  const std::string asked = "--model of --task " + o.task + (quick ? " --recipe quick" : "");
  if (!std::ranges::any_of(registry(), of_recipe))
    throw nwm::Error("nwm_sequence", asked, "another task: no model of this one has a quick recipe",
                     quoted(o.model));
  refuse_unless(std::ranges::any_of(registry(), of_model), asked, list(of_recipe, model), o.model);
  const bool copy = o.task == "copy";
  if (o.delay && !copy)
    throw nwm::Error("nwm_sequence", "--delay", "--task copy, which alone has one", o.task);
  std::size_t wanted = o.delay.value_or(0);
  if (!o.delay)
    for (const Entry& entry : registry())
      if (of_model(entry)) wanted = std::max(wanted, entry.delay);
  for (const Entry& entry : registry())
    if (of_model(entry) && entry.delay == wanted) return entry;
  throw nwm::Error("nwm_sequence", "--delay", "one of " + list(of_model, delay), std::to_string(wanted));
}

std::string entries_text() {
  std::string all =
      "task     delay  model        parameters  epochs  train  batch    rate  clip  defaults of\n";
  for (const Entry* e : sorted()) {
    const Settings& s = e->defaults;
    std::array<char, 160> line{};
    std::snprintf(line.data(), line.size(), "%-8s %5s  %-12s %10zu  %6zu %6s %6zu  %6g  %4g  %s\n",
                  e->task.c_str(), e->delay > 0 ? std::to_string(e->delay).c_str() : "-",
                  (e->model + (e->quick ? ", quick" : "")).c_str(), e->parameters, s.epochs,
                  s.train > 0 ? std::to_string(s.train).c_str() : "all", s.batch, s.rate, s.clip,
                  e->defaults_of.c_str());
    all += line.data();
  }
  return all + "rnn, the control without waves, has about as many parameters as the waves of its task.";
}

Settings settings_of(const Entry& entry, const Options& o) {
  const bool files = entry.task == "smnist" || entry.task == "psmnist";
  if (files && o.data.empty())
    throw nwm::Error("nwm_sequence", "--data",
                     "the folder of MNIST's four files; examples/fetch_mnist.sh FOLDER brings them", "none");
  if (!files && !o.data.empty())
    throw nwm::Error("nwm_sequence", "--data", "--task smnist or psmnist: the sequences of others are drawn",
                     entry.task);
  Settings s = entry.defaults;
  s.epochs = o.epochs.value_or(s.epochs);
  s.train = o.train.value_or(s.train);
  s.test = o.test.value_or(s.test);
  s.batch = o.batch.value_or(s.batch);
  s.rate = o.rate.value_or(s.rate);
  s.clip = o.clip.value_or(s.clip);
  if (s.train > 0 && s.train < s.batch)
    throw nwm::Error("nwm_sequence", "--train", "at least one batch of " + std::to_string(s.batch),
                     std::to_string(s.train));
  return s;
}

}  // namespace sequence
