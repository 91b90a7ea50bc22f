// SPDX-License-Identifier: MIT
// CMSIS-NN 7 has a file of this name; the stand-in needs none.
typedef int stand_in;
