// SPDX-License-Identifier: Apache-2.0
//
// The dense 3x3 convolution and the gradients of its input and its filter against plain loops in double.
#include "check.h"
#include "kernels/convolution.cpp"
#include "kernels/convolution_filter_gradient.cpp"
#include "kernels/pack_filter.cpp"
#include "kernels/pointwise_filter_gradient_merge.cpp"

#if defined(__AMX_BF16__)
namespace {

using check::Array;
using namespace rw::RW_ISA;

struct Case {
  int batch, height, width, inputs, outputs, images_per_task, images_per_block, rows_per_block;
};

// The positions that one multiplication of the convolution combines.
template <typename F>
void each_product(const Case& c, int stored_inputs, int stored_outputs, F f) {
  for (int n = 0; n < c.batch; n++) {
    for (int h = 0; h < c.height; h++) {
      for (int w = 0; w < c.width; w++) {
        for (int tap = 0; tap < 9; tap++) {
          const int row = h + tap / 3 - 1, column = w + tap % 3 - 1;
          if (row < 0 || row >= c.height || column < 0 || column >= c.width) continue;
          const int from = ((n * c.height + row) * c.width + column) * stored_inputs;
          const int to = ((n * c.height + h) * c.width + w) * stored_outputs;
          for (int i = 0; i < c.inputs; i++) {
            for (int o = 0; o < c.outputs; o++) f(from + i, (tap * stored_inputs + i) * stored_outputs + o, to + o);
          }
        }
      }
    }
  }
}

void test(const Case& c) {
  using T = check::bfloat16;
  const int inputs = (c.inputs + 15) / 16 * 16, outputs = (c.outputs + 15) / 16 * 16;
  check::context = "convolution " + std::to_string(c.batch) + "x" + std::to_string(c.height) + "x" +
                   std::to_string(c.width) + " " + std::to_string(c.inputs) + " to " + std::to_string(c.outputs) +
                   " blocks of " + std::to_string(c.images_per_block) + " images, " +
                   std::to_string(c.rows_per_block) + " rows";
  const size_t pixels = static_cast<size_t>(c.batch) * c.height * c.width;
  Array<T> x(pixels * inputs), dy(pixels * outputs), y(pixels * outputs), dx(pixels * inputs);
  check::fill(x, c.inputs, inputs);
  check::fill(dy, c.outputs, outputs);
  const size_t weights = static_cast<size_t>(9) * inputs * outputs;
  Array<float> filter(weights), dfilter(weights);
  check::fill(filter, c.outputs, outputs);
  for (size_t i = 0; i < weights; i++) {
    // As the engine's filters are: padding of the inputs is zeros too; the values as the products see them.
    if (static_cast<int>(i / outputs % inputs) >= c.inputs) filter.set(i, 0);
    T stored;
    store_one(&stored, static_cast<float>(filter[i]));
    filter.set(i, load_one(&stored));
  }
  std::vector<double> want_y(y.size()), want_dx(dx.size()), want_dfilter(weights);
  each_product(c, inputs, outputs, [&](int from, int weight, int to) {
    want_y[to] += static_cast<double>(x[from]) * filter[weight];
    want_dx[from] += static_cast<double>(dy[to]) * filter[weight];
    want_dfilter[weight] += static_cast<double>(dy[to]) * x[from];
  });

  const int tasks = check::chunks(c.batch, c.images_per_task);
  const int64_t laid_out = 1 + (c.width + 1) * (1 + c.images_per_block * (c.rows_per_block + 1)) + RW_CONVOLUTION_TAIL;
  const auto laid_out_floats = [&](int channels) { return (laid_out * (4 + 2 * channels) + 64) / 4; };
  const size_t gradient_floats =
      (laid_out * 2 * (inputs + outputs) + (laid_out + 64) * 2 * inputs + RW_CONVOLUTION_PIXELS * 64 + 256) / 4;
  Array<float> forward0(laid_out_floats(inputs)), forward1(forward0.size());
  Array<float> backward0(laid_out_floats(outputs)), backward1(backward0.size());
  Array<float> sums0(gradient_floats), sums1(gradient_floats);
  void* forward_scratch[] = {forward0.data(), forward1.data()};
  void* backward_scratch[] = {backward0.data(), backward1.data()};
  void* sums_scratch[] = {sums0.data(), sums1.data()};
  Array<T> packed(3 * window_depth(inputs) * outputs), mirrored(3 * window_depth(outputs) * inputs);
  Array<float> partials(tasks * weights);

  const rw_pack_filter_args pack{filter.data(), packed.data(), inputs, outputs, 0, RW_BFLOAT16, 3};
  const rw_pack_filter_args mirror{filter.data(), mirrored.data(), inputs, outputs, 1, RW_BFLOAT16, 3};
  const rw_convolution_args forward{x.data(),  packed.data(), y.data(), forward_scratch,
                                    c.batch,   c.height,      c.width,  inputs,  outputs,
                                    c.images_per_task, c.images_per_block, c.rows_per_block};
  const rw_convolution_args backward{dy.data(), mirrored.data(), dx.data(), backward_scratch,
                                     c.batch,   c.height,        c.width,   outputs, inputs,
                                     c.images_per_task, c.images_per_block, c.rows_per_block};
  const rw_convolution_filter_gradient_args sums{x.data(), dy.data(), partials.data(), sums_scratch,
                                                 c.batch,  c.height,  c.width,         inputs,  outputs,
                                                 c.images_per_task, c.images_per_block, c.rows_per_block};
  const rw_pointwise_filter_gradient_merge_args merge{partials.data(), dfilter.data(), tasks,
                                                      static_cast<int64_t>(weights), 64};
  check::run_twice({{check::chunks(outputs, 96), [&](int task, int w) { return pack_filter(&pack, task, w); }},
                    {tasks, [&](int task, int w) { return convolution(&forward, task, w); }}},
                   packed, y);
  check::run_twice({{check::chunks(inputs, 96), [&](int task, int w) { return pack_filter(&mirror, task, w); }},
                    {tasks, [&](int task, int w) { return convolution(&backward, task, w); }}},
                   mirrored, dx);
  check::run_twice({{tasks, [&](int task, int w) { return convolution_filter_gradient(&sums, task, w); }},
                    {check::chunks(weights, 64),
                     [&](int task, int w) { return pointwise_filter_gradient_merge(&merge, task, w); }}},
                   partials, dfilter);
  check::expect_near(y, want_y, check::tolerance<T>(), "y");
  check::expect_near(dx, want_dx, check::tolerance<T>(), "dx");
  check::expect_near(dfilter, want_dfilter, 1e-5, "dfilter");
  check::expect_padding(y, c.outputs, outputs, "y");
  check::expect_padding(dx, c.inputs, inputs, "dx");
  check::expect_padding(dfilter, c.outputs, outputs, "dfilter");
  for (Array<float>* array : {&forward0, &forward1, &backward0, &backward1, &sums0, &sums1}) array->expect_guards("scratch");
  packed.expect_guards("packed");
  mirrored.expect_guards("mirrored");
  partials.expect_guards("partials");
}

}  // namespace

int main() {
  return check::run_all([] {
    const Case cases[] = {{1, 1, 1, 16, 16, 1, 1, 1},    {3, 7, 19, 20, 33, 2, 2, 7},  {4, 8, 8, 64, 48, 4, 3, 8},
                          {2, 5, 33, 24, 100, 1, 1, 2},  {1, 23, 41, 48, 16, 1, 1, 9}, {5, 4, 1, 32, 32, 3, 3, 4},
                          {2, 16, 31, 80, 112, 2, 1, 16}};
    for (const Case& c : cases) test(c);
  });
}
#else
int main() {
  return check::run_all([] {
    const rw_convolution_args convolution_args{};
    const rw_convolution_filter_gradient_args gradient_args{};
    if (rw::RW_ISA::convolution(&convolution_args, 0, 0) != RW_INVALID_ARGUMENT ||
        rw::RW_ISA::convolution_filter_gradient(&gradient_args, 0, 0) != RW_INVALID_ARGUMENT) {
      check::fail("a convolution without tile registers is not refused");
    }
  });
}
#endif
