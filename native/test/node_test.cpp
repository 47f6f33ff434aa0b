// SPDX-License-Identifier: Apache-2.0
//
// node_forward, node_backward and their merge against plain loops in double: the front alone, and the whole node with
// normalised inputs, pointwise convolution, statistics and the gradient of a batch normalisation behind it.
#include "check.h"
#include "kernels/node_backward.cpp"
#include "kernels/node_backward_merge.cpp"
#include "kernels/node_forward.cpp"
#include "kernels/pack_filter.cpp"

namespace {

using check::Array;

struct Case {
  int batch, channels, height, width, stride, inputs, images_per_task, rows_per_task;
  int outputs;  // 0: without pointwise convolution
  bool keeps;   // u and dy, and leaves the pointwise filter's gradient to others
};

int up(int channels) { return (channels + 15) / 16 * 16; }

std::string text(const Case& c, int type) {
  return "node N=" + std::to_string(c.batch) + " C=" + std::to_string(c.channels) + " " + std::to_string(c.height) +
         "x" + std::to_string(c.width) + " stride " + std::to_string(c.stride) + " k=" + std::to_string(c.inputs) +
         " O=" + std::to_string(c.outputs) + (type == RW_FLOAT32 ? " float" : " bfloat16");
}

// Inputs with their edges and, for about every second one, a batch normalisation.
template <typename T>
struct Operands {
  static constexpr float epsilon = 1e-5f;
  std::vector<std::unique_ptr<Array<T>>> x;
  std::vector<std::unique_ptr<Array<float>>> norms;
  std::vector<const void*> addresses, norm;
  Array<float> weight, mask;
  rw_node_inputs arguments{};

  Operands(const Case& t, int count, size_t elements, int channels, bool normalised) : weight(count), mask(count) {
    const int stored = up(channels);
    for (int i = 0; i < count; i++) {
      x.push_back(std::make_unique<Array<T>>(elements));
      check::fill(*x.back(), channels, stored);
      addresses.push_back(x.back()->data());
      weight.set(i, check::uniform(-2, 2));
      mask.set(i, i == 1 && t.inputs > 2 ? 0 : 1);
      for (int part = 0; part < 4; part++) {
        if (!normalised || (i + t.inputs) % 2 == 1) {
          norm.push_back(nullptr);
          continue;
        }
        norms.push_back(std::make_unique<Array<float>>(stored));
        check::fill(*norms.back(), channels, stored, part == 1 ? 0.1 : -0.5, 0.7);
        norm.push_back(norms.back()->data());
      }
    }
    arguments = {addresses.data(), norm.data(), weight.data(), mask.data(), epsilon, count};
  }

  const float* part(int i, int which) const { return static_cast<const float*>(norm[4 * i + which]); }

  // v_i of an element.
  double value(int i, size_t j, int channel) {
    const double xj = (*x[i])[j];
    if (part(i, 0) == nullptr) return xj;
    return part(i, 2)[channel] / std::sqrt(part(i, 1)[channel] + static_cast<double>(epsilon)) *
               (xj - part(i, 0)[channel]) +
           part(i, 3)[channel];
  }

