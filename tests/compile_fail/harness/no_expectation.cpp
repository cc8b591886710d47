#ifndef NWM_SHOULD_COMPILE
#error refused
#endif
