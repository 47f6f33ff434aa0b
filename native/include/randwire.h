// SPDX-License-Identifier: Apache-2.0
//
// The C border of RandWire's native CPU core. JavaCPP reads this header and writes the Java class
// org.randwire.backend.cpu.binding.Core from it, so it holds plain C only.
//
// Every function that can fail returns an rw_status. None allocates unless it says so, none exits or aborts,
// and none throws. Unless a comment says otherwise, a function may be called from any number of threads.
#ifndef RANDWIRE_H
#define RANDWIRE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) && !defined(RW_PARSER)
#define RW_API __attribute__((visibility("default")))
#else
#define RW_API
#endif

/// Raised by one with every change of this header that old callers cannot survive.
#define RW_ABI_VERSION 4

enum rw_status {
  RW_OK = 0,
  // An argument is outside its documented range; nothing was written.
  RW_INVALID_ARGUMENT = 1,
  // What the function drives is not present in this process.
  RW_UNAVAILABLE = 2,
  // The data given cannot be decoded.
  RW_DAMAGED = 3,
  // Memory that the function needs was refused.
  RW_OUT_OF_MEMORY = 4,
};

/// RW_ABI_VERSION of the header that the library was compiled with.
RW_API int rw_abi_version(void);

/// The instruction set whose kernels run: "avx512_bf16" (F, BW, VL, DQ, BF16), "avx512" (F, BW, VL, DQ),
/// "avx2" (with FMA and F16C) or "baseline" (what every x86-64 processor has). It is the best one that processor and
/// operating system offer, lowered by the environment variable RANDWIRE_ISA where that names a lesser one; any other
/// value of it changes nothing. Chosen once, when the library is loaded.
RW_API const char* rw_isa(void);

/// Sets how many OpenMP threads the *calling* thread's parallel regions get, in the OpenMP library that oneDNN brought
/// into the process; n >= 1. The core itself uses no OpenMP. oneDNN fixes the thread number of a primitive when the
/// primitive is created, so call this before. RW_UNAVAILABLE when no OpenMP library is loaded.
RW_API int rw_set_openmp_threads(int n);

/// Asks the system for pages of 2 MiB under memory that has not been touched yet, where whole ones fit: many tensors at a
/// time walk through more small pages than the processor remembers. RW_UNAVAILABLE where the system has none.
RW_API int rw_use_huge_pages(void* memory, int64_t bytes);

/// Rounds count floats to bfloat16 (nearest, ties to even; a NaN stays a NaN, made quiet).
RW_API int rw_float_to_bfloat16(const float* source, uint16_t* target, int64_t count);

/// Widens count bfloat16 values to float, exactly.
RW_API int rw_bfloat16_to_float(const uint16_t* source, float* target, int64_t count);

// ---- Kernels of the training step --------------------------------------------------------------------------------
//
// Each takes its arguments, the number of a task and the number of the worker that runs it. Tasks of one call may run
// at the same time and in any order on any worker, and the results have the same bits; two tasks that run at the same
// time need different workers. A call's task count follows from its arguments alone, as said at each struct.
//
// Activations are [N][H][W][C] in the stated type with C, the stored channels, a multiple of 16. Padded channels hold
// zeros and get zeros. Arithmetic is single precision; sums over a batch go through double. Outputs and scratch may hold
// anything before. Tensors must not overlap unless a comment allows it. An array of addresses is a plain void*,
// since JavaCPP can set no other kind.

/// How an activation is stored.
enum rw_type {
  RW_FLOAT32 = 0,
  RW_BFLOAT16 = 1,
};

/// The most inputs of a sum.
#define RW_MAX_TERMS 256

/// The inputs of a node: p = sum_i mask_i * sigmoid(weight_i) * v_i. v_i is x_i as it is, or normalised while it is
/// read: gamma / sqrt(variance + epsilon) * (x_i - mean) + beta per channel.
typedef struct rw_node_inputs {
  /// Addresses of the tensors, each [N][H][W][C].
  const void* x;
  /// Four addresses for each input, of [C] floats each: mean, variance, gamma, beta; or four times null.
  const void* norm;
  const float* weight;
  const float* mask;
  float epsilon;
  int count;
} rw_node_inputs;

