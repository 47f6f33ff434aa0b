// SPDX-License-Identifier: Apache-2.0
//
// node_forward, node_backward and their merge against plain loops in double.
#include "check.h"
#include "kernels/node_backward.cpp"
#include "kernels/node_backward_merge.cpp"
#include "kernels/node_forward.cpp"

namespace {

using check::Array;

struct Case {
  int batch, channels, height, width, stride, inputs, images_per_task, rows_per_task;
};

std::string text(const Case& c, int type) {
  return "node N=" + std::to_string(c.batch) + " C=" + std::to_string(c.channels) + " " + std::to_string(c.height) +
         "x" + std::to_string(c.width) + " stride " + std::to_string(c.stride) + " k=" + std::to_string(c.inputs) +
         (type == RW_FLOAT32 ? " float" : " bfloat16");
}

template <typename T>
void test(const Case& t) {
  check::context = text(t, check::type_of<T>());
  const int stored = (t.channels + 15) / 16 * 16;
  const int out_height = (t.height - 1) / t.stride + 1, out_width = (t.width - 1) / t.stride + 1;
  const size_t elements = static_cast<size_t>(t.batch) * t.height * t.width * stored;
  const size_t out_elements = static_cast<size_t>(t.batch) * out_height * out_width * stored;

  std::vector<std::unique_ptr<Array<T>>> x;
  std::vector<const void*> addresses;
  Array<float> weight(t.inputs), mask(t.inputs), filter(9 * stored);
  for (int i = 0; i < t.inputs; i++) {
    x.push_back(std::make_unique<Array<T>>(elements));
    check::fill(*x.back(), t.channels, stored);
    addresses.push_back(x.back()->data());
    weight.set(i, check::uniform(-2, 2));
    mask.set(i, i == 1 ? 0 : 1);
  }
  check::fill(filter, t.channels, stored);
  Array<T> u(out_elements), du(out_elements), e(elements);
  check::fill(du, t.channels, stored);

  // The reference. p is rounded as the kernel's is, so that both agree on its sign.
  std::vector<double> p(elements), want_u(out_elements), want_e(elements), want_filter(9 * stored), want_weight(16);
  for (size_t j = 0; j < elements; j++) {
    float sum = 0;
    for (int i = 0; i < t.inputs; i++) {
      const float c = rw::RW_ISA::edge_coefficient(weight.data()[i], mask.data()[i]);
      sum = i == 0 ? static_cast<float>((*x[i])[j]) * c : std::fma(static_cast<float>((*x[i])[j]), c, sum);
    }
    p[j] = sum;
  }
  for (int n = 0; n < t.batch; n++) {
    for (int oy = 0; oy < out_height; oy++) {
      for (int ox = 0; ox < out_width; ox++) {
        for (int tap = 0; tap < 9; tap++) {
          const int y = oy * t.stride + tap / 3 - 1, xx = ox * t.stride + tap % 3 - 1;
          if (y < 0 || y >= t.height || xx < 0 || xx >= t.width) continue;
          for (int c = 0; c < stored; c++) {
            const size_t in = ((static_cast<size_t>(n) * t.height + y) * t.width + xx) * stored + c;
            const size_t out = ((static_cast<size_t>(n) * out_height + oy) * out_width + ox) * stored + c;
            want_u[out] += std::max(p[in], 0.0) * filter[tap * stored + c];
            want_filter[tap * stored + c] += std::max(p[in], 0.0) * du[out];
            if (p[in] > 0) want_e[in] += du[out] * filter[tap * stored + c];
          }
        }
      }
    }
  }
  for (int i = 0; i < t.inputs; i++) {
    const double s = 1 / (1 + std::exp(-weight[i]));
    for (size_t j = 0; j < elements; j++) want_weight[i] += mask[i] * s * (1 - s) * (*x[i])[j] * want_e[j];
  }

  const size_t scratch = (t.width + 2) * (3 * stored + 16);
  Array<float> scratch0(scratch), scratch1(scratch);
  void* forward_scratch[] = {scratch0.data(), scratch1.data()};
  const rw_node_forward_args forward{addresses.data(), weight.data(), mask.data(), filter.data(), u.data(),
                                     forward_scratch,  t.inputs,      check::type_of<T>(),        t.batch,
                                     t.height,         t.width,       stored,      t.stride,      t.images_per_task,
                                     std::min(t.rows_per_task, out_height)};
  const int forward_tasks =
      check::chunks(t.batch, t.images_per_task) * check::chunks(out_height, forward.rows_per_task);
  check::run_twice({{forward_tasks, [&](int task, int w) { return rw::RW_ISA::node_forward(&forward, task, w); }}}, u);
  check::expect_near(u, want_u, check::tolerance<T>(), "u");
  check::expect_padding(u, t.channels, stored, "u");
  scratch0.expect_guards("forward scratch");
  scratch1.expect_guards("forward scratch");

  const size_t backward_size = (out_width + 2) * (3 * stored + 16) + t.width * stored;
  Array<float> scratch2(backward_size), scratch3(backward_size);
  void* backward_scratch[] = {scratch2.data(), scratch3.data()};
  const int tasks =
      check::chunks(t.batch, t.images_per_task) * check::chunks(t.height, std::min(t.rows_per_task, t.height));
  Array<float> filter_partials(static_cast<size_t>(tasks) * 9 * stored), dfilter(9 * stored), dweight(16);
  Array<double> edge_partials(static_cast<size_t>(tasks) * t.inputs);
  const rw_node_backward_args backward{addresses.data(),
                                       weight.data(),
                                       mask.data(),
                                       filter.data(),
                                       du.data(),
                                       e.data(),
                                       filter_partials.data(),
                                       edge_partials.data(),
                                       backward_scratch,
                                       t.inputs,
                                       check::type_of<T>(),
                                       t.batch,
                                       t.height,
                                       t.width,
                                       stored,
                                       t.stride,
                                       t.images_per_task,
                                       std::min(t.rows_per_task, t.height)};
  const rw_node_backward_merge_args merge{filter_partials.data(), edge_partials.data(), weight.data(), mask.data(),
                                          dfilter.data(),         dweight.data(),       16,            t.inputs,
                                          tasks,                  stored};
  check::run_twice({{tasks, [&](int task, int w) { return rw::RW_ISA::node_backward(&backward, task, w); }},
                    {1 + stored / 16, [&](int task, int w) { return rw::RW_ISA::node_backward_merge(&merge, task, w); }}},
                   e, dfilter, dweight);
  check::expect_near(e, want_e, check::tolerance<T>(), "e");
  check::expect_padding(e, t.channels, stored, "e");
  check::expect_near(dfilter, want_filter, check::tolerance<T>(), "dfilter");
  check::expect_near(dweight, want_weight, check::tolerance<T>(), "dweight");
  for (Array<float>* array : {&scratch2, &scratch3, &filter_partials}) array->expect_guards("backward scratch");
  edge_partials.expect_guards("edge partials");
}

void nan_stays_nan() {
  check::context = "node NaN";
  Array<float> x(16), weight(1), mask(1), filter(144), u(16), scratch(3 * 64);
  check::fill(x, 16, 16);
  check::fill(filter, 16, 16);
  x.set(3, NAN);
  weight.set(0, 0);
  mask.set(0, 1);
  const void* addresses[] = {x.data()};
  void* scratches[] = {scratch.data()};
  const rw_node_forward_args args{addresses, weight.data(), mask.data(), filter.data(), u.data(), scratches, 1, 0, 1, 1,
                                  1,         16,            1,           1,             1};
  rw::RW_ISA::node_forward(&args, 0, 0);
  if (!std::isnan(u[3]) || std::isnan(u[2])) check::fail("a NaN was lost or spread");
}

}  // namespace

int main() {
  return check::run_all([] {
    const Case cases[] = {
        {1, 16, 1, 1, 1, 1, 1, 1},  {1, 16, 1, 1, 2, 2, 1, 1},  {3, 48, 7, 7, 1, 3, 2, 7},   {5, 80, 13, 9, 1, 2, 1, 4},
        {5, 80, 13, 9, 2, 2, 1, 4}, {3, 78, 8, 8, 2, 5, 3, 8},  {1, 70, 7, 10, 1, 10, 1, 3}, {2, 16, 2, 3, 2, 1, 1, 1},
        {2, 33, 12, 5, 1, 4, 1, 5}, {3, 96, 6, 11, 2, 3, 1, 3}, {1, 20, 1, 6, 1, 2, 1, 1},   {1, 20, 6, 1, 2, 2, 1, 2},
    };
    for (const Case& c : cases) {
      test<float>(c);
      test<check::bfloat16>(c);
    }
    nan_stays_nan();
  });
}
