// SPDX-License-Identifier: Apache-2.0
// A CUDA runtime without a device: memory is the host's, nothing is computed, every address it is given is checked.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
typedef unsigned long size;
static struct { char* at; size bytes; } blocks[10000];
static int count, capturing, graphs, executables, launched;
static size device_bytes;

void standin_complain(const char* what) { fprintf(stderr, "STANDIN: %s\n", what); }
int standin_capturing(void) { return capturing; }
void standin_inside(const void* p, size bytes, const char* what) {
  for (int i = 0; i < count; i++)
    if (blocks[i].at != 0 && (char*)p >= blocks[i].at && (char*)p + bytes <= blocks[i].at + blocks[i].bytes) return;
  char text[200];
  snprintf(text, sizeof text, "%s: %lu bytes at %p are not the device's", what, bytes, p);
  standin_complain(text);
}
void standin_called(const char* what) { fprintf(stderr, "CALLED: %s%s\n", what, capturing ? " captured" : ""); }

__attribute__((destructor)) static void end(void) {
  fprintf(stderr, "LEFT: %lu bytes, %d graphs, %d executables; LAUNCHED: %d\n", device_bytes, graphs, executables, launched);
}
int cudaGetDeviceCount(int* n) { *n = 1; return 0; }
int cudaDeviceGetAttribute(int* v, int which, int device) {
  *v = which == 75 ? 9 : which == 76 ? 0 : which == 97 ? 232448 : -1;
  if (*v < 0) standin_complain("an attribute that is not known");
  return 0;
}
int cudaSetDevice(int d) { return d != 0; }
int cudaDriverGetVersion(int* v) { *v = 13000; return 0; }
int cudaRuntimeGetVersion(int* v) { *v = 13000; return 0; }
const char* cudaGetErrorString(int e) { return "an error"; }
int cudaGetLastError(void) { return 0; }
int cudaMemGetInfo(size* f, size* t) { *t = 1ul << 30; *f = *t - device_bytes; return 0; }
int cudaMalloc(void** p, size bytes) {
  if (capturing) standin_complain("cudaMalloc in a capture");
  if (device_bytes + bytes > 1ul << 30) return 2;
  blocks[count].at = *p = aligned_alloc(256, (bytes + 255) / 256 * 256);
  blocks[count++].bytes = bytes;
  device_bytes += bytes;
  return 0;
}
int cudaFree(void* p) {
  if (capturing) standin_complain("cudaFree in a capture");
  for (int i = 0; i < count; i++)
    if (blocks[i].at == p) { free(p); blocks[i].at = 0; device_bytes -= blocks[i].bytes; return 0; }
  standin_complain("cudaFree of what is not the device's");
  return 1;
}
int cudaMallocHost(void** p, size bytes) { *p = malloc(bytes); return 0; }
int cudaFreeHost(void* p) { free(p); return 0; }
int cudaMemsetAsync(void* p, int v, size bytes, void* s) { standin_inside(p, bytes, "memset"); memset(p, v, bytes); return 0; }
int cudaMemcpyAsync(void* to, const void* from, size bytes, int kind, void* s) {
  standin_inside(kind == 1 ? to : from, bytes, "memcpy");
  memcpy(to, from, bytes);
  return 0;
}
int cudaStreamCreateWithFlags(void** s, int f) { *s = malloc(1); return 0; }
int cudaStreamDestroy(void* s) { free(s); return 0; }
int cudaStreamSynchronize(void* s) { if (capturing) standin_complain("synchronised in a capture"); return 0; }
int cudaStreamBeginCapture(void* s, int mode) { capturing++; return 0; }
int cudaStreamEndCapture(void* s, void** g) { capturing--; graphs++; *g = malloc(1); return 0; }
int cudaGraphInstantiate(void** e, void* g, unsigned long long f) { executables++; *e = malloc(1); return 0; }
int cudaGraphDestroy(void* g) { graphs--; free(g); return 0; }
int cudaGraphLaunch(void* e, void* s) { launched++; return 0; }
int cudaGraphExecDestroy(void* e) { executables--; free(e); return 0; }