/// u = depthwise3x3(relu(p)), padding 1; and then, unless `packed` is null, y = u times the pointwise filter and each
/// task's mean and sum of squared deviations of y.
/// Tasks: ceil(N / images_per_task) * ceil(H' / rows_per_task), H' = (H - 1) / stride + 1.
typedef struct rw_node_forward_args {
  const rw_node_inputs* inputs;
  /// [3][3][C].
  const float* filter;
  /// [N][H'][W'][C], or null where nobody wants it.
  void* u;
  /// The pointwise filter [C][outputs] as rw_pack_filter leaves it, or null.
  const void* packed;
  /// [N][H'][W'][outputs]; like the next not used without pointwise filter.
  void* y;
  /// [tasks][2][outputs]: means, then sums of squared deviations; or null.
  double* statistics;
  /// For each worker the address of (W + 2) * (3 * C + 16) + (count + 2) * C + outputs floats, and without u behind them
  /// block_rows * W' * C more. block_rows <= H' is the least number of rows with 56 pixels, or H' if that is more than
  /// half of it.
  const void* worker_scratch;
  int type;
  int batch;
  int height;
  int width;
  int channels;
  int outputs;
  /// 1 or 2.
  int stride;
  int images_per_task;
  /// Rows of u; with statistics a divisor of H'. Above 1 image per task it must be H'.
  int rows_per_task;
} rw_node_forward_args;
RW_API int rw_node_forward(const rw_node_forward_args* args, int task, int worker);

/// The gradient of y behind a batch normalisation, pulled from those who read the normalised values:
/// dy = scale * (g - dy_mean - slope * (y - mean)) with g = sum_t c_t * e_t, c_t as in rw_weighted_sum.
typedef struct rw_node_gradient {
  /// Addresses of the terms, each [N][H'][W'][outputs].
  const void* e;
  /// The address of each term's raw weight, or null.
  const void* weight;
  /// The address of each term's mask, or null.
  const void* mask;
  const void* y;
  const float* mean;
  const float* scale;
  const float* dy_mean;
  const float* slope;
  /// The pointwise filter [C][outputs] as rw_pack_filter leaves it transposed.
  const void* packed;
  /// [N][H'][W'][outputs]; null where nobody wants it, and with filter_partials.
  void* dy;
  /// [tasks][C][outputs], the pointwise filter's gradient; or null.
  float* filter_partials;
  int terms;
  int outputs;
} rw_node_gradient;

/// The gradient of rw_node_forward: e of p, and sums over each task's pixels for the depthwise filter, the edges'
/// weights and the batch normalisations of the inputs. Tasks: ceil(N / images_per_task) * ceil(H / rows_per_task).
typedef struct rw_node_backward_args {
  const rw_node_inputs* inputs;
  const float* filter;
  /// [N][H'][W'][C]; used without `gradient` only.
  const void* du;
  /// Where du comes from, or null.
  const rw_node_gradient* gradient;
  /// [N][H][W][C].
  void* e;
  /// [tasks][C / 16][9][16].
  float* filter_partials;
  /// [tasks][1 + count][C]: the sum of e, then for each input that of e * (x_i - mean_i).
  double* input_partials;
  /// For each worker the address of (W' + 2) * (3 * C + 16) + (W + 2) * (C + 16) + (2 * count + 3) * C floats. With
  /// `gradient` the 3 is block_rows + 2 (see rw_node_forward_args), and P = block_rows * W', rounded up to 16, and
  /// P * outputs more follow; with filter_partials the lone C is ((block_rows - 1) * stride + 3) * C, in P * outputs and
  /// from there on P is as often itself as fits into 64, and P * C + (P + 1) * (C + 48) more follow.
  const void* worker_scratch;
  int type;
  int batch;
  int height;
  int width;
  int channels;
  int stride;
  int images_per_task;
  /// Rows of e; with `gradient` even at stride 2. Above 1 image per task it must be at least H.
  int rows_per_task;
} rw_node_backward_args;
RW_API int rw_node_backward(const rw_node_backward_args* args, int task, int worker);

/// Adds what the tasks of rw_node_backward left. Tasks: 1 + C / 16.
typedef struct rw_node_backward_merge_args {
  const rw_node_inputs* inputs;
  const float* filter_partials;
  const double* input_partials;
  /// [3][3][C].
  float* dfilter;
  /// weight_elements floats, zeros from the number of inputs on.
  float* dweight;
  /// [1 + count][C] or null.
  float* input_sums;
  int64_t weight_elements;
  int partials;
  int channels;
} rw_node_backward_merge_args;
RW_API int rw_node_backward_merge(const rw_node_backward_merge_args* args, int task, int worker);

/// Packs the filter of a pointwise or a 3x3 convolution for the products of one step. Tasks: ceil(columns / 96), where the
/// columns are the outputs, or the inputs if transposed.
typedef struct rw_pack_filter_args {
  /// [window][window][inputs][outputs], inputs and outputs multiples of 16.
  const float* filter;
  /// In an order of the core's own: inputs * outputs elements of the type for a window of 1; for one of 3, where depth is
  /// the number of inputs, or of outputs if transposed, 3 * (3 * depth rounded up to a multiple of 32) * columns.
  void* packed;
  int inputs;
  int outputs;
  /// From outputs to inputs, mirrored: the filter of the input gradient.
  int transposed;
  int type;
  /// 1 or 3.
  int window;
} rw_pack_filter_args;
RW_API int rw_pack_filter(const rw_pack_filter_args* args, int task, int worker);

