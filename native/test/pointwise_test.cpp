// SPDX-License-Identifier: Apache-2.0
//
// The pointwise convolution and the gradients of its input and its filter against plain loops in double.
#include "check.h"
#include "kernels/pack_filter.cpp"
#include "kernels/pointwise.cpp"
#include "kernels/pointwise_filter_gradient.cpp"
#include "kernels/pointwise_filter_gradient_merge.cpp"

namespace {

using check::Array;

// Pixels, logical channels, and what a task takes.
struct Case {
  int pixels, inputs, outputs, pixels_per_task, inputs_per_task;
};

int stored(int channels) { return (channels + 15) / 16 * 16; }

std::string text(const Case& c, int type) {
  return "pointwise " + std::to_string(c.pixels) + " pixels " + std::to_string(c.inputs) + " to " +
         std::to_string(c.outputs) + " by " + std::to_string(c.pixels_per_task) + " and " +
         std::to_string(c.inputs_per_task) + (type == RW_FLOAT32 ? " float" : " bfloat16");
}

// [inputs][outputs] with zeros where either is padding.
void fill_filter(Array<float>& filter, const Case& c) {
  const size_t outputs = stored(c.outputs);
  for (size_t i = 0; i < filter.size(); i++) {
    const bool inside = static_cast<int>(i / outputs) < c.inputs && static_cast<int>(i % outputs) < c.outputs;
    filter.set(i, inside ? check::uniform(-1, 1) : 0);
  }
}

// x times the filter, or times its transpose, whose rows are the outputs.
template <typename T>
void test_product(const Case& c, bool transposed) {
  check::context = text(c, check::type_of<T>()) + (transposed ? " transposed" : "");
  const int inputs = stored(c.inputs), outputs = stored(c.outputs);
  const int depth = transposed ? outputs : inputs, columns = transposed ? inputs : outputs;
  Array<float> filter(static_cast<size_t>(inputs) * outputs);
  fill_filter(filter, c);
  Array<T> x(static_cast<size_t>(c.pixels) * depth), y(static_cast<size_t>(c.pixels) * columns), packed(filter.size());
  check::fill(x, transposed ? c.outputs : c.inputs, depth);

  std::vector<double> want(y.size());
  for (int k = 0; k < depth; k++) {
    for (int j = 0; j < columns; j++) {
      T factor;  // the product takes the filter in the activations' type
      rw::RW_ISA::store_one(&factor, filter.data()[transposed ? j * outputs + k : k * outputs + j]);
      const double w = rw::RW_ISA::load_one(&factor);
      for (int p = 0; p < c.pixels; p++) want[p * columns + j] += x[p * depth + k] * w;
    }
  }

  const rw_pack_filter_args pack{filter.data(), packed.data(), inputs, outputs, transposed, check::type_of<T>(), 1};
  const rw_pointwise_args args{
      x.data(), packed.data(), y.data(), check::type_of<T>(), depth, columns, c.pixels, c.pixels_per_task};
  check::run_twice(
      {{check::chunks(columns, 96), [&](int task, int w) { return rw::RW_ISA::pack_filter(&pack, task, w); }},
       {check::chunks(c.pixels, c.pixels_per_task),
        [&](int task, int w) { return rw::RW_ISA::pointwise(&args, task, w); }}},
      packed, y);
  check::expect_near(y, want, check::tolerance<T>(), "y");
  check::expect_padding(y, transposed ? c.inputs : c.outputs, columns, "y");
  packed.expect_guards("packed");
}

template <typename T>
void test_filter_gradient(const Case& c) {
  check::context = text(c, check::type_of<T>()) + " filter gradient";
  const int inputs = stored(c.inputs), outputs = stored(c.outputs);
  const size_t elements = static_cast<size_t>(inputs) * outputs;
  Array<T> x(static_cast<size_t>(c.pixels) * inputs), dy(static_cast<size_t>(c.pixels) * outputs);
  check::fill(x, c.inputs, inputs);
  check::fill(dy, c.outputs, outputs);
  std::vector<double> want(elements);
  for (int p = 0; p < c.pixels; p++) {
    for (int i = 0; i < inputs; i++) {
      for (int o = 0; o < outputs; o++) want[i * outputs + o] += x[p * inputs + i] * dy[p * outputs + o];
    }
  }

  const size_t scratch = RW_FILTER_GRADIENT_PIXELS * (c.inputs_per_task + 48);
  Array<float> scratch0(scratch), scratch1(scratch);
  void* scratches[] = {scratch0.data(), scratch1.data()};
  const int chunks = check::chunks(c.pixels, c.pixels_per_task);
  Array<float> partials(chunks * elements), dfilter(elements);
  const rw_pointwise_filter_gradient_args args{
      x.data(), dy.data(), partials.data(),   scratches, check::type_of<T>(),
      inputs,   outputs,   c.inputs_per_task, c.pixels,  c.pixels_per_task};
  const int64_t each = 512;
  const rw_pointwise_filter_gradient_merge_args merge{partials.data(), dfilter.data(), chunks,
                                                      static_cast<int64_t>(elements), each};
  check::run_twice(
      {{chunks * check::chunks(inputs, c.inputs_per_task),
        [&](int task, int w) { return rw::RW_ISA::pointwise_filter_gradient(&args, task, w); }},
       {check::chunks(elements, each),
        [&](int task, int w) { return rw::RW_ISA::pointwise_filter_gradient_merge(&merge, task, w); }}},
      partials, dfilter);
  // Products of two bfloat16 values are exact in float32: only the order of the sum is left to differ.
  check::expect_near(dfilter, want, 1e-5, "dfilter");
  check::expect_padding(dfilter, c.outputs, outputs, "dfilter");
  for (Array<float>* array : {&scratch0, &scratch1, &partials}) array->expect_guards("scratch");
}

// What a task reads of another pixel, or pairs an odd last pixel with, would spread.
template <typename T>
void nan_stays_in_its_channels() {
  check::context = "pointwise NaN";
  const int pixels = 7, channels = 16;
  Array<T> x(pixels * channels), dy(pixels * channels);
  check::fill(x, channels, channels);
  check::fill(dy, channels, channels);
  x.set(6 * channels + 3, NAN);
  Array<float> scratch(RW_FILTER_GRADIENT_PIXELS * (channels + 48)), dfilter(channels * channels);
  void* scratches[] = {scratch.data()};
  const rw_pointwise_filter_gradient_args args{x.data(), dy.data(), dfilter.data(), scratches, check::type_of<T>(),
                                               channels, channels,  channels,       pixels,    pixels};
  rw::RW_ISA::pointwise_filter_gradient(&args, 0, 0);
  for (int i = 0; i < channels * channels; i++) {
    if (std::isnan(dfilter[i]) != (i / channels == 3)) return check::fail("a NaN was lost or spread");
  }
}

template <typename T>
void test(const Case& c) {
  test_product<T>(c, false);
  test_product<T>(c, true);
  test_filter_gradient<T>(c);
}

}  // namespace

int main() {
  return check::run_all([] {
    const Case cases[] = {
        {1, 16, 16, 1, 16},     {7, 32, 48, 7, 32},       {49, 48, 32, 49, 16},   {50, 80, 16, 17, 32},
        {50, 16, 160, 50, 16},  {1000, 32, 32, 256, 32},  {1000, 80, 80, 112, 80}, {257, 78, 109, 128, 32},
        {131, 64, 64, 64, 64},  {392, 160, 80, 392, 32},  {3, 20, 112, 2, 16},     {1000, 48, 96, 333, 48},
    };
    for (const Case& c : cases) {
      test<float>(c);
      test<check::bfloat16>(c);
    }
    nan_stays_in_its_channels<float>();
    nan_stays_in_its_channels<check::bfloat16>();
  });
}
