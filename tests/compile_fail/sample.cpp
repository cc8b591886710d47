// expect: static assertion failed|static_assert failed
// expect: a window of 5 steps does not fit a series of 3
// max-lines: 6
// max-errors: 0
// How a file here looks: the misuse, and its right form with NWM_SHOULD_COMPILE.
template <int window, int steps>
struct Readout {
  static_assert(window != 5 || window <= steps, "a window of 5 steps does not fit a series of 3");
};

#ifdef NWM_SHOULD_COMPILE
Readout<5, 8> readout;
#else
Readout<5, 3> readout;
#endif
