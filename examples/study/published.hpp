// The paper's results on its test sets over ten seeds (arXiv 2502.06034): mean and standard deviation; for
// the foreground IoU also median, smallest and largest, where published.
#pragma once

#include <array>
#include <limits>
#include <string_view>

namespace study {

struct Published {
  std::string_view data, model, variant;
  double acc_mean, acc_sd;                                         ///< foreground accuracy
  double iou_mean, iou_sd, iou_median, iou_smallest, iou_largest;  ///< foreground IoU; NaN: not published
};

inline constexpr double unpublished = std::numeric_limits<double>::quiet_NaN();

// clang-format off
inline constexpr std::array<Published, 35> published{{
    {"mnist", "cnn", "2", 0.1377, 0.0568, 0.0969, 0.0351, 0.1, 0.0, 0.12},
    {"mnist", "cnn", "4", 0.1919, 0.1137, 0.1301, 0.0727, 0.17, 0.0, 0.18},
    {"mnist", "cnn", "8", 0.4205, 0.1483, 0.3032, 0.1074, 0.33, 0.0, 0.36},
    {"mnist", "cnn", "16", 0.5686, 0.3930, 0.5047, 0.3495, 0.72, 0.0, 0.75},
    {"mnist", "cnn", "32", 0.2696, 0.4341, 0.2544, 0.4096, 0.0, 0.0, 0.86},
    {"mnist", "lstm", "fft", 0.7334, 0.2656, 0.6558, 0.2462, 0.72, 0.0, 0.83},
    {"mnist", "lstm", "last", 0.3159, 0.2294, 0.2376, 0.1766, 0.28, 0.0, 0.46},
    {"mnist", "lstm", "linear", 0.7864, 0.2796, 0.7276, 0.2630, 0.82, 0.0, 0.88},
    {"mnist", "lstm", "max_time", 0.4222, 0.0512, 0.3083, 0.0444, 0.32, 0.22, 0.36},
    {"mnist", "lstm", "mean_time", 0.4201, 0.0886, 0.3103, 0.0740, 0.32, 0.2, 0.41},
    {"mnist", "nwm", "fft", 0.7582, 0.0549, 0.6537, 0.0692, 0.67, 0.52, 0.76},
    {"mnist", "nwm", "last", 0.5021, 0.0758, 0.3856, 0.0714, 0.41, 0.25, 0.49},
    {"mnist", "nwm", "linear", 0.9031, 0.0240, 0.8516, 0.0365, 0.85, 0.78, 0.91},
    {"mnist", "nwm", "max_time", 0.4816, 0.0699, 0.3659, 0.0669, 0.34, 0.31, 0.47},
    {"mnist", "nwm", "mean_time", 0.4599, 0.0804, 0.3516, 0.0735, 0.34, 0.24, 0.46},
    {"tetrominoes", "cnn", "2", 0.2370, 0.0833, 0.1410, 0.0496, 0.16, 0.0, 0.16},
    {"tetrominoes", "cnn", "4", 0.3094, 0.1645, 0.2025, 0.1077, 0.25, 0.0, 0.27},
    {"tetrominoes", "cnn", "8", 0.7363, 0.2588, 0.6374, 0.2242, 0.7, 0.0, 0.72},
    {"tetrominoes", "cnn", "16", 0.3984, 0.5143, 0.3972, 0.5128, 0.0, 0.0, 1.0},
    {"tetrominoes", "cnn", "32", 0.3251, 0.4714, 0.3160, 0.4732, 0.0, 0.0, 1.0},
    {"tetrominoes", "lstm", "fft", 0.9501, 0.0420, 0.9136, 0.0693, 0.94, 0.74, 0.96},
    {"tetrominoes", "lstm", "last", 0.5855, 0.4144, 0.5179, 0.3765, 0.73, 0.0, 0.86},
    {"tetrominoes", "lstm", "linear", 0.9678, 0.0184, 0.9432, 0.0321, 0.96, 0.87, 0.97},
    {"tetrominoes", "lstm", "max_time", 0.6231, 0.2970, 0.5216, 0.3097, 0.42, 0.0, 0.92},
    {"tetrominoes", "lstm", "mean_time", 0.6447, 0.2488, 0.5308, 0.2313, 0.53, 0.0, 0.93},
    {"tetrominoes", "nwm", "fft", 0.9830, 0.0065, 0.9709, 0.0105, 0.97, 0.95, 0.98},
    {"tetrominoes", "nwm", "last", 0.9419, 0.0578, 0.9031, 0.0944, 0.95, 0.7, 0.97},
    {"tetrominoes", "nwm", "linear", 0.9866, 0.0040, 0.9768, 0.0067, 0.98, 0.96, 0.99},
    {"tetrominoes", "nwm", "max_time", 0.8821, 0.1053, 0.8135, 0.1546, 0.86, 0.54, 0.98},
    {"tetrominoes", "nwm", "mean_time", 0.9209, 0.0691, 0.8690, 0.1103, 0.89, 0.65, 0.98},
    {"multi-mnist", "nwm", "linear", 0.96, 0.01, 0.93, 0.01, unpublished, unpublished, unpublished},
    {"multi-mnist", "unet", "2", 0.66, 0.27, 0.6, 0.28, unpublished, unpublished, unpublished},
    {"multi-mnist", "unet", "3", 0.9, 0.1, 0.87, 0.13, unpublished, unpublished, unpublished},
    {"multi-mnist", "unet", "4", 0.97, 0.0, 0.96, 0.01, unpublished, unpublished, unpublished},
    {"multi-mnist", "unet", "5", 0.98, 0.0, 0.97, 0.0, unpublished, unpublished, unpublished},
}};
// clang-format on

}  // namespace study
