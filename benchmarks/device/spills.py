"""Why kernels spill, read by hand from the machine code for compute capability 9.0a that nvcc 13.0 made: what the spilled numbers are, and
which loops their stores and loads are in. resources.py puts it below its table. Look again (nvdisasm -c) where a kernel has changed."""

CLUSTERS = ("Before the loop over steps alone: gradients of the fields on their way from memory, each stored once and read once. In the loop, of 3,500 to "
            "5,100 instructions, is none. A block's 256 threads of 255 registers are all there are, and 128 of them hold the gradients of y and z.")
LAYERS = ("In no loop: after the products of each hidden layer, up to 21 of a thread's 128 sums behind the ReLU, which wait for the largest number of the "
          "tile and are read once, to be scaled; and up to three words of the layers' signs.")
SUMS = " More than 255 registers a thread cannot have; a tile of fewer pixels would read the weights more often."

REASONS = [  # (a pattern of a body's type, the reason): the first that matches
    (r"Lane<double|[ ,(]double\b", "In double, where a number takes two registers: no figure is measured in it."),
    (r"ClusterBackward<", CLUSTERS),
    (r"FusedHead<.*Hidden<256ul, 256ul, 256ul>", LAYERS + SUMS),
    (r"ResidentBackward<.*WaveOn", "Two addresses in shared memory, stored before the loop over steps and read once a step of 1,700 instructions. "
     "With so many threads in a block each has 128 registers."),
    (r"TileGradient<nwm::Stencil<4ul, 11ul, 1ul", "Half of an offset, stored before the loop over tiles and read once a tile."),
    (r"HeadGradient<.*Bf16", "One or two words, stored and read once a round of 178 instructions and 18 products of tensor cores: 256 threads of 128 registers, "
     "of which two blocks run beside each other."),
    (r"TensorCorrelate<|TensorGradient<", "A word or two, on the lower grids of U-Nets: stored and read once a tile of 900 or more instructions."),
    (r"FusedHead<.*Hidden<64ul, 20ul>", "A word, in a test's head alone; not looked into."),
]
