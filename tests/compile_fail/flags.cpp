// Not a test: the object whose include folders the tests here are compiled with.
