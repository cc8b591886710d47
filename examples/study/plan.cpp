#include "plan.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "nwm/error.hpp"

namespace study {
namespace {

using Words = std::vector<std::string>;

const Words models{"nwm", "lstm", "gru", "rnn", "cnn", "unet"};
const Words readouts{"linear", "fft", "last", "mean_time", "max_time"};
const Words depths{"2", "4", "8", "16", "32"};
const Words widths{"2", "3", "4", "5"};

const Words& variants(const std::string& model) {
  return model == "cnn" ? depths : model == "unet" ? widths : readouts;
}

std::vector<DataSet>& all_data_sets() {
  static std::vector<DataSet> all{{.name = "polygons", .pictures = "polygons"},
                                  {.name = "tetrominoes", .pictures = "tetrominoes"},
                                  {.name = "mnist", .pictures = "mnist", .unet_grid = "56 x 56"},
                                  {.name = "multi-mnist", .pictures = "multi-mnist"}};
  return all;
}

Words data_names() {
  Words names;
  for (const DataSet& data : data_sets()) names.push_back(data.name);
  return names;
}

/// A U-Net halves its grid four times.
bool exists(const DataSet& data, const std::string& model) {
  return model != "unet" || data.unet_grid.empty();
}

std::string joined(const Words& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

Words split(const std::string& text, char separator) {
  Words out;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(separator, start), text.size());
    out.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return out;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "1,4-6" as 1 4 5 6; also "4..6".
std::vector<std::uint64_t> numbers(const std::string& option, const std::string& text) {
  constexpr std::uint64_t most = 100000;
  std::vector<std::uint64_t> out;
  for (const std::string& item : split(text, ',')) {
    const std::size_t dash = item.find('-'), dots = item.find("..");
    const std::size_t end = std::min({dash, dots, item.size()});
    const std::size_t next = end == item.size() ? 0 : end + (end == dash ? 1 : 2);
    const auto first = number(std::string_view(item).substr(0, end)),
               last = number(std::string_view(item).substr(next));
    if (!first || !last || *last < *first || *last > most)
      throw nwm::Error("nwm_study", "--" + option,
                       "a whole number up to " + std::to_string(most) + ", or a range as 0-9",
                       "'" + item + "'");
    for (std::uint64_t n = *first; n <= *last; ++n) out.push_back(n);
  }
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Words words(const std::string& option, const Words& given, const Words& allowed) {
  for (const std::string& word : given)
    if (std::ranges::find(allowed, word) == allowed.end())
      throw nwm::Error("nwm_study", "--" + option, "one of " + joined(allowed), "'" + word + "'");
  return given;
}

Words number_words(const std::string& option, const std::string& text, const Words& allowed) {
  Words given;
  for (const std::uint64_t n : numbers(option, text)) given.push_back(std::to_string(n));
  return words(option, given, allowed);
}

Configuration configuration(const std::string& data, const std::string& model, const std::string& variant) {
  Configuration c{.data = data, .model = model};
  if (model == "cnn") c.layers = *number(variant);
  else if (model == "unet") c.width = *number(variant);
  else c.readout = variant;
  return c;
}

}  // namespace

const std::vector<DataSet>& data_sets() { return all_data_sets(); }

const DataSet& data_set(const std::string& name) {
  words("data", {name}, data_names());
  return *std::ranges::find(data_sets(), name, &DataSet::name);
}

void add_data_set(const DataSet& data) {
  if (data.name != data.pictures && data_set(data.pictures).pictures != data.pictures)
    throw nwm::Error("nwm_study", "pictures of " + data.name, "a data set of the study", data.pictures);
  const auto there = std::ranges::find(data_sets(), data.name, &DataSet::name);
  if (there == data_sets().end()) all_data_sets().push_back(data);
  else if (*there != data)
    throw nwm::Error("nwm_study", "data set " + data.name, "a name of its own for other sizes",
                     "one that is taken");
}

std::string Configuration::variant() const {
  return model == "cnn" ? std::to_string(layers) : model == "unet" ? std::to_string(width) : readout;
}

std::string Configuration::name() const { return data + "-" + model + "-" + variant(); }

std::string Configuration::title() const {
  static const std::vector<std::pair<std::string, std::string>> titles{
      {"nwm", "NWM"},     {"lstm", "ConvLSTM"}, {"gru", "ConvGRU"},
      {"rnn", "ConvRNN"}, {"cnn", "CNN"},       {"unet", "U-Net"}};
  for (const auto& [key, title] : titles)
    if (key == model) return title + " " + variant();
  return name();
}

std::size_t Configuration::steps() const {
  if (readout.empty()) return 0;
  return model == "nwm" ? data_set(data).steps : data_set(data).recurrent_steps;
}

const std::vector<Configuration>& configurations() {
  static const std::vector<Configuration> all = [] {
    std::vector<Configuration> made;
    for (const DataSet& data : data_sets())
      for (const std::string& model : models)
        for (const std::string& variant : variants(model))
          if (exists(data, model)) made.push_back(configuration(data.name, model, variant));
    return made;
  }();
  return all;
}

std::size_t position(const Configuration& configuration) {
  return static_cast<std::size_t>(std::ranges::find(configurations(), configuration) -
                                  configurations().begin());
}

std::optional<Run> run_named(const std::string& name) {
  const std::size_t mark = name.rfind("-seed");
  if (mark == std::string::npos) return std::nullopt;
  const auto seed = number(std::string_view(name).substr(mark + 5));
  for (const Configuration& c : configurations())
    if (seed && Run{c, *seed}.name() == name) return Run{c, *seed};
  return std::nullopt;
}

std::vector<Configuration> selected_configurations(const Selection& s) {
  const Words data = words("data", split(s.data, ','), data_names());
  const Words readout = words("readout", split(s.readout, ','), readouts);
  const Words layers = number_words("layers", s.layers, depths),
              width = number_words("width", s.width, widths);
  std::vector<Configuration> chosen;
  for (const std::string& item : split(s.model, ',')) {
    const std::size_t colon = std::min(item.find(':'), item.size());
    const std::string model = words("model", {item.substr(0, colon)}, models).front();
    Words own = model == "cnn" ? layers : model == "unet" ? width : readout;
    if (colon < item.size())
      own = words("model " + model, split(item.substr(colon + 1), '+'), variants(model));
    for (const std::string& d : data) {
      if (!exists(data_set(d), model))
        throw nwm::Error("nwm_study", "--model " + model + " on " + d,
                         "a grid whose sides are multiples of 16", data_set(d).unet_grid);
      for (const std::string& variant : own) chosen.push_back(configuration(d, model, variant));
    }
  }
  std::ranges::sort(chosen, {}, position);
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  return chosen;
}

std::vector<std::uint64_t> selected_seeds(const Selection& s) { return numbers("seeds", s.seeds); }

}  // namespace study