/// y = x * filter, the pointwise convolution of every pixel. Tasks: ceil(pixels / pixels_per_task).
typedef struct rw_pointwise_args {
  /// [pixels][inputs].
  const void* x;
  /// The filter as rw_pack_filter left it.
  const void* packed;
  /// [pixels][outputs].
  void* y;
  int type;
  int inputs;
  int outputs;
  int64_t pixels;
  int64_t pixels_per_task;
} rw_pointwise_args;
RW_API int rw_pointwise(const rw_pointwise_args* args, int task, int worker);

/// Outputs of a task of rw_linear, and inputs of a task of its gradients.
#define RW_LINEAR_OUTPUTS 256
#define RW_LINEAR_INPUTS 64

/// y = bias + x * filter of a linear layer; x and y may differ in type. Tasks: ceil(outputs / RW_LINEAR_OUTPUTS).
typedef struct rw_linear_args {
  /// [examples][inputs].
  const void* x;
  /// [inputs][outputs].
  const float* filter;
  /// [outputs].
  const float* bias;
  /// [examples][outputs].
  void* y;
  /// For each worker the address of 8 * inputs floats.
  const void* worker_scratch;
  int x_type;
  int y_type;
  int examples;
  /// Multiples of 16.
  int inputs;
  int outputs;
} rw_linear_args;
RW_API int rw_linear(const rw_linear_args* args, int task, int worker);

/// dx = dy * transposed filter. Tasks: ceil(inputs / RW_LINEAR_INPUTS).
typedef struct rw_linear_input_gradient_args {
  const void* dy;
  const float* filter;
  void* dx;
  /// For each worker the address of 8 * outputs floats.
  const void* worker_scratch;
  int x_type;
  int y_type;
  int examples;
  int inputs;
  int outputs;
} rw_linear_input_gradient_args;
RW_API int rw_linear_input_gradient(const rw_linear_input_gradient_args* args, int task, int worker);

/// The gradients of filter and bias, sums over the examples. Tasks: ceil(inputs / RW_LINEAR_INPUTS) + 1.
typedef struct rw_linear_parameter_gradient_args {
  const void* x;
  const void* dy;
  float* dfilter;
  float* dbias;
  int x_type;
  int y_type;
  int examples;
  int inputs;
  int outputs;
} rw_linear_parameter_gradient_args;
RW_API int rw_linear_parameter_gradient(const rw_linear_parameter_gradient_args* args, int task, int worker);

/// The pixels that rw_pointwise_filter_gradient adds up at a time.
#define RW_FILTER_GRADIENT_PIXELS 128

/// The gradient of a pointwise filter, the sum of x[pixel][i] * dy[pixel][o], over chunks of pixels.
/// Tasks: ceil(pixels / pixels_per_task) chunks times ceil(inputs / inputs_per_task) blocks of inputs.
typedef struct rw_pointwise_filter_gradient_args {
  /// [pixels][inputs].
  const void* x;
  /// [pixels][outputs].
  const void* dy;
  /// [chunks][inputs][outputs]; of one chunk, the gradient itself.
  float* partials;
  /// For each worker the address of RW_FILTER_GRADIENT_PIXELS * (inputs_per_task + 48) floats.
  const void* worker_scratch;
  int type;
  /// Multiples of 16, as is inputs_per_task.
  int inputs;
  int outputs;
  int inputs_per_task;
  int64_t pixels;
  int64_t pixels_per_task;
} rw_pointwise_filter_gradient_args;
RW_API int rw_pointwise_filter_gradient(const rw_pointwise_filter_gradient_args* args, int task, int worker);

/// Adds the chunks of rw_pointwise_filter_gradient. Tasks: ceil(elements / elements_per_task).
typedef struct rw_pointwise_filter_gradient_merge_args {
  /// [partial_count][elements].
  const float* partials;
  float* dfilter;
  int partial_count;
  /// Multiples of 16.
  int64_t elements;
  int64_t elements_per_task;
} rw_pointwise_filter_gradient_merge_args;
RW_API int rw_pointwise_filter_gradient_merge(const rw_pointwise_filter_gradient_merge_args* args, int task, int worker);

/// y = scale * sum_i c_i * x_i, where c_i is mask * sigmoid(weight) of the term, or 1 where weight is null.
/// Tasks: ceil(elements / elements_per_task).
typedef struct rw_weighted_sum_args {
  /// Addresses of the inputs.
  const void* x;
  /// The address of each term's raw weight, or null.
  const void* weight;
  /// The address of each term's mask, or null.
  const void* mask;
  void* y;
  float scale;
  int terms;
  int type;
  /// A multiple of 16, as is elements_per_task.
  int64_t elements;
  int64_t elements_per_task;
} rw_weighted_sum_args;
RW_API int rw_weighted_sum(const rw_weighted_sum_args* args, int task, int worker);

