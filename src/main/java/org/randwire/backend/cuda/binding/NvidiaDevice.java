// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda.binding;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.cudart.CUmod_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.randwire.backend.OutOfDeviceMemoryException;
import org.randwire.backend.Recording;

/**
 * The first GPU of the machine through a stream of its own. Copies to the device go through a ring
 * of pinned memory, so that writing a batch does not wait for the step before.
 */
public final class NvidiaDevice implements Device {

  private static final int ORDINAL = 0;
  private static final int NON_BLOCKING = 1;
  private static final int TO_DEVICE = 1;
  private static final int TO_HOST = 2;
  private static final int CAPTURE_THIS_THREAD = 1;
  private static final int MOST_DYNAMIC_SHARED = 8;
  private static final int STAGING_BYTES = 32 << 20;
  private static final int TIMED_ROUNDS = 3;
  private static final int TIMED_RUNS = 10;

  private final CUstream_st stream = new CUstream_st();
  private final Pointer staging = new Pointer();
  private final ByteBuffer stagingView;
  private final Map<KernelModule, CUmod_st> modules = new HashMap<>();
  private final KernelCompiler compiler;
  private final CacheFolder cache = CacheFolder.ofUser();
  private final List<VendorLibrary> libraries = new ArrayList<>();
  private final int sharedBytes;
  private final String kind;
  private final String description;

  /** The next free byte of the ring; what lies before may still be under way. */
  private int stagingNext;

  private NvidiaDevice() {
    Status.check(cudart.cudaSetDevice(ORDINAL), "cudaSetDevice");
    String architecture =
        "sm_"
            + attribute(cudart.cudaDevAttrComputeCapabilityMajor)
            + attribute(cudart.cudaDevAttrComputeCapabilityMinor);
    sharedBytes = attribute(cudart.cudaDevAttrMaxSharedMemoryPerBlockOptin);
    compiler = new KernelCompiler(architecture, cache);
    Status.check(
        cudart.cudaStreamCreateWithFlags(stream, NON_BLOCKING), "cudaStreamCreateWithFlags");
    int status = cudart.cudaMallocHost(staging, STAGING_BYTES);
    if (status != Status.SUCCESS) {
      cudart.cudaStreamDestroy(stream);
    }
    Status.check(status, "cudaMallocHost");
    stagingView = new BytePointer(staging).capacity(STAGING_BYTES).asByteBuffer();
    String vendorKernels = openLibraries();
    kind = deviceName() + ", " + architecture + ", " + vendorKernels;
    description = deviceName() + ", " + architecture + versions() + ", " + vendorKernels;
  }

  /** Opens what there is; one line on it. */
  private String openLibraries() {
    Optional<String> absence = NvidiaLibraries.vendorKernelsAbsence();
    if (absence.isPresent()) {
      return "own kernels only: " + absence.get();
    }
    try {
      libraries.add(new CuDnn(stream));
      libraries.add(new CublasLt(stream));
    } catch (IllegalStateException e) {
      closeLibraries();
      return "own kernels only: " + e.getMessage();
    }
    return String.join(", ", libraries.stream().map(VendorLibrary::description).toList());
  }

  private void closeLibraries() {
    libraries.forEach(VendorLibrary::close);
    libraries.clear();
  }

  /** Opens it; the libraries must be there. */
  public static NvidiaDevice open() {
    return new NvidiaDevice();
  }

  private static int attribute(int which) {
    int[] value = new int[1];
    Status.check(
        cudart.cudaDeviceGetAttribute(value, which, ORDINAL), "cudaDeviceGetAttribute " + which);
    return value[0];
  }

  private static String deviceName() {
    byte[] name = new byte[256];
    Status.check(cudart.cuDeviceGetName(name, name.length, ORDINAL), "cuDeviceGetName");
    String text = new String(name, StandardCharsets.UTF_8);
    return text.substring(0, text.indexOf(0));
  }

  private static String versions() {
    int[] driver = new int[1];
    int[] runtime = new int[1];
    Status.check(cudart.cudaDriverGetVersion(driver), "cudaDriverGetVersion");
    Status.check(cudart.cudaRuntimeGetVersion(runtime), "cudaRuntimeGetVersion");
    return ", driver for CUDA " + version(driver[0]) + ", runtime " + version(runtime[0]);
  }

