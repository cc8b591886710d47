// expect: wrong either way
#error wrong either way
