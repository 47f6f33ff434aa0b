// SPDX-License-Identifier: Apache-2.0
//
// Batch normalisation's kernels against plain loops in double, with means far from zero.
#include "check.h"
#include "kernels/batch_norm_apply.cpp"
#include "kernels/batch_norm_gradient_apply.cpp"
#include "kernels/batch_norm_gradient_merge.cpp"
#include "kernels/batch_norm_gradient_sums.cpp"
#include "kernels/batch_norm_merge.cpp"
#include "kernels/batch_norm_running.cpp"
#include "kernels/batch_norm_statistics.cpp"

namespace {

using check::Array;
using namespace rw::RW_ISA;

constexpr double epsilon = 1e-5, momentum = 0.1;

struct Case {
  int channels;
  int64_t pixels, pixels_per_task;
  double offset;
};

template <typename T>
void test(const Case& t) {
  const int stored = (t.channels + 15) / 16 * 16, type = check::type_of<T>();
  check::context = "batch norm C=" + std::to_string(t.channels) + " pixels " + std::to_string(t.pixels) + " offset " +
                   std::to_string(t.offset) + (type == RW_FLOAT32 ? " float" : " bfloat16");
  const size_t elements = t.pixels * stored;
  const int tasks = check::chunks(t.pixels, t.pixels_per_task), blocks = stored / 16;
  Array<T> x(elements), dy(elements), y(elements), dx(elements);
  check::fill(x, t.channels, stored, t.offset - 1, t.offset + 1);
  check::fill(dy, t.channels, stored);
  Array<float> weight(stored), bias(stored), running_mean(stored), running_variance(stored);
  check::fill(weight, t.channels, stored, 0.5, 2);
  check::fill(bias, t.channels, stored);
  check::fill(running_mean, t.channels, stored);
  check::fill(running_variance, t.channels, stored, 0.5, 2);
  Array<float> mean(stored), variance(stored), scale(stored), shift(stored), dweight(stored), dbias(stored);
  Array<float> gradient_scale(stored), dy_mean(stored), slope(stored), scratch0(3 * stored), scratch1(3 * stored);
  Array<double> partials(static_cast<size_t>(tasks) * 2 * stored), sums(static_cast<size_t>(tasks) * 2 * stored);
  void* scratch[] = {scratch0.data(), scratch1.data()};

  const double count = static_cast<double>(t.pixels);
  std::vector<double> want_mean(stored), want_variance(stored), want_y(elements), want_dx(elements);
  std::vector<double> want_dweight(stored), want_dbias(stored), want_running_mean(stored), want_running_variance(stored);
  for (size_t i = 0; i < elements; i++) want_mean[i % stored] += x[i] / count;
  for (size_t i = 0; i < elements; i++) want_variance[i % stored] += std::pow(x[i] - want_mean[i % stored], 2) / count;
  const auto normalised = [&](size_t i) {
    return (x[i] - want_mean[i % stored]) / std::sqrt(want_variance[i % stored] + epsilon);
  };
  for (size_t i = 0; i < elements; i++) {
    want_y[i] = normalised(i) * weight[i % stored] + bias[i % stored];
    want_dbias[i % stored] += dy[i];
    want_dweight[i % stored] += dy[i] * normalised(i);
  }
  for (size_t i = 0; i < elements; i++) {
    const size_t c = i % stored;
    want_dx[i] = weight[c] / std::sqrt(want_variance[c] + epsilon) *
                 (dy[i] - want_dbias[c] / count - normalised(i) * want_dweight[c] / count);
  }
  for (int c = 0; c < stored; c++) {
    const double unbiased = want_variance[c] * count / std::max(1.0, count - 1);
    want_running_mean[c] = (1 - momentum) * running_mean[c] + momentum * want_mean[c];
    want_running_variance[c] = (1 - momentum) * running_variance[c] + momentum * unbiased;
  }

  // The forward pass updates the running statistics in place, so it is repeated without that.
  rw_batch_norm_statistics_args statistics{x.data(), partials.data(), scratch, type, stored, t.pixels, t.pixels_per_task};
  rw_batch_norm_merge_args merge{partials.data(), weight.data(), bias.data(), running_mean.data(),
                                 running_variance.data(), mean.data(), variance.data(), scale.data(), shift.data(),
                                 epsilon, momentum, 0, t.channels, stored, tasks, t.pixels, t.pixels_per_task};
  rw_batch_norm_apply_args apply{x.data(), nullptr, mean.data(), scale.data(), shift.data(), y.data(), 0, type, stored,
                                 t.pixels, t.pixels_per_task};
  const std::vector<check::Region> forward = {
      {tasks, [&](int task, int w) { return batch_norm_statistics(&statistics, task, w); }},
      {blocks, [&](int task, int w) { return batch_norm_merge(&merge, task, w); }},
      {tasks, [&](int task, int w) { return batch_norm_apply(&apply, task, w); }}};
  const auto running_before = running_mean.bits();
  check::run_twice(forward, y, mean, variance);
  if (running_mean.bits() != running_before) check::fail("running statistics changed without being asked to");
  merge.updates_running = 1;
  check::run_regions(forward, false);

  // Of x only bfloat16's 8 bits are left around a large mean; what is checked then is the arithmetic on them.
  const double tolerance = check::tolerance<T>() * (1 + (type == RW_FLOAT32 ? std::abs(t.offset) / 10 : 0));
  check::expect_near(mean, want_mean, 1e-6, "mean");
  check::expect_near(variance, want_variance, 1e-5, "variance");
  check::expect_near(y, want_y, type == RW_FLOAT32 ? tolerance : tolerance * (1 + std::abs(t.offset)), "y");
  check::expect_padding(y, t.channels, stored, "y");
  check::expect_near(running_mean, want_running_mean, 1e-6, "running mean");
  check::expect_near(running_variance, want_running_variance, 1e-5, "running variance");

  rw_batch_norm_gradient_sums_args gradient_sums{x.data(), dy.data(), nullptr, nullptr, nullptr, mean.data(),
                                                 variance.data(), weight.data(), bias.data(), sums.data(), scratch,
                                                 epsilon, RW_MASK_NONE, type, stored, t.pixels, t.pixels_per_task};
  rw_batch_norm_gradient_merge_args gradient_merge{sums.data(), weight.data(), mean.data(), variance.data(),
                                                   dweight.data(), dbias.data(), gradient_scale.data(), dy_mean.data(),
                                                   slope.data(), epsilon, t.channels, stored, tasks, t.pixels};
  rw_batch_norm_gradient_apply_args gradient_apply{x.data(), dy.data(), nullptr, bias.data(), mean.data(),
                                                   gradient_scale.data(), dy_mean.data(), slope.data(), dx.data(),
                                                   RW_MASK_NONE, type, stored, t.pixels, t.pixels_per_task};
  check::run_twice({{tasks, [&](int task, int w) { return batch_norm_gradient_sums(&gradient_sums, task, w); }},
                    {blocks, [&](int task, int w) { return batch_norm_gradient_merge(&gradient_merge, task, w); }},
                    {tasks, [&](int task, int w) { return batch_norm_gradient_apply(&gradient_apply, task, w); }}},
                   dx, dweight, dbias);
  check::expect_near(dbias, want_dbias, 1e-5, "dbias");
  check::expect_near(dweight, want_dweight, tolerance, "dweight");
  check::expect_near(dx, want_dx, tolerance, "dx");
  check::expect_padding(dx, t.channels, stored, "dx");

  rw_batch_norm_running_args running{weight.data(), bias.data(), running_variance.data(), scale.data(), shift.data(),
                                     epsilon, t.channels};
  apply.mean = running_mean.data();
  check::run_twice({{blocks, [&](int task, int w) { return batch_norm_running(&running, task, w); }},
                    {tasks, [&](int task, int w) { return batch_norm_apply(&apply, task, w); }}},
                   y);
  for (size_t i = 0; i < elements; i++) {
    const size_t c = i % stored;
    want_y[i] = (x[i] - running_mean[c]) / std::sqrt(running_variance[c] + epsilon) * weight[c] + bias[c];
  }
  check::expect_near(y, want_y, tolerance, "inference");
  check::expect_padding(y, t.channels, stored, "inference");
  for (Array<float>* array : {&scale, &shift, &gradient_scale, &dy_mean, &slope, &scratch0, &scratch1}) {
    array->expect_guards("vector");
  }
}

}  // namespace

int main() {
  return check::run_all([] {
    const Case cases[] = {{16, 1, 1, 0},     {16, 5, 2, 0},      {48, 49, 49, 1},     {78, 117, 20, 0.5},
                          {80, 2000, 450, 3}, {16, 5000, 2500, 1}, {78, 1000, 100, 100}, {33, 3 * 13 * 9, 64, -2}};
    for (const Case& c : cases) {
      test<float>(c);
      if (std::abs(c.offset) < 10) test<check::bfloat16>(c);
    }
  });
}
