// expect: first
// max-lines: 1
// max-errors: 0
#ifndef NWM_SHOULD_COMPILE
static_assert(false, "first");
static_assert(false, "second");
#endif
