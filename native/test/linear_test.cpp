// SPDX-License-Identifier: Apache-2.0
//
// The linear layer and its gradients against plain loops in double.
#include "check.h"
#include "kernels/linear.cpp"
#include "kernels/linear_input_gradient.cpp"
#include "kernels/linear_parameter_gradient.cpp"

namespace {

using check::Array;

struct Case {
  int examples, inputs, outputs;
};

int stored(int channels) { return (channels + 15) / 16 * 16; }

template <typename X, typename Y>
void test(const Case& c) {
  check::context = "linear " + std::to_string(c.examples) + " examples " + std::to_string(c.inputs) + " to " +
                   std::to_string(c.outputs) + (sizeof(X) == 4 ? " float" : " bfloat16") +
                   (sizeof(Y) == 4 ? " float" : " bfloat16");
  const int inputs = stored(c.inputs), outputs = stored(c.outputs);
  Array<X> x(c.examples * inputs), dx(c.examples * inputs);
  Array<Y> y(c.examples * outputs), dy(c.examples * outputs);
  Array<float> filter(static_cast<size_t>(inputs) * outputs), dfilter(filter.size()), bias(outputs), dbias(outputs);
  check::fill(x, c.inputs, inputs);
  check::fill(dy, c.outputs, outputs);
  check::fill(bias, c.outputs, outputs);
  check::fill(filter, c.outputs, outputs);
  for (size_t i = static_cast<size_t>(c.inputs) * outputs; i < filter.size(); i++) filter.set(i, 0);
  std::vector<double> want_y(y.size()), want_dx(dx.size()), want_dfilter(filter.size()), want_dbias(outputs);
  for (int n = 0; n < c.examples; n++) {
    for (int o = 0; o < outputs; o++) {
      const double d = dy[n * outputs + o];
      want_dbias[o] += d;
      double& sum = want_y[n * outputs + o] = bias[o];
      for (int i = 0; i < inputs; i++) {
        sum += x[n * inputs + i] * filter[i * outputs + o];
        want_dx[n * inputs + i] += d * filter[i * outputs + o];
        want_dfilter[i * outputs + o] += x[n * inputs + i] * d;
      }
    }
  }

  Array<float> scratch0(8 * std::max(inputs, outputs)), scratch1(scratch0.size());
  void* scratches[] = {scratch0.data(), scratch1.data()};
  const int x_type = check::type_of<X>(), y_type = check::type_of<Y>();
  const rw_linear_args forward{x.data(), filter.data(), bias.data(), y.data(), scratches,
                               x_type,   y_type,        c.examples,  inputs,   outputs};
  const rw_linear_input_gradient_args input{dy.data(), filter.data(), dx.data(), scratches, x_type,
                                            y_type,    c.examples,    inputs,    outputs};
  const rw_linear_parameter_gradient_args parameters{x.data(), dy.data(),  dfilter.data(), dbias.data(), x_type,
                                                     y_type,   c.examples, inputs,         outputs};
  const int blocks = check::chunks(inputs, RW_LINEAR_INPUTS);
  check::run_twice(
      {{check::chunks(outputs, RW_LINEAR_OUTPUTS), [&](int t, int w) { return rw::RW_ISA::linear(&forward, t, w); }},
       {blocks, [&](int t, int w) { return rw::RW_ISA::linear_input_gradient(&input, t, w); }},
       {blocks + 1, [&](int t, int w) { return rw::RW_ISA::linear_parameter_gradient(&parameters, t, w); }}},
      y, dx, dfilter, dbias);
  check::expect_near(y, want_y, check::tolerance<Y>(), "y");
  check::expect_near(dx, want_dx, check::tolerance<X>(), "dx");
  check::expect_near(dfilter, want_dfilter, 1e-5, "dfilter");
  check::expect_near(dbias, want_dbias, 1e-5, "dbias");
  check::expect_padding(y, c.outputs, outputs, "y");
  check::expect_padding(dx, c.inputs, inputs, "dx");
  for (Array<float>* array : {&scratch0, &scratch1}) array->expect_guards("scratch");
}

}  // namespace

int main() {
  return check::run_all([] {
    for (const Case& c : {Case{1, 16, 10}, {8, 320, 300}, {13, 78, 10}, {37, 70, 101}, {3, 130, 530}}) {
      test<float, float>(c);
      test<check::bfloat16, check::bfloat16>(c);
      test<check::bfloat16, float>(c);
    }
  });
}
