// SPDX-License-Identifier: Apache-2.0
// A driver whose modules are anything and whose launches are looked at.
#include <string.h>
void standin_complain(const char* what);
void standin_inside(const void* p, unsigned long bytes, const char* what);
int standin_capturing(void);
int cuInit(unsigned f) { return 0; }
int cuDeviceGetName(char* name, int n, int d) { strcpy(name, "Stand-in GPU"); return 0; }
int cuModuleLoadData(void** m, const void* image) { *m = (void*)image; return 0; }
int cuModuleGetFunction(void** f, void* m, const char* name) { *f = m; return 0; }
int cuModuleUnload(void* m) { return 0; }
int cuFuncSetAttribute(void* f, int which, int v) { if (which != 8 || v != 232448) standin_complain("an attribute"); return 0; }
int cuLaunchKernel(void* f, unsigned x, unsigned y, unsigned z, unsigned bx, unsigned by, unsigned bz, unsigned shared,
                   void* stream, void** parameters, void** extra) {
  if (!standin_capturing()) standin_complain("a launch outside of a capture");
  if (x < 1 || y != 1 || z < 1 || z > 65535 || bx != 256 || by != 1 || bz != 1 || shared > 232448) standin_complain("a grid");
  standin_inside(*(void**)parameters[0], 16, "a table");
  return 0;
}