  private static String version(int number) {
    return number / 1000 + "." + number % 1000 / 10;
  }

  @Override
  public String description() {
    return description;
  }

  @Override
  public int sharedBytes() {
    return sharedBytes;
  }

  // ---- memory

  @Override
  public long allocate(long sizeBytes) {
    Pointer memory = new Pointer();
    int status = cudart.cudaMalloc(memory, sizeBytes);
    if (status == Status.OUT_OF_MEMORY) {
      cudart.cudaGetLastError(); // The next call shall not report it again.
      throw new OutOfDeviceMemoryException(
          "no GPU memory for " + sizeBytes + " bytes, " + availableBytes() + " are free");
    }
    Status.check(status, "cudaMalloc");
    Status.check(cudart.cudaMemsetAsync(memory, 0, sizeBytes, stream), "cudaMemsetAsync");
    return memory.address();
  }

  @Override
  public void free(long address) {
    await();
    Status.check(cudart.cudaFree(new DevicePointer(address)), "cudaFree");
  }

  @Override
  public long availableBytes() {
    try (SizeTPointer free = new SizeTPointer(1);
        SizeTPointer total = new SizeTPointer(1)) {
      Status.check(cudart.cudaMemGetInfo(free, total), "cudaMemGetInfo");
      return free.get();
    }
  }

  @Override
  public void write(long address, ByteBuffer source) {
    long next = address;
    while (source.hasRemaining()) {
      if (stagingNext == STAGING_BYTES) {
        await();
        stagingNext = 0;
      }
      int size = Math.min(source.remaining(), STAGING_BYTES - stagingNext);
      stagingView.clear().position(stagingNext);
      stagingView.put(source.slice(source.position(), size));
      source.position(source.position() + size);
      copy(
          new DevicePointer(next),
          new DevicePointer(staging.address() + stagingNext),
          size,
          TO_DEVICE);
      stagingNext += size;
      next += size;
    }
  }

  @Override
  public void read(long address, ByteBuffer target) {
    await();
    stagingNext = 0;
    long next = address;
    while (target.hasRemaining()) {
      int size = Math.min(target.remaining(), STAGING_BYTES);
      copy(staging, new DevicePointer(next), size, TO_HOST);
      await();
      target.put(stagingView.clear().limit(size));
      next += size;
    }
  }

  private void copy(Pointer to, Pointer from, long size, int direction) {
    Status.check(cudart.cudaMemcpyAsync(to, from, size, direction, stream), "cudaMemcpyAsync");
  }

  private void await() {
    Status.check(cudart.cudaStreamSynchronize(stream), "a kernel");
  }

  // ---- kernels

  @Override
  public List<Algorithm> algorithms(LibraryProblem problem) {
    return libraries.stream().flatMap(library -> library.algorithms(problem).stream()).toList();
  }

  @Override
  public Optional<String> kept(String key) {
    return cache
        .read("choice", kind + "\n" + key)
        .map(bytes -> new String(bytes, StandardCharsets.UTF_8));
  }

