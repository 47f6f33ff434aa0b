// SPDX-License-Identifier: Apache-2.0
// cuDNN's descriptors as they are set, and calls that check every operand against them.
#include <stdio.h>
#include <stdlib.h>
typedef unsigned long size;
void standin_complain(const char* what);
void standin_called(const char* what);
void standin_inside(const void* p, size bytes, const char* what);
typedef struct { int format, type, n, c, h, w; } tensor;  // of a filter: n outputs, c inputs of a group
typedef struct { int ph, pw, sh, sw, dh, dw, mode, compute, groups, math; } convolution;
typedef struct { int mode, nan, h, w, ph, pw, sh, sw; } pooling;
typedef struct { int algo, status; float time; size memory; int determinism, math, reserved[3]; } perf;
static int open_things;

__attribute__((destructor)) static void end(void) { fprintf(stderr, "DESCRIPTORS LEFT: %d\n", open_things); }
static int make(void** p) { *p = calloc(1, 64); open_things++; return 0; }
static int drop(void* p) { if (p) { free(p); open_things--; } return 0; }
size cudnnGetVersion(void) { return 91900; }
const char* cudnnGetErrorString(int s) { return "an error"; }
int cudnnCreate(void** h) { return make(h); }
int cudnnDestroy(void* h) { return drop(h); }
int cudnnSetStream(void* h, void* s) { return s == 0; }
int cudnnCreateTensorDescriptor(void** p) { return make(p); }
int cudnnCreateFilterDescriptor(void** p) { return make(p); }
int cudnnCreateConvolutionDescriptor(void** p) { return make(p); }
int cudnnCreatePoolingDescriptor(void** p) { return make(p); }
int cudnnDestroyTensorDescriptor(void* p) { return drop(p); }
int cudnnDestroyFilterDescriptor(void* p) { return drop(p); }
int cudnnDestroyConvolutionDescriptor(void* p) { return drop(p); }
int cudnnDestroyPoolingDescriptor(void* p) { return drop(p); }
int cudnnSetTensor4dDescriptor(tensor* t, int format, int type, int n, int c, int h, int w) {
  *t = (tensor){format, type, n, c, h, w};
  return format != 1 || (type != 0 && type != 9);
}
int cudnnSetFilter4dDescriptor(tensor* t, int type, int format, int k, int c, int h, int w) {
  *t = (tensor){format, type, k, c, h, w};
  return format != 1 || (type != 0 && type != 9);
}
int cudnnSetConvolution2dDescriptor(convolution* d, int ph, int pw, int sh, int sw, int dh, int dw, int mode, int compute) {
  *d = (convolution){ph, pw, sh, sw, dh, dw, mode, compute, 1, 0};
  return mode != 1 || compute != 0;
}
int cudnnSetConvolutionGroupCount(convolution* d, int groups) { d->groups = groups; return 0; }
int cudnnSetConvolutionMathType(convolution* d, int math) { d->math = math; return 0; }
static int size_of(int in, int pad, int taps, int stride, int dilation) {
  return (in + 2 * pad - (dilation * (taps - 1) + 1)) / stride + 1;
}
int cudnnGetConvolution2dForwardOutputDim(convolution* d, tensor* x, tensor* f, int* n, int* c, int* h, int* w) {
  if (x->c != f->c * d->groups || f->n % d->groups != 0) return 1;
  *n = x->n;
  *c = f->n;
  *h = size_of(x->h, d->ph, f->h, d->sh, d->dh);
  *w = size_of(x->w, d->pw, f->w, d->sw, d->dw);
  return 0;
}
// The first may be taken; the second gives other bits each time, the third wants too much, the fourth does not work.
static int found(convolution* d, tensor* x, int most, int* count, perf* p) {
  if (x->type == 0 ? d->math != 3 : d->math != 1) standin_complain("the mode of arithmetic");
  for (int i = 0; i < 4; i++) p[i] = (perf){i + 1, i == 3 ? 9 : 0, 1, i == 2 ? 1ul << 40 : 5000, i != 1, d->math, {0}};
  *count = 4;
  return most < 4;
}
int cudnnGetConvolutionForwardAlgorithm_v7(void* h, tensor* x, tensor* f, convolution* d, tensor* y, int most, int* n, perf* p) {
  return found(d, x, most, n, p);
}
int cudnnGetConvolutionBackwardDataAlgorithm_v7(void* h, tensor* f, tensor* y, convolution* d, tensor* x, int most, int* n, perf* p) {
  return found(d, x, most, n, p);
}
int cudnnGetConvolutionBackwardFilterAlgorithm_v7(void* h, tensor* x, tensor* y, convolution* d, tensor* f, int most, int* n, perf* p) {
  return found(d, x, most, n, p);
}
static void operand(const void* p, tensor* t, const char* what) {
  if ((size)p % 16 != 0) standin_complain("an operand is not aligned to 16 bytes");
  standin_inside(p, (size)t->n * t->c * t->h * t->w * (t->type == 9 ? 2 : 4), what);
}
static int run(const char* what, float* one, float* zero, tensor* x, const void* px, tensor* f, const void* pf, tensor* y,
               const void* py, convolution* d, int algo, void* workspace, size bytes) {
  int n, c, h, w;
  standin_called(what);
  if (*one != 1 || *zero != 0) standin_complain("the factors");
  if (algo != 1 || bytes != 5000 || (size)workspace % 256 != 0) standin_complain("the algorithm or its workspace");
  if (cudnnGetConvolution2dForwardOutputDim(d, x, f, &n, &c, &h, &w) || n != y->n || c != y->c || h != y->h || w != y->w)
    standin_complain("the output's shape");
  operand(px, x, "x");
  operand(pf, f, "the filter");
  operand(py, y, "y");
  standin_inside(workspace, bytes, "the workspace");
  return 0;
}
int cudnnConvolutionForward(void* h, float* a, tensor* x, void* px, tensor* f, void* pf, convolution* d, int algo, void* ws,
                            size n, float* b, tensor* y, void* py) {
  return run("forward", a, b, x, px, f, pf, y, py, d, algo, ws, n);
}
int cudnnConvolutionBackwardData(void* h, float* a, tensor* f, void* pf, tensor* y, void* py, convolution* d, int algo,
                                 void* ws, size n, float* b, tensor* x, void* px) {
  return run("input gradient", a, b, x, px, f, pf, y, py, d, algo, ws, n);
}
int cudnnConvolutionBackwardFilter(void* h, float* a, tensor* x, void* px, tensor* y, void* py, convolution* d, int algo,
                                   void* ws, size n, float* b, tensor* f, void* pf) {
  return run("filter gradient", a, b, x, px, f, pf, y, py, d, algo, ws, n);
}
int cudnnSetPooling2dDescriptor(pooling* p, int mode, int nan, int h, int w, int ph, int pw, int sh, int sw) {
  *p = (pooling){mode, nan, h, w, ph, pw, sh, sw};
  return mode != 2 && mode != 3;
}
static int pool(const char* what, pooling* p, tensor* x, const void* px, tensor* y, const void* py) {
  standin_called(what);
  if (y->h != size_of(x->h, p->ph, p->h, p->sh, 1) || y->w != size_of(x->w, p->pw, p->w, p->sw, 1) || x->c != y->c)
    standin_complain("the pool's shape");
  operand(px, x, "a pool's x");
  operand(py, y, "a pool's y");
  return 0;
}
int cudnnPoolingForward(void* h, pooling* p, float* a, tensor* x, void* px, float* b, tensor* y, void* py) {
  return pool(p->mode == 3 ? "maximum" : "average", p, x, px, y, py);
}
int cudnnPoolingBackward(void* h, pooling* p, float* a, tensor* y, void* py, tensor* dy, void* pdy, tensor* x, void* px,
                         float* b, tensor* dx, void* pdx) {
  if (p->mode != 2) standin_complain("the gradient of a maximum");
  operand(py, y, "a pool's y");
  operand(px, x, "a pool's x");
  return pool("average gradient", p, dx, pdx, dy, pdy);
}