/// Partial sums of x_i * dy. Tasks: ceil(elements / elements_per_task).
typedef struct rw_weighted_sum_products_args {
  /// Addresses of the inputs.
  const void* x;
  const void* dy;
  /// [tasks][inputs].
  double* partials;
  int inputs;
  int type;
  int64_t elements;
  int64_t elements_per_task;
} rw_weighted_sum_products_args;
RW_API int rw_weighted_sum_products(const rw_weighted_sum_products_args* args, int task, int worker);

/// The gradient of raw edge weights from the tasks of rw_weighted_sum_products. Tasks: 1.
typedef struct rw_weighted_sum_merge_args {
  const double* partials;
  const float* weight;
  const float* mask;
  /// weight_elements floats, zeros from `inputs` on.
  float* dweight;
  int64_t weight_elements;
  int inputs;
  int partial_count;
} rw_weighted_sum_merge_args;
RW_API int rw_weighted_sum_merge(const rw_weighted_sum_merge_args* args, int task, int worker);

/// y = max(x, 0); NaN stays NaN. Tasks: ceil(elements / elements_per_task).
typedef struct rw_relu_args {
  const void* x;
  void* y;
  int type;
  int64_t elements;
  int64_t elements_per_task;
} rw_relu_args;
RW_API int rw_relu(const rw_relu_args* args, int task, int worker);

/// dx = y > 0 ? dy : 0. Tasks: ceil(elements / elements_per_task).
typedef struct rw_relu_gradient_args {
  const void* y;
  const void* dy;
  void* dx;
  int type;
  int64_t elements;
  int64_t elements_per_task;
} rw_relu_gradient_args;
RW_API int rw_relu_gradient(const rw_relu_gradient_args* args, int task, int worker);

/// y = mask * x with a mask of floats. Tasks: ceil(elements / elements_per_task).
typedef struct rw_dropout_args {
  const void* x;
  const float* mask;
  void* y;
  int type;
  int64_t elements;
  int64_t elements_per_task;
} rw_dropout_args;
RW_API int rw_dropout(const rw_dropout_args* args, int task, int worker);

/// Channels of several tensors one after the other: y[.., to] = x_i[.., first_i + j], j < count_i; zeros behind them.
/// Tasks: ceil(pixels / pixels_per_task).
typedef struct rw_copy_channels_args {
  /// Addresses of the inputs.
  const void* x;
  /// Stored channels of each input.
  const int* stored;
  const int* first;
  const int* count;
  void* y;
  int inputs;
  int type;
  /// Stored channels of y, at least the sum of the counts.
  int channels;
  int64_t pixels;
  int64_t pixels_per_task;
} rw_copy_channels_args;
RW_API int rw_copy_channels(const rw_copy_channels_args* args, int task, int worker);

/// y[h][w] = x[h + offset][w + offset], zeros where that lies outside. Tasks: N.
typedef struct rw_shift_args {
  const void* x;
  void* y;
  int type;
  int batch;
  int height;
  int width;
  int channels;
  int offset;
} rw_shift_args;
RW_API int rw_shift(const rw_shift_args* args, int task, int worker);

/// The window of a pooling and its tensors. Forward x to y; gradients dy (and x for the maximum) to dx.
/// Tasks: N for the forward kernels, N * C / 16 for the gradients.
typedef struct rw_pool_args {
  /// [N][H][W][C].
  const void* x;
  /// [N][out_height][out_width][C].
  void* y;
  const void* dy;
  void* dx;
  /// Gradients only: for each worker the address of H * W * 16 floats.
  const void* worker_scratch;
  int type;
  int batch;
  int height;
  int width;
  int channels;
  int out_height;
  int out_width;
  int window_height;
  int window_width;
  int stride_height;
  int stride_width;
  int padding_height;
  int padding_width;
  int dilation;
} rw_pool_args;
/// Maximum over the window; padding never wins, NaN does.
RW_API int rw_max_pool(const rw_pool_args* args, int task, int worker);
/// Of equal values the first in row order takes the whole gradient.
RW_API int rw_max_pool_gradient(const rw_pool_args* args, int task, int worker);
/// Average over the window, padding not counted.
RW_API int rw_average_pool(const rw_pool_args* args, int task, int worker);
RW_API int rw_average_pool_gradient(const rw_pool_args* args, int task, int worker);