  // p of an element, rounded as the kernel's is, so that both agree on its sign.
  float sum(size_t j, int channel) {
    float shift = 0;
    for (size_t i = 0; i < x.size(); i++) {
      const float c = rw::RW_ISA::edge_coefficient(weight.data()[i], mask.data()[i]);
      if (part(i, 0) != nullptr) shift = std::fma(c, part(i, 3)[channel], shift);
    }
    float p = shift;
    for (size_t i = 0; i < x.size(); i++) {
      const float c = rw::RW_ISA::edge_coefficient(weight.data()[i], mask.data()[i]);
      const float factor =
          part(i, 0) == nullptr ? c : c * (part(i, 2)[channel] / std::sqrt(part(i, 1)[channel] + epsilon));
      const float mean = part(i, 0) == nullptr ? 0 : part(i, 0)[channel];
      p = std::fma(static_cast<float>((*x[i])[j]) - mean, factor, p);
    }
    return p;
  }
};

template <typename T>
void test(const Case& t) {
  check::context = text(t, check::type_of<T>());
  const int stored = up(t.channels), outputs = up(t.outputs), inputs = t.inputs;
  const bool whole = t.outputs > 0;
  const int out_height = (t.height - 1) / t.stride + 1, out_width = (t.width - 1) / t.stride + 1;
  const size_t pixels = static_cast<size_t>(t.batch) * out_height * out_width;
  const size_t elements = static_cast<size_t>(t.batch) * t.height * t.width * stored, out_elements = pixels * stored;
  Operands<T> in(t, inputs, elements, t.channels, whole);
  Array<float> filter(9 * stored), pointwise(stored * outputs);
  check::fill(filter, t.channels, stored);
  for (int i = 0; i < stored * outputs; i++) {
    const bool real = i / std::max(1, outputs) < t.channels && i % std::max(1, outputs) < t.outputs;
    pointwise.set(i, real ? check::uniform(-0.5, 0.5) : 0);
  }
  Array<T> packed(stored * outputs), transposed(stored * outputs);
  for (int direction = 0; direction < 2 && whole; direction++) {
    Array<T>& target = direction == 0 ? packed : transposed;
    const rw_pack_filter_args pack{pointwise.data(), target.data(), stored, outputs, direction, check::type_of<T>(), 1};
    const int tasks = check::chunks(direction == 0 ? outputs : stored, 96);
    check::run_twice({{tasks, [&](int task, int w) { return rw::RW_ISA::pack_filter(&pack, task, w); }}}, target);
  }

  // Forward.
  std::vector<double> p(elements), want_u(out_elements), want_y(pixels * outputs);
  for (size_t j = 0; j < elements; j++) p[j] = in.sum(j, static_cast<int>(j % stored));
  const auto each_tap = [&](auto f) {
    for (int n = 0; n < t.batch; n++) {
      for (int oy = 0; oy < out_height; oy++) {
        for (int ox = 0; ox < out_width; ox++) {
          for (int tap = 0; tap < 9; tap++) {
            const int y = oy * t.stride + tap / 3 - 1, xx = ox * t.stride + tap % 3 - 1;
            if (y < 0 || y >= t.height || xx < 0 || xx >= t.width) continue;
            for (int c = 0; c < stored; c++) {
              f(((static_cast<size_t>(n) * t.height + y) * t.width + xx) * stored + c,
                ((static_cast<size_t>(n) * out_height + oy) * out_width + ox) * stored + c, tap * stored + c);
            }
          }
        }
      }
    }
  };
  each_tap([&](size_t from, size_t to, int f) { want_u[to] += std::max(p[from], 0.0) * filter[f]; });
  for (size_t pixel = 0; pixel < pixels; pixel++) {
    for (int c = 0; c < stored; c++) {
      for (int o = 0; o < outputs; o++) {
        want_y[pixel * outputs + o] += want_u[pixel * stored + c] * pointwise[c * outputs + o];
      }
    }
  }
  const int own_rows = std::min(t.rows_per_task, out_height);
  const int tasks = check::chunks(t.batch, t.images_per_task) * check::chunks(out_height, own_rows);
  Array<T> u(out_elements), y(pixels * outputs);
  Array<double> statistics(static_cast<size_t>(tasks) * 2 * outputs);
  const int block = rw::RW_ISA::block_rows(out_height, out_width), pixels_at_once = block * out_width;
  const bool keeps = t.keeps || !whole;
  const size_t scratch = (t.width + 2) * (3 * stored + 16) + (inputs + 2) * stored + outputs +
                         (keeps ? 0 : pixels_at_once * stored);
  Array<float> scratch0(scratch), scratch1(scratch);
  void* forward_scratch[] = {scratch0.data(), scratch1.data()};
  const rw_node_forward_args forward{&in.arguments,
                                     filter.data(),
                                     keeps ? u.data() : nullptr,
                                     whole ? packed.data() : nullptr,
                                     y.data(),
                                     statistics.data(),
                                     forward_scratch,
                                     check::type_of<T>(),
                                     t.batch,
                                     t.height,
                                     t.width,
                                     stored,
                                     outputs,
                                     t.stride,
                                     t.images_per_task,
                                     own_rows};
  check::run_twice({{tasks, [&](int task, int w) { return rw::RW_ISA::node_forward(&forward, task, w); }}}, u, y,
                   statistics);
  if (keeps) {
    check::expect_near(u, want_u, check::tolerance<T>(), "u");
    check::expect_padding(u, t.channels, stored, "u");
  }
  check::expect_near(y, want_y, check::tolerance<T>(), "y");
  check::expect_padding(y, t.outputs, std::max(1, outputs), "y");
  std::vector<double> want_statistics(statistics.size());
  for (int task = 0; task < tasks && whole; task++) {
    const rw::RW_ISA::Tile tile(task, t.batch, out_height, t.images_per_task, own_rows);
    const size_t rows = tile.end_row - tile.first_row, count = (tile.end_image - tile.first_image) * rows * out_width;
    const auto at = [&](size_t k, int o) {
      const size_t image = tile.first_image + k / (rows * out_width);
      return y[((image * out_height + tile.first_row) * out_width + k % (rows * out_width)) * outputs + o];
    };
    for (int o = 0; o < outputs; o++) {
      double& mean = want_statistics[static_cast<size_t>(task) * 2 * outputs + o];
      for (size_t k = 0; k < count; k++) mean += at(k, o) / static_cast<double>(count);
      double& deviations = want_statistics[(static_cast<size_t>(task) * 2 + 1) * outputs + o];
      for (size_t k = 0; k < count; k++) deviations += (at(k, o) - mean) * (at(k, o) - mean);
    }
  }
  check::expect_near(statistics, want_statistics, 1e-5, "statistics");
  scratch0.expect_guards("forward scratch");
  scratch1.expect_guards("forward scratch");

  // Backward. Without pointwise convolution du is given; with it du comes from two terms through a batch normalisation.
  Array<T> given(out_elements), dy(pixels * outputs), e(elements);
  check::fill(given, t.channels, stored);
  Operands<T> terms(t, 2, pixels * outputs, t.outputs, false);
  const void* term_weight[] = {terms.weight.data(), nullptr};
  const void* term_mask[] = {terms.mask.data(), nullptr};
  Array<float> scale(outputs), mean(outputs), dy_mean(outputs), slope(outputs);
  for (Array<float>* vector : {&scale, &mean, &dy_mean, &slope}) check::fill(*vector, t.outputs, std::max(1, outputs));
  std::vector<double> want_dy(pixels * outputs), du(out_elements);
  for (size_t j = 0; j < want_dy.size(); j++) {
    const int o = static_cast<int>(j % outputs);
    const double g = (*terms.x[0])[j] * rw::RW_ISA::edge_coefficient(terms.weight.data()[0], 1) + (*terms.x[1])[j];
    want_dy[j] = scale[o] * (g - dy_mean[o] - slope[o] * (y[j] - mean[o]));
  }
  for (size_t pixel = 0; pixel < pixels; pixel++) {
    for (int c = 0; c < stored; c++) {
      double& sum = du[pixel * stored + c];
      if (!whole) sum = given[pixel * stored + c];
      for (int o = 0; o < outputs; o++) sum += want_dy[pixel * outputs + o] * pointwise[c * outputs + o];
    }
  }
  std::vector<double> want_e(elements), want_filter(9 * stored), want_weight(16), want_sums((1 + inputs) * stored);
  std::vector<double> weight_squares(16);
  each_tap([&](size_t from, size_t to, int f) {
    want_filter[f] += std::max(p[from], 0.0) * du[to];
    if (p[from] > 0) want_e[from] += du[to] * filter[f];
  });
  for (size_t j = 0; j < elements; j++) {
    const int c = static_cast<int>(j % stored);
    want_sums[c] += want_e[j];
    for (int i = 0; i < inputs; i++) {
      const double centre = in.part(i, 0) == nullptr ? 0 : in.part(i, 0)[c];
      want_sums[(1 + i) * stored + c] += want_e[j] * ((*in.x[i])[j] - centre);
      const double s = 1 / (1 + std::exp(-in.weight[i]));
      const double term = in.mask[i] * s * (1 - s) * in.value(i, j, c) * want_e[j];
      want_weight[i] += term;
      weight_squares[i] += term * term;
    }
  }

  const int r_rows = keeps ? 1 : (block - 1) * t.stride + 3;
  const size_t held = keeps ? pixels_at_once : pixels_at_once * std::max<size_t>(1, 64 / pixels_at_once);
  const size_t backward_size = (out_width + 2) * ((whole ? block + 2 : 3) * stored + 16) +
                               (t.width + 2) * (r_rows * stored + 16) + (2 * inputs + 3) * stored +
                               (whole ? (pixels_at_once + 15) / 16 * 16 + held * outputs : 0) +
                               (keeps ? 0 : held * stored + (held + 1) * (stored + 48));
  Array<float> scratch2(backward_size), scratch3(backward_size);
  void* backward_scratch[] = {scratch2.data(), scratch3.data()};
  int strip = std::min(t.rows_per_task, t.height);
  if (whole && t.stride == 2 && strip < t.height) strip = (strip + 1) / 2 * 2;
  const int backward_tasks = check::chunks(t.batch, t.images_per_task) * check::chunks(t.height, strip);
  Array<float> filter_partials(static_cast<size_t>(backward_tasks) * 9 * stored), dfilter(9 * stored), dweight(16);
  Array<float> input_sums((1 + inputs) * stored);
  Array<double> input_partials(static_cast<size_t>(backward_tasks) * (1 + inputs) * stored);
  Array<float> pointwise_partials(static_cast<size_t>(backward_tasks) * stored * outputs);
  const rw_node_gradient gradient{terms.addresses.data(), term_weight,    term_mask,         y.data(),
                                  mean.data(),            scale.data(),   dy_mean.data(),    slope.data(),
                                  transposed.data(),      keeps ? dy.data() : nullptr,
                                  keeps ? nullptr : pointwise_partials.data(), 2, outputs};
  const rw_node_backward_args backward{&in.arguments,
                                       filter.data(),
                                       given.data(),
                                       whole ? &gradient : nullptr,
                                       e.data(),
                                       filter_partials.data(),
                                       input_partials.data(),
                                       backward_scratch,
                                       check::type_of<T>(),
                                       t.batch,
                                       t.height,
                                       t.width,
                                       stored,
                                       t.stride,
                                       t.images_per_task,
                                       strip};
  const rw_node_backward_merge_args merge{&in.arguments,  filter_partials.data(), input_partials.data(),
                                          dfilter.data(), dweight.data(),         input_sums.data(),
                                          16,             backward_tasks,         stored};
  check::run_twice({{backward_tasks, [&](int task, int w) { return rw::RW_ISA::node_backward(&backward, task, w); }},
                    {1 + stored / 16, [&](int task, int w) { return rw::RW_ISA::node_backward_merge(&merge, task, w); }}},
                   e, dy, dfilter, dweight, input_sums, pointwise_partials);
  if (keeps) {
    check::expect_near(dy, want_dy, check::tolerance<T>(), "dy");
  } else {
    std::vector<double> want_pointwise(stored * outputs);
    for (size_t pixel = 0; pixel < pixels; pixel++) {
      for (int i = 0; i < stored * outputs; i++) {
        want_pointwise[i] += want_u[pixel * stored + i / outputs] * want_dy[pixel * outputs + i % outputs];
      }
    }
    Array<float> got(stored * outputs);
    for (int i = 0; i < stored * outputs; i++) {
      double sum = 0;
      for (int task = 0; task < backward_tasks; task++) sum += pointwise_partials[task * stored * outputs + i];
      got.set(i, sum);
    }
    check::expect_near(got, want_pointwise, check::tolerance<T>(), "pointwise filter's gradient");
  }
  pointwise_partials.expect_guards("pointwise partials");
  check::expect_near(e, want_e, check::tolerance<T>(), "e");
  check::expect_padding(e, t.channels, stored, "e");
  check::expect_near(dfilter, want_filter, check::tolerance<T>(), "dfilter");
  // In bfloat16 every e is rounded before it is summed: errors of up to 2^-9 of each term, four standard deviations.
  double rounding = 0;
  for (double squares : weight_squares) rounding = std::max(rounding, 4 * std::sqrt(squares / 3) / 512);
  check::expect_near(dweight, want_weight, check::tolerance<T>() + (sizeof(T) == 2 ? rounding : 0), "dweight");
  check::expect_near(input_sums, want_sums, check::tolerance<T>(), "sums over the inputs");
  for (Array<float>* array : {&scratch2, &scratch3, &filter_partials}) array->expect_guards("backward scratch");
  input_partials.expect_guards("input partials");
}

void nan_stays_nan() {
  check::context = "node NaN";
  Array<float> x(16), weight(1), mask(1), filter(144), u(16), scratch(3 * 64 + 48);
  check::fill(x, 16, 16);
  check::fill(filter, 16, 16);
  x.set(3, NAN);
  weight.set(0, 0);
  mask.set(0, 1);
  const void* addresses[] = {x.data()};
  const void* norm[4] = {};
  void* scratches[] = {scratch.data()};
  const rw_node_inputs inputs{addresses, norm, weight.data(), mask.data(), 1e-5f, 1};
  const rw_node_forward_args args{&inputs, filter.data(), u.data(), nullptr, nullptr, nullptr, scratches, RW_FLOAT32,
                                  1,       1,             1,        16,      0,       1,       1,         1};
  rw::RW_ISA::node_forward(&args, 0, 0);
  if (!std::isnan(u[3]) || std::isnan(u[2])) check::fail("a NaN was lost or spread");
}

}  // namespace

