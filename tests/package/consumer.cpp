// A program of someone else: what it takes to use nwm from a project of one's own.
#include <iostream>
#include <nwm/nwm.hpp>

int main() {
  try {
    throw nwm::Error("consumer", "header", "included", "used");
  } catch (const nwm::Error& error) {
    std::cout << error.what() << '\n';
    return error.field() == "header" ? 0 : 1;
  }
}