/// Average over the pixels of an image, and its gradient. Tasks: N.
typedef struct rw_global_average_pool_args {
  /// Forward [N][pixels][C] to [N][C]; gradient [N][C] to [N][pixels][C].
  const void* source;
  void* target;
  int type;
  int batch;
  int pixels;
  int channels;
} rw_global_average_pool_args;
RW_API int rw_global_average_pool(const rw_global_average_pool_args* args, int task, int worker);
RW_API int rw_global_average_pool_gradient(const rw_global_average_pool_args* args, int task, int worker);

/// Cross-entropy of softmax with smoothed labels, per example, and the gradient of its mean over the batch.
/// A label outside [0, classes) gives RW_INVALID_ARGUMENT. Tasks: ceil(N / examples_per_task).
typedef struct rw_softmax_cross_entropy_args {
  /// [N][C].
  const void* logits;
  /// One every label_stride.
  const int* labels;
  /// Forward only: one every loss_stride, zeros between.
  float* losses;
  /// Gradient only: [N][C].
  void* dlogits;
  double label_smoothing;
  int type;
  int batch;
  int classes;
  int channels;
  int label_stride;
  int loss_stride;
  int examples_per_task;
} rw_softmax_cross_entropy_args;
RW_API int rw_softmax_cross_entropy(const rw_softmax_cross_entropy_args* args, int task, int worker);
RW_API int rw_softmax_cross_entropy_gradient(const rw_softmax_cross_entropy_args* args, int task, int worker);

/// Mean and sum of squared deviations of each channel over the task's pixels. Tasks: ceil(pixels / pixels_per_task).
typedef struct rw_batch_norm_statistics_args {
  const void* x;
  /// [tasks][2][C]: means, then sums of squared deviations.
  double* partials;
  /// For each worker the address of 2 * C floats.
  const void* worker_scratch;
  int type;
  int channels;
  int64_t pixels;
  int64_t pixels_per_task;
} rw_batch_norm_statistics_args;
RW_API int rw_batch_norm_statistics(const rw_batch_norm_statistics_args* args, int task, int worker);

/// Merges what the tasks of rw_batch_norm_statistics left. Vectors have stored_channels elements. Tasks:
/// stored_channels / 16.
typedef struct rw_batch_norm_merge_args {
  const double* statistics;
  const float* weight;
  const float* bias;
  float* running_mean;
  float* running_variance;
  float* batch_mean;
  /// Biased.
  float* batch_variance;
  /// y = scale * (x - batch_mean) + shift normalises; null where nobody wants them, as weight and bias may be then.
  float* scale;
  float* shift;
  double epsilon;
  double momentum;
  int updates_running;
  int channels;
  int stored_channels;
  int partials;
  int64_t pixels;
  int64_t pixels_per_task;
} rw_batch_norm_merge_args;
RW_API int rw_batch_norm_merge(const rw_batch_norm_merge_args* args, int task, int worker);

/// Scale and shift of rw_batch_norm_apply from running statistics; its mean is the running mean. Tasks: stored channels / 16.
typedef struct rw_batch_norm_running_args {
  const float* weight;
  const float* bias;
  const float* running_variance;
  float* scale;
  float* shift;
  double epsilon;
  int channels;
} rw_batch_norm_running_args;
RW_API int rw_batch_norm_running(const rw_batch_norm_running_args* args, int task, int worker);

/// y = scale * (x - mean) + shift per channel, plus the shortcut if there is one, and then the ReLU of it if
/// `rectified`; y may be x. Tasks: ceil(pixels / pixels_per_task).
typedef struct rw_batch_norm_apply_args {
  const void* x;
  /// Of x's shape, or null.
  const void* shortcut;
  const float* mean;
  const float* scale;
  const float* shift;
  void* y;
  int rectified;
  int type;
  int channels;
  int64_t pixels;
  int64_t pixels_per_task;
} rw_batch_norm_apply_args;
RW_API int rw_batch_norm_apply(const rw_batch_norm_apply_args* args, int task, int worker);

/// How the gradient of a batch normalisation's output follows from that of a ReLU behind it.
enum rw_mask {
  // There is no ReLU.
  RW_MASK_NONE = 0,
  // It is zero where the normalised value is not positive.
  RW_MASK_NORMALISED = 1,
  // It is zero where the ReLU's output is not positive: something was added in between.
  RW_MASK_OUTPUT = 2,
};