int main() {
  return check::run_all([] {
    const Case cases[] = {
        {1, 16, 1, 1, 1, 1, 1, 1, 0, true},      {1, 16, 1, 1, 2, 2, 1, 1, 16, true},
        {3, 48, 7, 7, 1, 3, 2, 7, 48, true},     {5, 80, 13, 9, 1, 2, 1, 4, 0, true},
        {5, 80, 13, 9, 2, 2, 1, 4, 0, true},     {3, 78, 8, 8, 2, 5, 3, 8, 96, true},
        {1, 70, 7, 10, 1, 10, 1, 3, 0, true},    {2, 16, 2, 3, 2, 1, 1, 1, 0, true},
        {2, 33, 12, 5, 1, 4, 1, 5, 20, true},    {3, 96, 6, 11, 2, 3, 1, 3, 33, true},
        {1, 20, 1, 6, 1, 2, 1, 1, 112, true},    {1, 20, 6, 1, 2, 2, 1, 2, 16, true},
        {3, 32, 16, 32, 1, 3, 1, 8, 32, true},   {2, 78, 14, 14, 1, 4, 1, 7, 78, true},
        {4, 24, 20, 28, 2, 2, 2, 20, 48, true},  {1, 16, 1, 1, 1, 2, 1, 1, 16, false},
        {3, 48, 7, 7, 1, 3, 2, 7, 48, false},    {3, 78, 8, 8, 2, 5, 3, 8, 96, false},
        {2, 33, 12, 5, 1, 4, 1, 5, 20, false},   {3, 96, 6, 11, 2, 3, 1, 3, 33, false},
        {1, 20, 1, 6, 1, 2, 1, 1, 112, false},   {1, 20, 7, 1, 2, 2, 1, 2, 16, false},
        {3, 32, 16, 32, 1, 3, 1, 8, 32, false},  {2, 78, 14, 14, 1, 4, 1, 7, 78, false},
        {4, 24, 20, 28, 2, 2, 2, 20, 48, false}, {9, 64, 8, 8, 1, 3, 4, 8, 64, false},
        {11, 48, 4, 4, 1, 2, 6, 4, 96, false},   {7, 70, 3, 5, 2, 2, 7, 3, 33, false},
    };
    for (const Case& c : cases) {
      test<float>(c);
      test<check::bfloat16>(c);
    }
    nan_stays_nan();
  });
}
