// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks.jmh;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_WEIGHTS;

import java.util.concurrent.TimeUnit;
import org.bytedeco.dnnl.dnnl_engine;
import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.randwire.backend.cpu.CpuBackend;
import org.randwire.benchmarks.engine.Precision;
import org.randwire.tensor.DataType;

/**
 * What the machine can do at most: the bandwidth of a plain copy and the speed of oneDNN's matrix
 * product. Every thread works on memory of its own, so run it with {@code -t 1} and {@code -t 2};
 * JMH adds the threads up. The counter "gigabytes" (read and written) and "gigaflops" are per
 * second.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"-XX:+UseSerialGC", "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0"})
public class RooflineBenchmark {

  /** Counted beside the calls: bytes read and written. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  public static class Moved {
    public double gigabytes;

    @Setup(Level.Iteration)
    public void reset() {
      gigabytes = 0;
    }
  }

  /** Counted beside the calls; a multiply-add is two operations. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  public static class Computed {
    public double gigaflops;

    @Setup(Level.Iteration)
    public void reset() {
      gigaflops = 0;
    }
  }

  /** Two blocks to copy between. */
  @State(Scope.Thread)
  public static class Blocks {

    /** Of one block: within the second-level cache, within the last level, out in memory. */
    @Param({"262144", "4194304", "134217728"})
    public long sizeBytes;

    private BytePointer from;
    private BytePointer to;

    @Setup
    public void allocate() {
      from = new BytePointer(sizeBytes);
      to = new BytePointer(sizeBytes);
      Pointer.memset(from, 1, sizeBytes);
      Pointer.memset(to, 0, sizeBytes);
    }

    @TearDown
    public void free() {
      if (to.get(sizeBytes - 1) != 1) {
        throw new IllegalStateException("nothing was copied");
      }
      from.close();
      to.close();
    }
  }

  @Benchmark
  public void copy(Blocks blocks, Moved moved) {
    Pointer.memcpy(blocks.to, blocks.from, blocks.sizeBytes);
    moved.gigabytes += 2 * blocks.sizeBytes / 1e9;
  }

  /** A product of square matrices by oneDNN on the calling thread. */
  @State(Scope.Thread)
  public static class Product {

    @Param({"FP32", "BF16"})
    public Precision precision;

    /** Rows, columns and depth. */
    @Param({"128", "1024"})
    public int size;

    private final dnnl_engine engine = new dnnl_engine();
    private final dnnl_stream stream = new dnnl_stream();
    private final dnnl_primitive primitive = new dnnl_primitive();
    private dnnl_exec_arg_t arguments;

    @Setup
    public void create() {
      // Makes oneDNN's own OpenMP team one thread, as the engine does.
      new CpuBackend(DataType.FLOAT32, 1).prepareWorker();
      check(dnnl.dnnl_engine_create(engine, dnnl.dnnl_cpu, 0));
      check(dnnl.dnnl_stream_create(stream, engine, dnnl.dnnl_stream_default_flags));
      dnnl_memory_desc matrix = new dnnl_memory_desc();
      int type = precision == Precision.BF16 ? dnnl.dnnl_bf16 : dnnl.dnnl_f32;
      long[] sizes = {size, size};
      check(dnnl.dnnl_memory_desc_create_with_tag(matrix, 2, sizes, type, dnnl.dnnl_ab));
      dnnl_primitive_desc descriptor = new dnnl_primitive_desc();
      check(
          dnnl.dnnl_matmul_primitive_desc_create(
              descriptor, engine, matrix, matrix, null, matrix, (dnnl_primitive_attr) null));
      check(dnnl.dnnl_primitive_create(primitive, descriptor));
      arguments = new dnnl_exec_arg_t(3);
      int[] roles = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST};
      for (int i = 0; i < roles.length; i++) {
        arguments.getPointer(i).arg(roles[i]).memory(zeros(matrix));
      }
    }

    private dnnl_memory zeros(dnnl_memory_desc matrix) {
      long sizeBytes = dnnl.dnnl_memory_desc_get_size(matrix);
      BytePointer bytes = new BytePointer(sizeBytes);
      Pointer.memset(bytes, 0, sizeBytes);
      dnnl_memory memory = new dnnl_memory();
      check(dnnl.dnnl_memory_create(memory, matrix, engine, bytes));
      return memory;
    }

    private static void check(int status) {
      if (status != dnnl.dnnl_success) {
        throw new IllegalStateException("oneDNN failed with status " + status);
      }
    }
  }

  @Benchmark
  public void product(Product product, Computed computed) {
    Product.check(
        dnnl.dnnl_primitive_execute(product.primitive, product.stream, 3, product.arguments));
    Product.check(dnnl.dnnl_stream_wait(product.stream));
    double size = product.size;
    computed.gigaflops += 2 * size * size * size / 1e9;
  }
}
