#include "plan.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "nwm/error.hpp"

namespace study {
namespace {

using Words = std::vector<std::string>;

const Words data_sets{"polygons", "tetrominoes", "mnist", "multi-mnist"};
const Words models{"nwm", "lstm", "gru", "rnn", "cnn", "unet"};
const Words readouts{"linear", "fft", "last", "mean_time", "max_time"};
const Words depths{"2", "4", "8", "16", "32"};
const Words widths{"2", "3", "4", "5"};

const Words& variants(const std::string& model) {
  return model == "cnn" ? depths : model == "unet" ? widths : readouts;
}

/// A U-Net halves its grid four times.
bool exists(const std::string& data, const std::string& model) {
  return !(data == "mnist" && model == "unet");
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

std::size_t Configuration::steps() const { return model == "nwm" ? 100 : readout.empty() ? 0 : 20; }

const std::vector<Configuration>& configurations() {
  static const std::vector<Configuration> all = [] {
    std::vector<Configuration> made;
    for (const std::string& data : data_sets)
      for (const std::string& model : models)
        for (const std::string& variant : variants(model))
          if (exists(data, model)) made.push_back(configuration(data, model, variant));
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
  const Words data = words("data", split(s.data, ','), data_sets);
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
      if (!exists(d, model))
        throw nwm::Error("nwm_study", "--model " + model + " on " + d,
                         "a grid whose sides are multiples of 16", "56 x 56");
      for (const std::string& variant : own) chosen.push_back(configuration(d, model, variant));
    }
  }
  std::ranges::sort(chosen, {}, position);
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  return chosen;
}

std::vector<std::uint64_t> selected_seeds(const Selection& s) { return numbers("seeds", s.seeds); }

}  // namespace study
