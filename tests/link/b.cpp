#include <every_header.hpp>

int nwm_link_test_other_file();

int nwm_link_test_other_file() { return 0; }
