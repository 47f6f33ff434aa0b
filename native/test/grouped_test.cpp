// SPDX-License-Identifier: Apache-2.0
//
// The grouped convolution and the gradients of its input and its filter against plain loops in double.
#include "check.h"
#include "kernels/grouped_convolution.cpp"
#include "kernels/grouped_filter_gradient.cpp"
#include "kernels/grouped_strided_gradient.cpp"
#include "kernels/pointwise_filter_gradient_merge.cpp"
#include "kernels/transpose_grouped_filter.cpp"

namespace {

using check::Array;
using namespace rw::RW_ISA;

struct Case {
  int batch, height, width, channels, group, stride, images_per_task;
};

// The positions that one multiplication of the convolution combines.
template <typename F>
void each_product(const Case& c, int stored, F f) {
  const int height = strided(c.height, c.stride), width = strided(c.width, c.stride);
  for (int n = 0; n < c.batch; n++) {
    for (int h = 0; h < height; h++) {
      for (int w = 0; w < width; w++) {
        for (int tap = 0; tap < 9; tap++) {
          const int row = c.stride * h + tap / 3 - 1, column = c.stride * w + tap % 3 - 1;
          if (row < 0 || row >= c.height || column < 0 || column >= c.width) continue;
          const int from = ((n * c.height + row) * c.width + column) * stored;
          const int to = ((n * height + h) * width + w) * stored;
          for (int o = 0; o < c.channels; o++) {
            for (int j = 0; j < c.group; j++) {
              f(from + o / c.group * c.group + j, (tap * c.group + j) * stored + o, to + o);
            }
          }
        }
      }
    }
  }
}

template <typename T>
void test(const Case& c) {
  const int type = check::type_of<T>(), stored = (c.channels + 15) / 16 * 16;
  check::context = "grouped " + std::to_string(c.batch) + "x" + std::to_string(c.height) + "x" +
                   std::to_string(c.width) + " C=" + std::to_string(c.channels) + " of " + std::to_string(c.group) +
                   " stride " + std::to_string(c.stride) +
                   (type == RW_FLOAT32 ? " float" : " bfloat16");
  const size_t elements = static_cast<size_t>(c.batch) * c.height * c.width * stored;
  const size_t outputs =
      static_cast<size_t>(c.batch) * strided(c.height, c.stride) * strided(c.width, c.stride) * stored;
  const size_t weights = static_cast<size_t>(9) * c.group * stored;
  Array<T> x(elements), dy(outputs), y(outputs), dx(elements);
  check::fill(x, c.channels, stored);
  check::fill(dy, c.channels, stored);
  Array<float> filter(weights), transposed(weights), dfilter(weights);
  check::fill(filter, c.channels, stored);
  std::vector<double> want_y(outputs), want_dx(elements), want_dfilter(weights);
  each_product(c, stored, [&](int from, int weight, int to) {
    want_y[to] += x[from] * filter[weight];
    want_dx[from] += dy[to] * filter[weight];
    want_dfilter[weight] += dy[to] * x[from];
  });

  const int tasks = check::chunks(c.batch, c.images_per_task);
  Array<float> scratch0((4 * c.width + 10) * 16), scratch1(scratch0.size()), partials(tasks * weights);
  void* scratch[] = {scratch0.data(), scratch1.data()};
  const rw_grouped_convolution_args forward{x.data(),  filter.data(), y.data(),   scratch, type,
                                            c.batch,   c.height,      c.width,    stored,  c.group,
                                            c.stride,  c.images_per_task};
  const rw_transpose_grouped_filter_args transpose{filter.data(), transposed.data(), stored, c.group};
  const rw_grouped_convolution_args backward{dy.data(), transposed.data(), dx.data(), scratch, type,
                                             c.batch,   c.height,          c.width,   stored,  c.group,
                                             c.stride,  c.images_per_task};
  const rw_grouped_filter_gradient_args sums{x.data(),  dy.data(), partials.data(), scratch, type,
                                             c.batch,   c.height,  c.width,         stored,  c.group,
                                             c.stride,  c.images_per_task};
  const rw_pointwise_filter_gradient_merge_args merge{partials.data(), dfilter.data(), tasks,
                                                      static_cast<int64_t>(weights), 64};
  check::run_twice({{tasks, [&](int task, int w) { return grouped_convolution(&forward, task, w); }}}, y);
  check::run_twice({{stored / 16, [&](int task, int w) { return transpose_grouped_filter(&transpose, task, w); }},
                    {tasks, [&](int task, int w) {
                       return c.stride == 1 ? grouped_convolution(&backward, task, w)
                                            : grouped_strided_gradient(&backward, task, w);
                     }}},
                   transposed, dx);
  check::run_twice({{tasks, [&](int task, int w) { return grouped_filter_gradient(&sums, task, w); }},
                    {check::chunks(weights, 64),
                     [&](int task, int w) { return pointwise_filter_gradient_merge(&merge, task, w); }}},
                   partials, dfilter);
  check::expect_near(y, want_y, check::tolerance<T>(), "y");
  check::expect_near(dx, want_dx, check::tolerance<T>(), "dx");
  check::expect_near(dfilter, want_dfilter, 1e-5, "dfilter");
  check::expect_padding(y, c.channels, stored, "y");
  check::expect_padding(dx, c.channels, stored, "dx");
  check::expect_padding(dfilter, c.channels, stored, "dfilter");
  for (Array<float>* array : {&scratch0, &scratch1, &partials}) array->expect_guards("scratch");
}

}  // namespace

int main() {
  return check::run_all([] {
    const Case cases[] = {{1, 1, 1, 16, 4, 1, 1},   {3, 7, 19, 32, 4, 1, 2}, {2, 5, 33, 24, 8, 1, 1},
                          {5, 9, 14, 48, 8, 1, 2}, {4, 2, 8, 36, 4, 1, 4},  {3, 8, 1, 40, 8, 1, 3},
                          {1, 1, 1, 16, 8, 2, 1},   {3, 7, 19, 32, 4, 2, 2}, {2, 6, 34, 24, 8, 2, 1},
                          {5, 9, 14, 48, 8, 2, 2}, {4, 2, 9, 36, 4, 2, 4},  {3, 8, 2, 40, 8, 2, 3}};
    for (const Case& c : cases) {
      test<float>(c);
      test<check::bfloat16>(c);
    }
  });
}
