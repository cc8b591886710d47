// One struck drum as sections of a report: the wave, the tones its neurons hear, its modes, its sound.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/drum/drum.hpp"
#include "nwm/drum/hear.hpp"
#include "nwm/drum/modes.hpp"
#include "nwm/drum/picture.hpp"
#include "nwm/report/chart.hpp"
#include "nwm/report/drum_sound.hpp"
#include "nwm/report/page.hpp"
#include "nwm/sound/pitch.hpp"

namespace nwm::report {

namespace detail {

inline std::string place(Site s) {
  return "row " + std::to_string(s.row) + ", column " + std::to_string(s.column);
}
inline const char* name(drum::Boundary edge) {
  constexpr const char* names[]{"clamped", "reflecting", "periodic", "absorbing"};
  return names[static_cast<std::size_t>(edge)];
}

/// A spectrum up to the frequency `to`, as a line of a chart.
inline Line line(const sound::Spectrum& spectrum, std::string label, std::size_t colour, double to) {
  Line result{std::move(label), {}, {}, colour};
  for (std::size_t k = 0; k < spectrum.amplitude.size() && spectrum.frequency(k) <= to; ++k)
    result.x.push_back(spectrum.frequency(k)), result.y.push_back(spectrum.amplitude[k]);
  return result;
}
/// The first `count` tones at least a hundredth as loud as the loudest, as a table.
inline Table tone_table(const sound::Spectrum& spectrum, std::size_t count) {
  Table table{{"Tone", "Frequency", "Amplitude"}};
  const auto all = sound::tones(spectrum, {.threshold = 0.01});
  for (std::size_t i = 0; i < std::min(count, all.size()); ++i)
    table.rows.push_back({std::to_string(i + 1), number(all[i].frequency, 6), number(all[i].amplitude)});
  return table;
}
inline double loudest(const sound::Spectrum& spectrum) {
  return *std::max_element(spectrum.amplitude.begin(), spectrum.amplitude.end());
}

/// A map of one value per recorded site, from the least to the greatest, with a colour scale.
template <class Real>
Figure value_figure(const Recording<Real>& recording, std::span<const double> values,
                    const std::string& title, const std::string& caption) {
  double low = INFINITY, high = -INFINITY;
  for (const double v : values)
    if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
  const double least = 1e-9 * std::abs(high);  // the map's range must not be empty
  if (!(high - low > least)) low -= least, high += least;
  return {picture(drum::value_map(recording, values, low, high), title, 340) +
              scale(number(low, 7), number(high, 7), [](double part) { return plot::sequential(part, 1.0); }),
          title, caption};
}

}  // namespace detail

/// One drum, struck, recorded and analysed; each method adds a section. Throws as Drum, modes and sound::Ear
/// do. Where no tone is heard, the page says so.
template <class Drum>
class DrumReport {
 public:
  using Real = typename Drum::Real;
  /// Those of the drum.
  using Options = typename Drum::Options;

  /// Strikes the drum as `plan` says, and records it. Throws Error where the plan's ear is not in the drum.
  DrumReport(Mask mask, const Options& options, const DrumPlan& plan)
      : mask_(std::move(mask)), options_(options), plan_(plan), drum_(mask_, options_), recording_(record()) {
    if (!mask_.contains(plan.ear))
      throw Error("nwm::report", "ear", "a neuron of the drum", detail::place(plan.ear));
    const bool swings = options.edge != drum::Boundary::absorbing;
    if (swings && plan.modes > 0 && mask_.sites().size() > plan.modes + 1)
      modes_ = modes(mask_, physics(), {.count = plan.modes, .shapes = true});
    tones_ = sound::tones(mean_, {.threshold = 1e-3});
    for (std::size_t k = 0; modes_ && k < modes_->eigenvalues.size(); ++k)
      if (modes_->frequency(k) > 0) {
        pitch_ = sound::Pitch::tuned(modes_->frequency(k), plan.lowest_hertz);
        break;
      }
  }

  /// The drum's skin, lattice and rim.
  const drum::Physics& physics() const { return drum_.physics(); }
  /// The mapping to its sound: this drum's lowest mode sounds at plan.lowest_hertz.
  const sound::Pitch& pitch() const { return pitch_; }

  /// Adds all sections: area only for a clamped drum, modes only if they were computed.
  void add_all(Page& page) const {
    add_wave(page), add_neuron(page);
    if (physics().edge == drum::Boundary::clamped) add_area(page);
    if (modes_) add_modes(page);
  }