/// Sums of g and g * (x - mean) over the task's pixels, where g is dy + more_dy under the mask.
/// Tasks: ceil(pixels / pixels_per_task).
typedef struct rw_batch_norm_gradient_sums_args {
  const void* x;
  const void* dy;
  /// Of dy's shape, or null.
  const void* more_dy;
  /// The ReLU's output; read with RW_MASK_OUTPUT only.
  const void* y;
  /// Where g goes, or null; rounded to its type before it is summed.
  void* masked;
  const float* batch_mean;
  /// Like the next two and epsilon read with RW_MASK_NORMALISED only.
  const float* batch_variance;
  const float* weight;
  const float* bias;
  /// [tasks][2][C].
  double* partials;
  /// For each worker the address of 3 * C floats.
  const void* worker_scratch;
  double epsilon;
  int mask;
  int type;
  int channels;
  int64_t pixels;
  int64_t pixels_per_task;
} rw_batch_norm_gradient_sums_args;
RW_API int rw_batch_norm_gradient_sums(const rw_batch_norm_gradient_sums_args* args, int task, int worker);

/// Adds what the tasks of rw_batch_norm_gradient_sums left. Vectors have stored_channels elements. Tasks:
/// stored_channels / 16.
typedef struct rw_batch_norm_gradient_merge_args {
  const double* sums;
  const float* weight;
  const float* batch_mean;
  const float* batch_variance;
  float* dweight;
  float* dbias;
  /// dx = scale * (dy - dy_mean - slope * (x - batch_mean)).
  float* scale;
  float* dy_mean;
  float* slope;
  double epsilon;
  int channels;
  int stored_channels;
  int partials;
  int64_t pixels;
} rw_batch_norm_gradient_merge_args;
RW_API int rw_batch_norm_gradient_merge(const rw_batch_norm_gradient_merge_args* args, int task, int worker);

/// What rw_batch_norm_gradient_merge gives, from sums that those who read the normalised values left: the gradient of
/// the output is sum_t c_t * e_t, c_t as in rw_weighted_sum. Tasks: stored_channels / 16.
typedef struct rw_batch_norm_gradient_gather_args {
  /// The address of each term's sum of e_t, [C] floats.
  const void* plain;
  /// The address of each term's sum of e_t * (x - batch_mean), [C] floats.
  const void* centred;
  /// The address of each term's raw weight.
  const void* edge_weight;
  const void* edge_mask;
  const float* weight;
  const float* batch_mean;
  const float* batch_variance;
  float* dweight;
  float* dbias;
  float* scale;
  float* dy_mean;
  float* slope;
  double epsilon;
  int terms;
  int channels;
  int stored_channels;
  int64_t pixels;
} rw_batch_norm_gradient_gather_args;
RW_API int rw_batch_norm_gradient_gather(const rw_batch_norm_gradient_gather_args* args, int task, int worker);

/// dx = scale * (g - dy_mean - slope * (x - batch_mean)) per channel, g as in rw_batch_norm_gradient_sums; dx may be dy.
/// Tasks: ceil(pixels / pixels_per_task).
typedef struct rw_batch_norm_gradient_apply_args {
  const void* x;
  const void* dy;
  const void* more_dy;
  /// The normalisation's; read with RW_MASK_NORMALISED only.
  const float* bias;
  const float* batch_mean;
  const float* scale;
  const float* dy_mean;
  const float* slope;
  void* dx;
  /// RW_MASK_NONE or RW_MASK_NORMALISED.
  int mask;
  int type;
  int channels;
  int64_t pixels;
  int64_t pixels_per_task;
} rw_batch_norm_gradient_apply_args;
RW_API int rw_batch_norm_gradient_apply(const rw_batch_norm_gradient_apply_args* args, int task, int worker);

/// Grouped 3x3 convolution with padding 1 and as many inputs as outputs in each group. At stride 1 it is the input
/// gradient as well, if x is the output's gradient, y that of the input and the filter comes from
/// rw_transpose_grouped_filter. Tasks: ceil(N / images_per_task).
typedef struct rw_grouped_convolution_args {
  /// [N][H][W][C].
  const void* x;
  /// [3][3][group][C]: from input j of an output's group.
  const float* filter;
  /// [N][H'][W'][C], H' = (H - 1) / stride + 1.
  void* y;
  /// For each worker the address of 3 * (W + 2) * 16 floats.
  const void* worker_scratch;
  int type;
  int batch;
  int height;
  int width;
  int channels;
  /// Channels of a group: 4 or 8.
  int group;
  /// 1 or 2.
  int stride;
  int images_per_task;
} rw_grouped_convolution_args;
RW_API int rw_grouped_convolution(const rw_grouped_convolution_args* args, int task, int worker);

/// The input gradient at stride 2: x is the output's gradient [N][H'][W'][C], y the input's [N][H][W][C], the filter from
/// rw_transpose_grouped_filter. Tasks: ceil(N / images_per_task).
RW_API int rw_grouped_strided_gradient(const rw_grouped_convolution_args* args, int task, int worker);