  @Override
  public void keep(String key, String value) {
    cache.write("choice", kind + "\n" + key, value.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public Recording record(List<Command> commands) {
    Map<KernelModule, CUfunc_st> functions = new HashMap<>();
    Map<LibraryCall, VendorLibrary.Operation> operations = new HashMap<>();
    try {
      for (Command command : commands) {
        if (command instanceof KernelLaunch launch) {
          functions.computeIfAbsent(launch.module(), this::function);
        } else if (command instanceof LibraryCall call && !operations.containsKey(call)) {
          operations.put(call, prepare(call));
          operations.get(call).run(call);
        }
      }
      for (KernelModule module : functions.keySet()) {
        // The most there is: plans that were recorded with the same module may need more than this.
        Status.check(
            cudart.cuFuncSetAttribute(functions.get(module), MOST_DYNAMIC_SHARED, sharedBytes),
            "shared memory of " + module.name());
      }
      return capture(commands, functions, operations);
    } finally {
      operations.values().forEach(VendorLibrary.Operation::close);
    }
  }

  private VendorLibrary.Operation prepare(LibraryCall call) {
    return library(call.algorithm()).prepare(call.problem(), call.algorithm());
  }

  private VendorLibrary library(Algorithm algorithm) {
    return libraries.get(algorithm.library().equals(CuDnn.NAME) ? 0 : 1);
  }

  @Override
  public long nanosOf(Recording recording) {
    recording.run();
    await();
    long least = Long.MAX_VALUE;
    for (int round = 0; round < TIMED_ROUNDS; round++) {
      long start = System.nanoTime();
      for (int run = 0; run < TIMED_RUNS; run++) {
        recording.run();
      }
      await();
      least = Math.min(least, (System.nanoTime() - start) / TIMED_RUNS);
    }
    return least;
  }

  private CUfunc_st function(KernelModule module) {
    CUmod_st loaded =
        modules.computeIfAbsent(
            module,
            m -> {
              CUmod_st fresh = new CUmod_st();
              try (BytePointer cubin = new BytePointer(compiler.compile(m))) {
                Status.check(cudart.cuModuleLoadData(fresh, cubin), "loading " + m.name());
              }
              return fresh;
            });
    CUfunc_st function = new CUfunc_st();
    Status.check(
        cudart.cuModuleGetFunction(function, loaded, module.name()), "finding " + module.name());
    return function;
  }

  private Recording capture(
      List<Command> commands,
      Map<KernelModule, CUfunc_st> functions,
      Map<LibraryCall, VendorLibrary.Operation> operations) {
    await();
    Status.check(
        cudart.cudaStreamBeginCapture(stream, CAPTURE_THIS_THREAD), "cudaStreamBeginCapture");
    CUgraph_st graph = new CUgraph_st();
    try {
      for (Command command : commands) {
        if (command instanceof KernelLaunch launch) {
          launch(launch, functions.get(launch.module()));
        } else if (command instanceof LibraryCall call) {
          operations.get(call).run(call);
        }
      }
    } catch (RuntimeException | Error e) {
      cudart.cudaStreamEndCapture(stream, graph); // The stream shall be usable again.
      cudart.cudaGraphDestroy(graph);
      throw e;
    }
    Status.check(cudart.cudaStreamEndCapture(stream, graph), "cudaStreamEndCapture");
    CUgraphExec_st executable = new CUgraphExec_st();
    int status = cudart.cudaGraphInstantiate(executable, graph, 0);
    cudart.cudaGraphDestroy(graph);
    Status.check(status, "cudaGraphInstantiate");
    return new Graph(executable);
  }

  private void launch(KernelLaunch launch, CUfunc_st function) {
    try (LongPointer table = new LongPointer(1);
        PointerPointer<LongPointer> parameters = new PointerPointer<>(1)) {
      table.put(launch.table());
      parameters.put(0, table);
      Status.check(
          cudart.cuLaunchKernel(
              function,
              Math.toIntExact(launch.blocks()),
              1,
              launch.entries(),
              KernelModule.THREADS,
              1,
              1,
              launch.sharedBytes(),
              stream,
              parameters,
              (PointerPointer<?>) null),
          "launching " + launch.module().name());
    }
  }

  private final class Graph implements Recording {
    private final CUgraphExec_st executable;
    private boolean open = true;

    Graph(CUgraphExec_st executable) {
      this.executable = executable;
    }

    @Override
    public void run() {
      Status.check(cudart.cudaGraphLaunch(executable, stream), "cudaGraphLaunch");
    }

    @Override
    public void close() {
      if (open) {
        open = false;
        await();
        Status.check(cudart.cudaGraphExecDestroy(executable), "cudaGraphExecDestroy");
      }
    }
  }

  @Override
  public void close() {
    await();
    closeLibraries();
    modules.values().forEach(module -> cudart.cuModuleUnload(module));
    modules.clear();
    cudart.cudaFreeHost(staging);
    cudart.cudaStreamDestroy(stream);
  }
}