  /// Adds the facts, and the wave as a film and at six moments.
  void add_wave(Page& page) const {
    page.section("The drum and the strike");
    page.text(
        "A sheet of neurons, each tied to its four neighbours only: u_tt = c² ∇²u − α u_t inside the shape, "
        "stepped by symplectic Euler. One strike, and the wave carries the shape to every neuron.");
    page.facts(
        {{"Shape", mask_.name()},
         {"Grid", std::to_string(mask_.height()) + " × " + std::to_string(mask_.width()) + ", spacing " +
                      number(physics().spacing)},
         {"Neurons", std::to_string(mask_.sites().size())},
         {"Boundary", detail::name(physics().edge)},
         {"Wave speed c", number(physics().wave_speed)},
         {"Time step dt", number(physics().dt)},
         {"c dt/h (limit)", number(physics().courant()) + " (" +
                                number(drum::Physics::courant_limit(physics().dt, physics().damping)) + ")"},
         {"Damping α", number(physics().damping)},
         {"Struck at", plan_.random ? "everywhere, at random" : detail::place(plan_.at)},
         {"Steps recorded", std::to_string(plan_.steps)}});
    Drum shown(mask_, options_);
    plan_.apply(shown);
    const drum::Frame frame = drum::frame(mask_, 0);
    const double crossing = static_cast<double>(std::max(frame.height, frame.width)) / physics().courant();
    const std::size_t every = std::max<std::size_t>(1, static_cast<std::size_t>(3 * crossing / 96));
    const auto recording = shown.run(96 * every, {.every = every});
    const auto film_ = drum::film(recording, {.delay = 6, .minimum_width = 340});
    const std::vector<std::size_t> moments{2, 9, 20, 36, 60, 95};
    page.row(
        {{film(plot::encode_gif(film_.frames, film_.palette, 6), "The wave on the drum, as a film"),
          "The wave.",
          "Displacement, blue below and red above rest; full colour at ±" + number(film_.scale, 2) + "."},
         {picture(drum::strip(recording, moments, 150, 3), "The wave at six moments", 0, false),
          "Six moments,",
          "in steps after the strike. The wave runs out and comes back from the rim; soon every neuron "
          "swings in the tones of the whole drum."}});
  }

  /// Adds the series and spectrum of one neuron, and the energy.
  void add_neuron(Page& page) const {
    const std::vector<double> series = recording_.at(plan_.ear);
    const sound::Spectrum own = sound::spectrum(series, recording_.interval());
    page.section("What one neuron hears");
    Line wave{"u", {}, {}, 0};
    for (std::size_t t = 0; t < std::min<std::size_t>(series.size(), 500); ++t)
      wave.x.push_back(static_cast<double>(t + 1) * recording_.interval()), wave.y.push_back(series[t]);
    std::vector<Mark> marks;
    for (std::size_t k = 0; modes_ && k < plan_.modes; ++k)
      marks.push_back({modes_->frequency(k), std::to_string(k + 1)});
    const double top = modes_ ? 1.08 * modes_->frequency(plan_.modes - 1) : 0.25 / physics().dt;
    page.row({{chart({wave}, {.x_label = "time", .y_label = "displacement u"}), "The series of one neuron,",
               detail::place(plan_.ear) + ": the only thing it knows."},
              {chart({detail::line(mean_, "all neurons, root mean square", 1, top),
                      detail::line(own, "this neuron", 0, top)},
                     {.x_label = "frequency, cycles per unit time",
                      .y_label = "amplitude",
                      .logarithmic = true,
                      .most = top,
                      .floor = 1e-5 * detail::loudest(mean_),
                      .marks = marks}),
               "Its spectrum.",
               modes_ ? "Dotted: the modes that an eigen-solver finds for this shape, numbered. A neuron "
                        "on a nodal line of a mode does not hear it."
                      : "Waves leave through the edge.",
               detail::tone_table(own, 12)}});
    Table drift{{"Step", "E/E₀ − 1"}};
    for (std::size_t i = 0; i < energy_.x.size(); i += 12)
      drift.rows.push_back({number(energy_.x[i]), number(energy_.y[i], 3)});
    page.figure({chart({energy_}, {.x_label = "step", .y_label = "E/E₀ − 1", .width = 960, .height = 240}),
                 "Energy.",
                 physics().damping > 0 || physics().edge == drum::Boundary::absorbing
                     ? "It is lost to the damping."
                     : "Undamped, the symplectic step conserves ½ Σ [v² + c² ∇u·∇(u − dt v)] h² exactly; "
                       "what is seen is the rounding of single precision.",
                 drift});
  }

