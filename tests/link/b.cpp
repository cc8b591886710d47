// The other file, in which the macros of other libraries are about while every header is read: Qt's words,
// those of windows.h and of macOS. All compiles, and the macros are as they were.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <complex>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <span>
#include <sstream>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#define slots
#define signals public
#define emit
#define foreach(a, b) for (a : b)
#define forever for (;;)
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define check(assertion) ((assertion) ? 1 : 0)
#define require(assertion, label) ((assertion) ? 1 : 0)
#define verify(assertion) ((assertion) ? 1 : 0)
#define near
#define far
#define small char
#define ERROR 0
#define IN
#define OUT

#include <every_header.hpp>

#if !defined(slots) || !defined(signals) || !defined(emit) || !defined(foreach) || !defined(forever) || \
    !defined(check) || !defined(require) || !defined(verify) || !defined(near) || !defined(far) ||      \
    !defined(small) || !defined(ERROR) || !defined(IN) || !defined(OUT)
#error "a header took a macro away"
#endif

// A program of such macros, with the umbrella's words.
class Window {
 signals:
  int clicked = min(3, max(1, 2)) + check(true) + require(true, out) + verify(true);
};

int nwm_link_test_other_file();

int nwm_link_test_other_file() { return Window().clicked == 5 ? 0 : 1; }
