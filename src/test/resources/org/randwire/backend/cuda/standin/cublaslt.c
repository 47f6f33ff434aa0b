// SPDX-License-Identifier: Apache-2.0
// cuBLASLt's matrices as they are set, and a product that checks them.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
typedef unsigned long size;
typedef unsigned long long u64;
void standin_complain(const char* what);
void standin_called(const char* what);
void standin_inside(const void* p, size bytes, const char* what);
typedef struct { int type; u64 rows, columns; long long stride; } matrix;
typedef struct { int compute, scale, a, b; } product;
typedef struct { u64 workspace; unsigned reductions, alignment[4]; } preference;
typedef struct { u64 algo[8]; size workspace; int state; float waves; int reserved[4]; } result;
static int open_things;

__attribute__((destructor)) static void end(void) { fprintf(stderr, "MATRICES LEFT: %d\n", open_things); }
static int drop(void* p) { free(p); open_things--; return 0; }
static void* make(void) { open_things++; return calloc(1, 64); }
size cublasLtGetVersion(void) { return 130000; }
const char* cublasLtGetStatusString(int s) { return "an error"; }
int cublasLtCreate(void** h) { *h = make(); return 0; }
int cublasLtDestroy(void* h) { return drop(h); }
int cublasLtMatmulDescCreate(void** p, int compute, int scale) {
  *(product*)(*p = make()) = (product){compute, scale, 0, 0};
  return compute != 68 || scale != 0;
}
int cublasLtMatmulDescDestroy(void* p) { return drop(p); }
int cublasLtMatmulDescSetAttribute(product* p, int which, const int* v, size n) {
  if (n != 4 || *v != 1) return 1;
  if (which == 3) p->a = 1; else if (which == 4) p->b = 1; else return 1;
  return 0;
}
int cublasLtMatrixLayoutCreate(void** p, int type, u64 rows, u64 columns, long long stride) {
  *(matrix*)(*p = make()) = (matrix){type, rows, columns, stride};
  return (type != 0 && type != 14) || stride < (long long)rows;
}
int cublasLtMatrixLayoutDestroy(void* p) { return drop(p); }
int cublasLtMatmulPreferenceCreate(void** p) { *p = make(); return 0; }
int cublasLtMatmulPreferenceDestroy(void* p) { return drop(p); }
int cublasLtMatmulPreferenceSetAttribute(preference* p, int which, const void* v, size n) {
  if (which == 1 && n == 8) p->workspace = *(u64*)v;
  else if (which == 3 && n == 4) p->reductions = *(unsigned*)v;
  else if (which >= 5 && which <= 8 && n == 4) p->alignment[which - 5] = *(unsigned*)v;
  else return 1;
  return 0;
}
static void fit(product* p, matrix* a, matrix* b, matrix* d) {
  u64 m = p->a ? a->columns : a->rows, k = p->a ? a->rows : a->columns;
  u64 inner = p->b ? b->columns : b->rows, n = p->b ? b->rows : b->columns;
  if (k != inner || m != d->rows || n != d->columns) standin_complain("matrices that do not fit");
  if (a->type != d->type || b->type != d->type) standin_complain("the matrices' types");
}
int cublasLtMatmulAlgoGetHeuristic(void* h, product* p, matrix* a, matrix* b, matrix* c, matrix* d, preference* f, int most,
                                   result* r, int* count) {
  fit(p, a, b, d);
  if (f->workspace != 256ul << 20 || f->reductions != 6 || f->alignment[0] != 64 || f->alignment[3] != 64)
    standin_complain("the preferences");
  memset(r, 0, 2 * sizeof(result));
  r[0] = (result){{7}, 3000, 0, 1, {0}};
  r[1] = (result){{8}, 0, 15, 1, {0}};
  *count = 2;
  return most < 2;
}
int cublasLtMatmul(void* h, product* p, const float* one, const void* pa, matrix* a, const void* pb, matrix* b,
                   const float* zero, const void* pc, matrix* c, void* pd, matrix* d, const u64* algo, void* ws, size n,
                   void* stream) {
  standin_called(p->a ? "product forward" : p->b ? "product filter gradient" : "product input gradient");
  fit(p, a, b, d);
  int element = d->type == 14 ? 2 : 4;
  if (*one != 1 || *zero != 0 || pc != pd || algo[0] != 7 || n != 3000 || stream == 0) standin_complain("a product's call");
  if (((size)pa | (size)pb | (size)pd) % 64 != 0 || (size)ws % 256 != 0) standin_complain("a matrix is not aligned");
  standin_inside(pa, a->rows * a->columns * element, "the left matrix");
  standin_inside(pb, b->rows * b->columns * element, "the right matrix");
  standin_inside(pd, d->rows * d->columns * element, "the product");
  standin_inside(ws, n, "the product's workspace");
  return 0;
}