  /// Adds a map of the area that each neuron hears.
  void add_area(Page& page) const {
    page.section("Hearing the area, neuron by neuron");
    const bool square = mask_.name() == "square";
    page.text(
        std::string("A square drum of area A has the lowest tone f = c/√(2A): each neuron can tell the area "
                    "from what it hears by itself, A = c²/2f². On the grid the relation is sin²(ω dt/2) = 2 "
                    "(c dt/h)² sin²(πh/2L), which has no discretisation error. ") +
        (square ? "" : "This drum is no square: what is heard is the area of the square that sounds so."));
    try {
      const HeardArea areas = hear_area(recording_);
      const double truth = mask_.area() * physics().spacing * physics().spacing;
      page.row({detail::value_figure(recording_, areas.frequency, "Lowest tone at each neuron,",
                                     "in cycles per unit time, from the least to the greatest."),
                detail::value_figure(recording_, areas.area, "Area each neuron hears,",
                                     "by the exact relation, from the least to the greatest. Grey: no tone "
                                     "heard.")});
      std::vector<std::vector<std::string>> rows{{"true area of this drum", number(truth, 6), ""}};
      const auto add = [&](const std::string& what, double value) {
        rows.push_back({what, number(value, 6), square ? deviation(value, truth) : "–"});
      };
      add("exact relation, median over neurons", areas.median);
      double low = INFINITY, high = 0;
      for (const double a : areas.area)
        if (std::isfinite(a)) low = std::min(low, a), high = std::max(high, a);
      add("exact relation, least", low), add("exact relation, greatest", high);
      add("textbook c²/2f², median", areas.textbook_median);
      rows.push_back({"neurons that hear a tone",
                      std::to_string(areas.heard) + " of " + std::to_string(recording_.sites().size()), ""});
      page.table({{square ? "Area" : "Area of the square that sounds so", "Value", "Error"}, rows});
      if (mask_.name() == "rectangle") add_sides(page);
      if (mask_.name() == "disc") {
        const double radius = std::sqrt(truth / std::numbers::pi),
                     guess = disc_radius(nwm::detail::median_of_finite(areas.frequency), physics());
        page.text("As a disc, f = 2.4048 c/2πa, its radius is heard as " + number(guess, 5) + ", " +
                  deviation(guess, radius) + " from the true " + number(radius, 5) + ".");
      }
    } catch (const Error& e) {
      page.text(std::string("No area is stated. ") + e.what() + ".");
    }
  }

  /// Adds the mode shapes, the heard tones beside them, and the sound.
  void add_modes(Page& page) const {
    page.section("The modes behind the tones");
    std::vector<std::string> labels;
    std::vector<std::vector<std::string>> rows;
    for (std::size_t k = 0; k < plan_.modes; ++k) {
      const double f = modes_->frequency(k);
      labels.push_back(std::to_string(k + 1) + ": f=" + number(f));
      const sound::Tone* nearest = nullptr;
      for (const auto& tone : tones_)
        if (std::abs(tone.frequency - f) < 0.5 * mean_.lobe &&
            (!nearest || std::abs(tone.frequency - f) < std::abs(nearest->frequency - f)))
          nearest = &tone;
      rows.push_back({std::to_string(k + 1), number(modes_->eigenvalues[k], 8), number(f, 6),
                      nearest ? number(nearest->frequency, 6) : "not heard",
                      nearest && f > 0 ? deviation(nearest->frequency, f) : "–"});
    }
    page.figure(
        {picture(drum::mode_tiles(mask_, modes_->shapes, labels), "Shapes of the lowest modes", 0, false),
         "The lowest modes,",
         "from the Laplacian on the mask by a sparse eigen-solver, which heard nothing. Modes of one "
         "frequency may be mixed in any way.",
         Table{{"Mode", "Eigenvalue λ", "f of the scheme", "f heard", "Difference"}, rows}});
    page.row({heard(drum_sound<Drum>(mask_, physics(), plan_, pitch_, 1.5, "Its sound."),
                    "Heard at the same neuron. " + detail::transposed(pitch_) + " The lowest mode, " +
                        number(plan_.lowest_hertz / pitch_.per_second) + ", sounds at " +
                        number(plan_.lowest_hertz) + " Hz. A little damping lets it die away.")});
  }

 private:
  Recording<Real> record() {
    plan_.apply(drum_);
    Drum again = drum_;
    const double start = again.energy();
    energy_ = {"energy", {0}, {0}, 2};
    const std::size_t part = std::max<std::size_t>(plan_.steps / 96, 1);
    for (std::size_t step = part; step <= plan_.steps; step += part) {
      again.advance(part);
      energy_.x.push_back(static_cast<double>(step)), energy_.y.push_back(again.energy() / start - 1);
    }
    auto recording = drum_.run(plan_.steps);
    mean_ = mean_spectrum(recording);
    return recording;
  }

  void add_sides(Page& page) const {
    const HeardRectangle sides = hear_rectangle(recording_);
    page.table({{"Side, from the two lowest tones", "Exact relation", "Textbook"},
                {{"long", number(sides.long_side, 6), number(sides.textbook_long_side, 6)},
                 {"short", number(sides.short_side, 6), number(sides.textbook_short_side, 6)},
                 {"ratio", number(sides.long_side / sides.short_side, 6),
                  number(sides.textbook_long_side / sides.textbook_short_side, 6)}}});
  }

  Mask mask_;
  Options options_;
  DrumPlan plan_;
  Drum drum_;
  sound::Spectrum mean_;
  Line energy_;
  Recording<Real> recording_;  // after mean_ and energy_: its initialiser fills both
  std::optional<Modes> modes_;
  std::vector<sound::Tone> tones_;
  sound::Pitch pitch_;
};

}  // namespace nwm::report

#include "nwm/pop_macros.inc"