/// The mirrored filter from outputs to inputs. Tasks: C / 16.
typedef struct rw_transpose_grouped_filter_args {
  /// [3][3][group][C] both.
  const float* filter;
  float* transposed;
  int channels;
  int group;
} rw_transpose_grouped_filter_args;
RW_API int rw_transpose_grouped_filter(const rw_transpose_grouped_filter_args* args, int task, int worker);

/// The filter's gradient over each task's images. Tasks: ceil(N / images_per_task).
typedef struct rw_grouped_filter_gradient_args {
  const void* x;
  const void* dy;
  /// [tasks][3][3][group][C]; the sum is what rw_pointwise_filter_gradient_merge gives.
  float* partials;
  /// For each worker the address of (4 * W + 10) * 16 floats.
  const void* worker_scratch;
  int type;
  int batch;
  int height;
  int width;
  int channels;
  int group;
  int stride;
  int images_per_task;
} rw_grouped_filter_gradient_args;
RW_API int rw_grouped_filter_gradient(const rw_grouped_filter_gradient_args* args, int task, int worker);

enum {
  /// Zero pixels behind the images that a 3x3 convolution lays out.
  RW_CONVOLUTION_TAIL = 66,
  /// Pixels that its filter gradient adds up at a time.
  RW_CONVOLUTION_PIXELS = 384,
};

/// 3x3 convolution with padding 1 and stride 1 in bfloat16, where the instruction set is amx; else RW_INVALID_ARGUMENT.
/// It is the input gradient as well, if x is the output's gradient, y that of the input and the filter was packed
/// transposed. Tasks: ceil(N / images_per_task).
///
/// A block of images is copied so that their rows follow each other, W + 1 pixels each: P = 1 + (W + 1) *
/// (1 + images_per_block * (rows_per_block + 1)) + RW_CONVOLUTION_TAIL pixels.
typedef struct rw_convolution_args {
  /// [N][H][W][inputs].
  const void* x;
  /// The filter as rw_pack_filter leaves it with a window of 3.
  const void* packed;
  /// [N][H][W][outputs].
  void* y;
  /// For each worker the address, a multiple of 64, of P * (4 + 2 * inputs) + 64 bytes.
  const void* worker_scratch;
  int batch;
  int height;
  int width;
  /// Multiples of 16.
  int inputs;
  int outputs;
  int images_per_task;
  /// Images that are multiplied together; 1 if rows_per_block is less than H.
  int images_per_block;
  int rows_per_block;
} rw_convolution_args;
RW_API int rw_convolution(const rw_convolution_args* args, int task, int worker);

/// The filter's gradient over each task's images, in bfloat16 and where rw_convolution is.
/// Tasks: ceil(N / images_per_task).
typedef struct rw_convolution_filter_gradient_args {
  const void* x;
  /// [N][H][W][outputs].
  const void* dy;
  /// [tasks][3][3][inputs][outputs]; the sum is what rw_pointwise_filter_gradient_merge gives.
  float* partials;
  /// For each worker the address, a multiple of 64, of P * 2 * (inputs + outputs), (P + 64) * 2 * inputs,
  /// RW_CONVOLUTION_PIXELS * 64 and 256 bytes, all together.
  const void* worker_scratch;
  int batch;
  int height;
  int width;
  int inputs;
  int outputs;
  int images_per_task;
  int images_per_block;
  int rows_per_block;
} rw_convolution_filter_gradient_args;
RW_API int rw_convolution_filter_gradient(const rw_convolution_filter_gradient_args* args, int task, int worker);

/// Positions in the vector of hyperparameters.
enum rw_hyperparameter {
  RW_LEARNING_RATE = 0,
  RW_MOMENTUM = 1,
  RW_WEIGHT_DECAY = 2,
  RW_GRADIENT_SCALE = 3,
  RW_AVERAGE_DECAY = 4,
};

/// Stochastic gradient descent with momentum, in place. Tasks: ceil(elements / elements_per_task).
typedef struct rw_sgd_args {
  const float* gradients;
  const float* hyperparameters;
  float* parameters;
  float* momentum;
  int nesterov;
  /// 0 leaves out weight decay.
  int decays;
  int64_t elements;
  int64_t elements_per_task;
} rw_sgd_args;
RW_API int rw_sgd(const rw_sgd_args* args, int task, int worker);

/// average = decay * average + (1 - decay) * parameters, in place. Tasks: ceil(elements / elements_per_task).
typedef struct rw_moving_average_args {
  const float* parameters;
  const float* hyperparameters;
  float* average;
  int64_t elements;
  int64_t elements_per_task;
} rw_moving_average_args;
RW_API int rw_moving_average(const rw_moving_average_args* args, int task, int worker);

