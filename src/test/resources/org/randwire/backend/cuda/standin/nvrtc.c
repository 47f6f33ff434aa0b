// SPDX-License-Identifier: Apache-2.0
// A compiler that takes everything.
#include <string.h>
int nvrtcVersion(int* major, int* minor) { *major = 13; *minor = 0; return 0; }
int nvrtcCreateProgram(void** p, const char* t, const char* n, int h, void* a, void* b) { *p = (void*)16; return 0; }
int nvrtcCompileProgram(void* p, int n, const char* const* o) { return 0; }
int nvrtcGetCUBINSize(void* p, unsigned long* n) { *n = 8; return 0; }
int nvrtcGetCUBIN(void* p, char* c) { memcpy(c, "\177ELF....", 8); return 0; }
int nvrtcDestroyProgram(void** p) { return 0; }
