// What training tells while it runs, and a terminal progress bar to show it.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdio>

#include "nwm/loss/loss.hpp"
#include "nwm/loss/segmentation_metrics.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

namespace nwm {

/// Handed to the callback of Trainer::fit after every step, and once more at the end of every epoch. M: the
/// metrics of the loss.
template <loss::Metrics M>
struct ProgressOf {
  std::size_t epoch = 0, epochs = 0;  ///< from 1; the most there will be
  std::size_t step = 0, steps = 0;    ///< of this epoch, from 1
  std::size_t images = 0;             ///< seen since training began
  double seconds = 0;                 ///< in fit so far, over all its calls and what was resumed
  double loss = 0;                    ///< mean training loss of this epoch so far
  double gradient_norm = 0;           ///< of this step, before clipping
  bool epoch_end = false;             ///< whether an epoch has ended, and `validation` is there
  M validation{};                     ///< at epoch_end
  bool improved = false;              ///< at epoch_end: these weights are the best so far

  /// Seconds left when the rest goes as the part behind.
  double remaining() const {
    const auto done = static_cast<double>((epoch - 1) * steps + step),
               all = static_cast<double>(epochs * steps);
    return done > 0 ? seconds / done * (all - done) : 0;
  }
};

/// Progress of training for a class a pixel.
using Progress = ProgressOf<SegmentationMetrics>;

/// A callback that draws a bar with epoch, loss, elapsed and remaining time on `out`, and a line an epoch.
/// The cursor waits on the line below the bar, so that what comes next, be it the prompt of a program that
/// was stopped, has a line of its own.
/// Where `out` is not a terminal (a file, a pipe, a notebook) there is no bar, but the lines alone; with
/// `lines` false there is nothing then.
inline auto progress_bar(std::FILE* out = stderr, bool lines = true) {
#if defined(__unix__) || defined(__APPLE__)
  const bool terminal = isatty(fileno(out)) != 0;
#else
  const bool terminal = false;
#endif
  return [out, terminal, lines, drawn = -1.0](const auto& p) mutable {
    // The bar of this epoch is one line up.
    const char* const bar_is_up = drawn < 0 ? "\r\033[K" : "\033[A\r\033[K";
    if (p.epoch_end) {
      if (terminal) std::fputs(bar_is_up, out);
      if (terminal || lines)
        std::fprintf(out, "epoch %3zu/%zu  loss %.4f  validation: %s  %.0f s%s\n", p.epoch, p.epochs, p.loss,
                     text(p.validation).c_str(), p.seconds, p.improved ? "  *" : "");
      std::fflush(out);
      drawn = -1;
    } else if (terminal && (drawn < 0 || p.seconds - drawn > 0.1)) {
      std::fputs(bar_is_up, out);
      drawn = p.seconds;
      constexpr int width = 30;
      const int full = static_cast<int>(width * p.step / (p.steps > 0 ? p.steps : 1));
      char bar[width + 1];
      for (int i = 0; i < width; ++i) bar[i] = i < full ? '#' : '.';
      bar[width] = 0;
      const double left = p.remaining();
      std::fprintf(out, "epoch %3zu/%zu [%s] loss %.4f  %.0f s elapsed, %.0f s left\n", p.epoch, p.epochs,
                   bar, p.loss, p.seconds, std::ceil(left));
      std::fflush(out);
    }
  };
}

}  // namespace nwm