/// The sum of squares of the task's elements. Tasks: ceil(elements / elements_per_task).
typedef struct rw_squared_norm_args {
  const float* x;
  /// [tasks].
  double* partials;
  int64_t elements;
  int64_t elements_per_task;
} rw_squared_norm_args;
RW_API int rw_squared_norm(const rw_squared_norm_args* args, int task, int worker);

/// Adds what the tasks of rw_squared_norm left. Tasks: 1.
typedef struct rw_squared_norm_merge_args {
  const double* partials;
  /// result_elements doubles, zeros behind the first.
  double* result;
  int64_t result_elements;
  int partial_count;
} rw_squared_norm_merge_args;
RW_API int rw_squared_norm_merge(const rw_squared_norm_merge_args* args, int task, int worker);

// ---- Images ------------------------------------------------------------------------------------------------------
//
// RGB images are [height][width][3] bytes.

/// A bilinear filter along one axis, in integers: output i is the sum of counts[i] pixels from firsts[i] on, times
/// weights[i * stride + 0 ...] / 2^22, rounded and kept within a byte. Weights are not negative, those of an output
/// add up to less than 2^22 + 2^16. 0 <= firsts[i] <= length - counts[i]; 1 <= counts[i] <= stride.
typedef struct rw_filter_taps {
  /// [outputs], as is counts; weights is [outputs][stride].
  const int* firsts;
  const int* counts;
  const int* weights;
  int stride;
  int outputs;
  /// Pixels along the axis, in [1, 2^16].
  int length;
} rw_filter_taps;

/// Filters one row of across->length pixels into across->outputs pixels, from right to left if flipped. One byte
/// behind the row is read.
RW_API int rw_resize_row(const uint8_t* row, const rw_filter_taps* across, int flipped, uint8_t* result);

/// Filters down->length rows of row_bytes bytes, without gaps, into row `output` of the result.
RW_API int rw_resize_column(const uint8_t* rows, const rw_filter_taps* down, int output, int64_t row_bytes, uint8_t* result);

/// Resizes an image of down->length rows of across->length pixels: every row, then the columns of what came out.
/// scratch is for down->length rows of across->outputs pixels; one byte behind the source is read.
RW_API int rw_resize(const uint8_t* source, const rw_filter_taps* across, const rw_filter_taps* down, int flipped,
                     uint8_t* scratch, uint8_t* result);

/// The file of libjpeg-turbo that decodes, or null where there is none. The library is looked for once; it is the one
/// whose ABI this core was compiled for.
RW_API const char* rw_jpeg_library(void);

/// Why there is no libjpeg-turbo, in one line; empty where there is one.
RW_API const char* rw_jpeg_absence(void);

/// A JPEG decoder with the memory it keeps from one image to the next; for one thread at a time.
typedef struct rw_jpeg_decoder rw_jpeg_decoder;

/// Null where memory is refused or libjpeg-turbo absent. Allocates; rw_jpeg_close gives everything back.
RW_API rw_jpeg_decoder* rw_jpeg_open(void);
RW_API void rw_jpeg_close(rw_jpeg_decoder* decoder);

/// What the stored components of a JPEG are. CMYK and YCCK are stored inverted.
enum rw_jpeg_colours {
  RW_JPEG_GREY = 0,
  RW_JPEG_RGB = 1,
  RW_JPEG_YCBCR = 2,
  RW_JPEG_CMYK = 3,
  RW_JPEG_YCCK = 4,
};

/// Which pixels of a file to decode, and what becomes of them.
typedef struct rw_jpeg_args {
  const uint8_t* file;
  int64_t file_bytes;
  /// What the file's header says; another size or number of components is refused.
  int width;
  int height;
  int colours;
  /// The region of the stored pixels that is decoded.
  int left;
  int top;
  int region_width;
  int region_height;
  /// How the region is turned upright before the filters see it: upright columns run along the stored rows' numbers if
  /// it is transposed, and stored columns or rows run backwards if reversed.
  int transposed;
  int columns_reversed;
  int rows_reversed;
  /// The length of each is the upright region's width and height.
  const rw_filter_taps* across;
  const rw_filter_taps* down;
  int flipped;
  /// [down->outputs][across->outputs][3].
  uint8_t* result;
} rw_jpeg_args;

/// Decodes, turns, resizes and flips. Allocates, from libjpeg-turbo at most 512 MiB. RW_DAMAGED and RW_OUT_OF_MEMORY leave
/// the result undefined and the decoder usable.
RW_API int rw_jpeg_decode(rw_jpeg_decoder* decoder, const rw_jpeg_args* args);

/// Why the last file was refused, or what was wrong with it but did not keep it from being decoded, in one line; empty
/// for a sound one. Valid until the next call with this decoder.
RW_API const char* rw_jpeg_message(const rw_jpeg_decoder* decoder);

#ifdef __cplusplus
}
#endif

#endif  // RANDWIRE_H
