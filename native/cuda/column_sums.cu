// SPDX-License-Identifier: Apache-2.0
//
// out[o] = sum over rows of x[row][o], in order: the gradient of a bias. A thread takes one column.
#include "kernel.cuh"

struct ColumnSums {
  i64 blocks;
  const element* x;
  float* out;
  int rows, columns;
};

RW_KERNEL(column_sums, ColumnSums) {
  const int c = static_cast<int>(blockIdx.x) * threads + threadIdx.x;
  if (c >= a.columns) return;
  double sum = 0;
  for (i64 row = 0; row < a.rows; row++) sum += to_float(a.x[row * a.columns + c]);
  a.out[c] = static_cast<float>(sum);
}
