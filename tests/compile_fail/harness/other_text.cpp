// expect: the promised text
#ifndef NWM_SHOULD_COMPILE
#error another text
#endif
