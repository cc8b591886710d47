// Every public header in two files of one program: a function that is not inline would be there twice.
#include <every_header.hpp>

int nwm_link_test_other_file();

int main() { return nwm_link_test_other_file(); }
