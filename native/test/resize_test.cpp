// SPDX-License-Identifier: Apache-2.0
//
// Resizing of rows and columns against plain loops: the same bits on every instruction set, for any number of outputs,
// to both directions, and with guard bytes untouched.
#include "check.h"
#include "kernels/resize.cpp"

namespace {

using check::Array;

struct Filter {
  std::vector<int> firsts, counts, weights;
  rw_filter_taps taps;

  // Any weights that add up to one, or to the most that rounding may leave.
  Filter(int length, int outputs, int stride) : firsts(outputs), counts(outputs), weights(outputs * stride) {
    for (int i = 0; i < outputs; i++) {
      counts[i] = 1 + static_cast<int>(check::source()() % std::min(stride, length));
      firsts[i] = static_cast<int>(check::source()() % (length - counts[i] + 1));
      int rest = (1 << 22) + (i % 2 == 0 ? 0 : counts[i] / 2);
      for (int t = 0; t < counts[i]; t++) {
        const int weight = t == counts[i] - 1 ? rest : static_cast<int>(check::uniform(0, rest));
        weights[i * stride + t] = weight;
        rest -= weight;
      }
    }
    taps = {firsts.data(), counts.data(), weights.data(), stride, outputs, length};
  }

  int filtered(int output, const std::function<int(int)>& pixel) const {
    int64_t sum = 1 << 21;
    for (int t = 0; t < counts[output]; t++) {
      sum += static_cast<int64_t>(pixel(firsts[output] + t)) * weights[output * taps.stride + t];
    }
    return static_cast<int>(std::min<int64_t>(255, sum >> 22));
  }
};

void random_bytes(Array<uint8_t>& array) {
  for (size_t i = 0; i < array.size(); i++) array.data()[i] = static_cast<uint8_t>(i % 3 == 0 ? 255 : check::source()());
}

void row(int length, int outputs, int stride) {
  check::context = "row of " + std::to_string(length) + " to " + std::to_string(outputs);
  const Filter filter(length, outputs, stride);
  Array<uint8_t> source(3 * length + 1), result(3 * outputs);
  random_bytes(source);
  for (int flipped = 0; flipped < 2; flipped++) {
    result.soil();
    rw::RW_ISA::resize_row(source.data(), &filter.taps, flipped, result.data());
    std::vector<double> want(3 * outputs);
    for (int i = 0; i < outputs; i++) {
      for (int c = 0; c < 3; c++) {
        want[3 * (flipped ? outputs - 1 - i : i) + c] =
            filter.filtered(i, [&](int x) { return source.data()[3 * x + c]; });
      }
    }
    check::expect_near(result, want, 0, "row");
  }
}

void column(int length, int row_bytes, int stride) {
  check::context = "column of " + std::to_string(length) + " x " + std::to_string(row_bytes);
  const Filter filter(length, 4, stride);
  Array<uint8_t> source(static_cast<size_t>(length) * row_bytes), result(row_bytes);
  random_bytes(source);
  for (int y = 0; y < 4; y++) {
    result.soil();
    rw::RW_ISA::resize_column(source.data(), &filter.taps, y, row_bytes, result.data());
    std::vector<double> want(row_bytes);
    for (int i = 0; i < row_bytes; i++) {
      want[i] = filter.filtered(y, [&](int t) { return source.data()[t * row_bytes + i]; });
    }
    check::expect_near(result, want, 0, "column");
  }
}

}  // namespace

int main() {
  return check::run_all([] {
    for (int outputs : {1, 2, 13, 224}) {
      row(1, outputs, 3);
      row(17, outputs, 5);
      row(500, outputs, 40);
    }
    for (int row_bytes : {3, 15, 16, 48, 672, 675}) {
      column(1, row_bytes, 3);
      column(29, row_bytes, 31);
    }
  });
}
