// SPDX-License-Identifier: Apache-2.0
//
// Sums, element-wise kernels, channel copies, pooling, loss and optimizer against plain loops in double.
#include "check.h"
#include "kernels/average_pool.cpp"
#include "kernels/average_pool_gradient.cpp"
#include "kernels/copy_channels.cpp"
#include "kernels/dropout.cpp"
#include "kernels/global_average_pool.cpp"
#include "kernels/global_average_pool_gradient.cpp"
#include "kernels/max_pool.cpp"
#include "kernels/max_pool_gradient.cpp"
#include "kernels/moving_average.cpp"
#include "kernels/relu.cpp"
#include "kernels/relu_gradient.cpp"
#include "kernels/sgd.cpp"
#include "kernels/shift.cpp"
#include "kernels/softmax_cross_entropy.cpp"
#include "kernels/softmax_cross_entropy_gradient.cpp"
#include "kernels/squared_norm.cpp"
#include "kernels/squared_norm_merge.cpp"
#include "kernels/weighted_sum.cpp"
#include "kernels/weighted_sum_merge.cpp"
#include "kernels/weighted_sum_products.cpp"

namespace {

using check::Array;
namespace isa = rw::RW_ISA;

double sigmoid(double w) { return 1 / (1 + std::exp(-w)); }

template <typename T>
std::string typed(const std::string& name) {
  return name + (check::type_of<T>() == RW_FLOAT32 ? " float" : " bfloat16");
}

template <typename T>
void weighted_sum(int terms, int elements, int per_task) {
  check::context = typed<T>("weighted sum of " + std::to_string(terms) + " x " + std::to_string(elements));
  std::vector<std::unique_ptr<Array<T>>> x;
  std::vector<const void*> addresses;
  std::vector<const float*> weights, masks;
  Array<float> weight(terms), mask(terms), dweight(16);
  for (int i = 0; i < terms; i++) {
    x.push_back(std::make_unique<Array<T>>(elements));
    check::fill(*x.back(), 16, 16);
    weight.set(i, check::uniform(-2, 2));
    mask.set(i, i % 3 == 2 ? 0 : 1);
    addresses.push_back(x.back()->data());
    // Every other term is unscaled.
    weights.push_back(i % 2 == 0 ? weight.data() + i : nullptr);
    masks.push_back(i % 2 == 0 ? mask.data() + i : nullptr);
  }
  Array<T> y(elements), dy(elements);
  check::fill(dy, 16, 16);
  const float scale = 0.75f;
  std::vector<double> want(elements), want_gradient(16);
  for (int i = 0; i < terms; i++) {
    const double c = i % 2 == 0 ? mask[i] * sigmoid(weight[i]) : 1, s = sigmoid(weight[i]);
    for (int j = 0; j < elements; j++) {
      want[j] += scale * c * (*x[i])[j];
      want_gradient[i] += mask[i] * s * (1 - s) * (*x[i])[j] * dy[j];
    }
  }
  const int tasks = check::chunks(elements, per_task);
  const rw_weighted_sum_args sum{addresses.data(), weights.data(), masks.data(), y.data(), scale,
                                 terms,            check::type_of<T>(), elements, per_task};
  check::run_twice({{tasks, [&](int task, int w) { return isa::weighted_sum(&sum, task, w); }}}, y);
  check::expect_near(y, want, check::tolerance<T>(), "y");

  Array<double> partials(static_cast<size_t>(tasks) * terms);
  const rw_weighted_sum_products_args products{addresses.data(), dy.data(), partials.data(), terms,
                                               check::type_of<T>(), elements, per_task};
  const rw_weighted_sum_merge_args merge{partials.data(), weight.data(), mask.data(), dweight.data(), 16, terms, tasks};
  check::run_twice({{tasks, [&](int task, int w) { return isa::weighted_sum_products(&products, task, w); }},
                    {1, [&](int task, int w) { return isa::weighted_sum_merge(&merge, task, w); }}},
                   dweight);
  check::expect_near(dweight, want_gradient, 1e-5, "dweight");
  partials.expect_guards("partials");
}

template <typename T>
void elementwise(int elements, int per_task) {
  check::context = typed<T>("elementwise " + std::to_string(elements));
  const int type = check::type_of<T>(), tasks = check::chunks(elements, per_task);
  Array<T> x(elements), dy(elements), y(elements);
  Array<float> mask(elements);
  check::fill(x, 16, 16);
  check::fill(dy, 16, 16);
  check::fill(mask, 16, 16);
  x.set(1, 0);
  std::vector<double> rectified(elements), gradient(elements), dropped(elements);
  for (int i = 0; i < elements; i++) {
    rectified[i] = std::max(0.0, x[i]);
    gradient[i] = x[i] > 0 ? dy[i] : 0;
    dropped[i] = x[i] * mask[i];
  }
  const rw_relu_args relu{x.data(), y.data(), type, elements, per_task};
  check::run_twice({{tasks, [&](int task, int w) { return isa::relu(&relu, task, w); }}}, y);
  check::expect_near(y, rectified, 0, "relu");
  const rw_relu_gradient_args relu_gradient{x.data(), dy.data(), y.data(), type, elements, per_task};
  check::run_twice({{tasks, [&](int task, int w) { return isa::relu_gradient(&relu_gradient, task, w); }}}, y);
  check::expect_near(y, gradient, 0, "relu gradient");
  const rw_dropout_args dropout{x.data(), mask.data(), y.data(), type, elements, per_task};
  check::run_twice({{tasks, [&](int task, int w) { return isa::dropout(&dropout, task, w); }}}, y);
  check::expect_near(y, dropped, check::tolerance<T>(), "dropout");
  x.set(5, NAN);
  check::run_regions({{tasks, [&](int task, int w) { return isa::relu(&relu, task, w); }}}, false);
  if (!std::isnan(y[5])) check::fail("relu lost a NaN");
}

template <typename T>
void copies() {
  check::context = typed<T>("copy channels");
  const int counts[] = {5, 33, 16}, stored[] = {16, 48, 16}, first[] = {0, 0, 0}, pixels = 37, channels = 64;
  std::vector<std::unique_ptr<Array<T>>> x;
  std::vector<const void*> addresses;
  for (int i = 0; i < 3; i++) {
    x.push_back(std::make_unique<Array<T>>(pixels * stored[i]));
    check::fill(*x.back(), counts[i], stored[i]);
    addresses.push_back(x.back()->data());
  }
  Array<T> y(pixels * channels), back(pixels * 48);
  const rw_copy_channels_args concat{addresses.data(), stored,   first,  counts, y.data(), 3,
                                     check::type_of<T>(), channels, pixels, 10};
  check::run_twice({{4, [&](int task, int w) { return isa::copy_channels(&concat, task, w); }}}, y);
  const void* joined[] = {y.data()};
  const int joined_stored = channels, joined_first = 5, joined_count = 33;
  const rw_copy_channels_args slice{joined, &joined_stored, &joined_first, &joined_count, back.data(), 1,
                                    check::type_of<T>(), 48, pixels, 10};
  check::run_twice({{4, [&](int task, int w) { return isa::copy_channels(&slice, task, w); }}}, back);
  std::vector<double> want(y.size()), want_back(back.size());
  for (int pixel = 0; pixel < pixels; pixel++) {
    int to = 0;
    for (int i = 0; i < 3; i++) {
      for (int j = 0; j < counts[i]; j++) want[pixel * channels + to++] = (*x[i])[pixel * stored[i] + j];
    }
    for (int j = 0; j < 33; j++) want_back[pixel * 48 + j] = (*x[1])[pixel * 48 + j];
  }
  check::expect_near(y, want, 0, "concat");
  check::expect_near(back, want_back, 0, "slice");
  check::expect_padding(back, 33, 48, "slice");
}

template <typename T>
void shifts(int height, int width) {
  for (int offset : {1, -1}) {
    check::context = typed<T>("shift by " + std::to_string(offset));
    const int batch = 2, channels = 16;
    Array<T> x(batch * height * width * channels), y(x.size());
    check::fill(x, 10, channels);
    std::vector<double> want(x.size());
    for (int n = 0; n < batch; n++) {
      for (int i = 0; i < height; i++) {
        for (int j = 0; j < width; j++) {
          const int from_i = i + offset, from_j = j + offset;
          if (from_i < 0 || from_i >= height || from_j < 0 || from_j >= width) continue;
          for (int c = 0; c < channels; c++) {
            want[((n * height + i) * width + j) * channels + c] =
                x[((n * height + from_i) * width + from_j) * channels + c];
          }
        }
      }
    }
    const rw_shift_args args{x.data(), y.data(), check::type_of<T>(), batch, height, width, channels, offset};
    check::run_twice({{batch, [&](int task, int w) { return isa::shift(&args, task, w); }}}, y);
    check::expect_near(y, want, 0, "y");
  }
}

template <typename T>
void pools(int height, int width, int size, int stride, int dilation) {
  check::context = typed<T>("pool " + std::to_string(height) + "x" + std::to_string(width) + " window " +
                            std::to_string(size) + " stride " + std::to_string(stride));
  const int batch = 3, channels = 48, padding = dilation * (size - 1) / 2, reach = dilation * (size - 1) + 1;
  const int out_height = (height + 2 * padding - reach) / stride + 1;
  const int out_width = (width + 2 * padding - reach) / stride + 1;
  Array<T> x(batch * height * width * channels), dx(x.size());
  Array<T> y(batch * out_height * out_width * channels), dy(y.size());
  // Few distinct values, so that there are ties.
  for (size_t i = 0; i < x.size(); i++) x.set(i, static_cast<int>(i % channels) < 40 ? std::floor(check::uniform(-4, 4)) : 0);
  check::fill(dy, 40, channels);
  Array<float> scratch0(height * width * 16), scratch1(height * width * 16);
  void* scratch[] = {scratch0.data(), scratch1.data()};
  const rw_pool_args args{x.data(), y.data(), dy.data(), dx.data(), scratch, check::type_of<T>(), batch, height, width,
                          channels, out_height, out_width, size, size, stride, stride, padding, padding, dilation};
  std::vector<double> maximum(y.size()), average(y.size()), maximum_gradient(x.size()), average_gradient(x.size());
  for (int n = 0; n < batch; n++) {
    for (int out = 0; out < out_height * out_width; out++) {
      for (int c = 0; c < channels; c++) {
        const size_t to = (static_cast<size_t>(n) * out_height * out_width + out) * channels + c;
        std::vector<size_t> window;
        for (int tap = 0; tap < size * size; tap++) {
          const int i = out / out_width * stride - padding + tap / size * dilation;
          const int j = out % out_width * stride - padding + tap % size * dilation;
          if (i < 0 || i >= height || j < 0 || j >= width) continue;
          window.push_back(((static_cast<size_t>(n) * height + i) * width + j) * channels + c);
        }
        size_t best = window[0];
        for (size_t at : window) {
          average[to] += x[at] / window.size();
          average_gradient[at] += dy[to] / window.size();
          if (x[at] > x[best]) best = at;
        }
        maximum[to] = x[best];
        maximum_gradient[best] += dy[to];
      }
    }
  }
  check::run_twice({{batch, [&](int task, int w) { return isa::max_pool(&args, task, w); }}}, y);
  check::expect_near(y, maximum, 0, "maximum");
  check::run_twice({{batch, [&](int task, int w) { return isa::average_pool(&args, task, w); }}}, y);
  check::expect_near(y, average, check::tolerance<T>(), "average");
  const int tasks = batch * channels / 16;
  check::run_twice({{tasks, [&](int task, int w) { return isa::max_pool_gradient(&args, task, w); }}}, dx);
  check::expect_near(dx, maximum_gradient, check::tolerance<T>(), "maximum gradient");
  check::run_twice({{tasks, [&](int task, int w) { return isa::average_pool_gradient(&args, task, w); }}}, dx);
  check::expect_near(dx, average_gradient, check::tolerance<T>(), "average gradient");
  check::expect_padding(dx, 40, channels, "average gradient");
  scratch0.expect_guards("scratch");
  scratch1.expect_guards("scratch");

  // One NaN, in the middle of an image: the windows over it, and no others, become NaN.
  const size_t poisoned = (static_cast<size_t>(height / 2) * width + width / 2) * channels + 3;
  x.set(poisoned, NAN);
  check::run_regions({{batch, [&](int task, int w) { return isa::max_pool(&args, task, w); }}}, false);
  int lost = 0;
  for (size_t i = 0; i < y.size(); i++) lost += std::isnan(y[i]) ? 1 : 0;
  if (lost < 1 || lost > size * size) check::fail("a NaN reached " + std::to_string(lost) + " outputs");
}

template <typename T>
void global_average(int pixels) {
  check::context = typed<T>("global average of " + std::to_string(pixels));
  const int batch = 3, channels = 48;
  Array<T> x(batch * pixels * channels), dx(x.size()), y(batch * channels);
  check::fill(x, 40, channels);
  std::vector<double> want(y.size()), want_gradient(x.size());
  for (size_t i = 0; i < x.size(); i++) want[i / (pixels * channels) * channels + i % channels] += x[i] / pixels;
  const rw_global_average_pool_args forward{x.data(), y.data(), check::type_of<T>(), batch, pixels, channels};
  check::run_twice({{batch, [&](int task, int w) { return isa::global_average_pool(&forward, task, w); }}}, y);
  check::expect_near(y, want, check::tolerance<T>(), "y");
  for (size_t i = 0; i < x.size(); i++) want_gradient[i] = y[i / (pixels * channels) * channels + i % channels] / pixels;
  const rw_global_average_pool_args gradient{y.data(), dx.data(), check::type_of<T>(), batch, pixels, channels};
  check::run_twice({{batch, [&](int task, int w) { return isa::global_average_pool_gradient(&gradient, task, w); }}}, dx);
  check::expect_near(dx, want_gradient, check::tolerance<T>(), "dx");
}

template <typename T>
void loss(int classes, double smoothing) {
  check::context = typed<T>("loss of " + std::to_string(classes) + " classes");
  const int batch = 5, channels = (classes + 15) / 16 * 16, tasks = check::chunks(batch, 2);
  Array<T> logits(batch * channels), dlogits(batch * channels);
  Array<int> labels(batch);
  Array<float> losses(batch * 16);
  check::fill(logits, classes, channels, -30, 30);
  std::vector<double> want(losses.size()), want_gradient(dlogits.size());
  for (int n = 0; n < batch; n++) {
    labels.data()[n] = n * 7 % classes;
    double total = 0;
    for (int k = 0; k < classes; k++) total += std::exp(logits[n * channels + k]);
    for (int k = 0; k < classes; k++) {
      const double target = (k == labels.data()[n] ? 1 - smoothing : 0) + smoothing / classes;
      const double p = std::exp(logits[n * channels + k]) / total;
      want[n * 16] -= target * std::log(p);
      want_gradient[n * channels + k] = (p - target) / batch;
    }
  }
  const rw_softmax_cross_entropy_args args{logits.data(), labels.data(), losses.data(), dlogits.data(), smoothing,
                                           check::type_of<T>(), batch, classes, channels, 1, 16, 2};
  check::run_twice({{tasks, [&](int task, int w) { return isa::softmax_cross_entropy(&args, task, w); }},
                    {tasks, [&](int task, int w) { return isa::softmax_cross_entropy_gradient(&args, task, w); }}},
                   losses, dlogits);
  check::expect_near(losses, want, 1e-6, "losses");
  check::expect_near(dlogits, want_gradient, check::tolerance<T>() / batch, "dlogits");
  check::expect_padding(dlogits, classes, channels, "dlogits");
  labels.data()[0] = classes;
  if (isa::softmax_cross_entropy(&args, 0, 0) != RW_INVALID_ARGUMENT) check::fail("a wrong label was accepted");
}

void optimizer(int elements, bool nesterov, bool decays) {
  check::context = "optimizer";
  const int per_task = 64, tasks = check::chunks(elements, per_task);
  Array<float> gradients(elements), parameters(elements), momentum(elements), average(elements), hyperparameters(5);
  Array<double> partials(tasks), norm(16);
  const double values[] = {0.1, 0.9, 0.01, 0.5, 0.99};
  for (int i = 0; i < 5; i++) hyperparameters.set(i, values[i]);
  for (Array<float>* array : {&gradients, &parameters, &momentum, &average}) check::fill(*array, 1, 1);
  std::vector<double> want_parameters(elements), want_momentum(elements), want_average(elements), want_norm(16);
  for (int i = 0; i < elements; i++) {
    const double g = 0.5 * gradients[i] + (decays ? 0.01 * parameters[i] : 0), v = 0.9 * momentum[i] + g;
    want_momentum[i] = v;
    want_parameters[i] = parameters[i] - 0.1 * (nesterov ? g + 0.9 * v : v);
    want_average[i] = 0.99 * average[i] + 0.01 * want_parameters[i];
    want_norm[0] += gradients[i] * gradients[i];
  }
  const rw_sgd_args sgd{gradients.data(), hyperparameters.data(), parameters.data(), momentum.data(), nesterov,
                        decays,           elements,               per_task};
  const rw_moving_average_args moving{parameters.data(), hyperparameters.data(), average.data(), elements, per_task};
  check::run_regions({{tasks, [&](int task, int w) { return isa::sgd(&sgd, task, w); }},
                      {tasks, [&](int task, int w) { return isa::moving_average(&moving, task, w); }}},
                     true);
  check::expect_near(parameters, want_parameters, 1e-6, "parameters");
  check::expect_near(momentum, want_momentum, 1e-6, "momentum");
  check::expect_near(average, want_average, 1e-6, "average");

  const rw_squared_norm_args squares{gradients.data(), partials.data(), elements, per_task};
  const rw_squared_norm_merge_args merge{partials.data(), norm.data(), 16, tasks};
  check::run_twice({{tasks, [&](int task, int w) { return isa::squared_norm(&squares, task, w); }},
                    {1, [&](int task, int w) { return isa::squared_norm_merge(&merge, task, w); }}},
                   norm);
  check::expect_near(norm, want_norm, 1e-14, "squared norm");
}

template <typename T>
void all() {
  for (int terms : {1, 2, 3, 5, 10}) weighted_sum<T>(terms, 16 * (terms * terms * 37 + 1), 16 * 100);
  elementwise<T>(16, 32);
  elementwise<T>(16 * 13, 64);
  copies<T>();
  shifts<T>(1, 1);
  shifts<T>(5, 3);
  pools<T>(1, 1, 3, 1, 1);
  pools<T>(7, 9, 3, 2, 1);
  pools<T>(8, 5, 3, 1, 1);
  pools<T>(12, 12, 2, 2, 1);
  pools<T>(9, 9, 3, 1, 2);
  for (int pixels : {1, 49, 500}) global_average<T>(pixels);
  loss<T>(10, 0);
  loss<T>(100, 0.1);
}

}  // namespace

int main() {
  return check::run_all([] {
    all<float>();
    all<check::bfloat16>();
    optimizer(1, false, true);
    optimizer(207, true, true);
    optimizer(1000, true, false);
  });
}
