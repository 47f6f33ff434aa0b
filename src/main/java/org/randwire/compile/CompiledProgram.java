// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.Backend;
import org.randwire.backend.Buffer;
import org.randwire.backend.Slice;
import org.randwire.op.Mode;
import org.randwire.op.Section;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;
import org.randwire.tensor.MemoryLayout;
import org.randwire.tensor.TensorShape;

/**
 * A network compiled for one batch size and one mode, with the buffers its host side fills: images,
 * labels and masks in, losses and logits out. Not thread-safe.
 */
public final class CompiledProgram implements AutoCloseable {

  /** A program with its schedule and memory plan, before any memory is taken. */
  record Plan(Program program, Schedule schedule, MemoryPlan memory) {

    static Plan of(Program lowered, Session.Options options, Backend backend) {
      Program program = options.fusion() ? Fusion.fuse(lowered, backend.catalog()) : lowered;
      Set<Value> pinned = new LinkedHashSet<>(List.of(program.logits(), program.losses()));
      if (options.recompute()) {
        program = Recomputation.apply(program, backend.catalog(), pinned);
      }
      Schedule schedule = Schedule.of(program, backend.catalog());
      return new Plan(program, schedule, MemoryPlan.of(schedule, pinned));
    }

    /** The same without gradients in the order of least memory, not region by region. */
    Plan ordered(Backend backend) {
      Set<Value> pinned = Set.of(program.logits(), program.losses());
      Program ordered = MemoryOrder.apply(program, backend.catalog(), pinned);
      Schedule schedule = Schedule.of(ordered, backend.catalog());
      return new Plan(ordered, schedule, MemoryPlan.of(schedule, pinned));
    }

    Summary summary() {
      Map<String, Integer> kernels = new TreeMap<>();
      schedule.entries().forEach(e -> kernels.merge(e.kernel().name(), 1, Integer::sum));
      return new Summary(
          kernels,
          schedule.entries().size(),
          schedule.entries().stream().mapToInt(e -> e.kernel().regions()).sum(),
          schedule.regions(),
          memory.arenaBytes(),
          memory.values().values().stream().mapToLong(MemoryPlan.Block::sizeBytes).sum());
    }

    /** Bytes of the buffers that belong to this program alone: input, labels, masks. */
    long hostFilledBytes(DataType parameterType) {
      return program.input().sizeBytes()
          + program.labels().sizeBytes()
          + controlBytes(program, parameterType);
    }
  }

  private final Plan plan;
  private final Executor executor;
  private final NetworkState state;
  private final Map<Section, Buffer> own = new EnumMap<>(Section.class);
  private final Buffer arena;
  private final Section weights;
  private final ExecutionPlan execution;
  private final Map<String, Parameter> controls = new LinkedHashMap<>();
  private final ByteBuffer staging;

  /** Makes batches on the device, where a data set lies there. */
  private DeviceImages.@Nullable Feed feed;

  /** Whether the batch is the one last told to the feed, not one that the host has written. */
  private boolean fed;

  /**
   * @param arena holds the arena and, behind it, the workers' scratch
   * @param weights {@link Section#PARAMETERS}, or {@link Section#AVERAGE} to run with the moving
   *     average
   */
  CompiledProgram(
      Plan plan,
      Backend backend,
      Executor executor,
      NetworkState state,
      Buffer arena,
      Section weights) {
    this.plan = plan;
    this.executor = executor;
    this.state = state;
    this.arena = arena;
    this.weights = weights;
    Program program = plan.program();
    program.controls().forEach(c -> controls.put(c.name(), c));
    DataType type = backend.parameterType();
    long stagingBytes =
        Math.max(program.input().sizeBytes(), Math.max(program.logits().sizeBytes(), 64));
    staging =
        ByteBuffer.allocateDirect(Math.toIntExact(stagingBytes)).order(ByteOrder.nativeOrder());
    try {
      own.put(Section.INPUT, backend.allocate(program.input().sizeBytes()));
      own.put(Section.LABELS, backend.allocate(program.labels().sizeBytes()));
      own.put(Section.CONTROLS, backend.allocate(controlBytes(program, type)));
      execution = ExecutionPlan.bind(plan.schedule(), plan.memory(), new Memory(), backend);
    } catch (RuntimeException | Error e) {
      own.values().forEach(Buffer::close);
      throw e;
    }
    for (Parameter control : program.controls()) {
      double[] ones = new double[Math.toIntExact(control.spec().elements())];
      java.util.Arrays.fill(ones, control.spec().mean());
      setControl(control.name(), ones);
    }
  }

  private static long controlBytes(Program program, DataType type) {
    return Math.max(1, program.sectionElements().getOrDefault(Section.CONTROLS, 0L))
        * type.sizeBytes();
  }

  private final class Memory implements ExecutionPlan.Memory {
    @Override
    public Slice slice(Value value) {
      return CompiledProgram.this.slice(value);
    }

    @Override
    public Slice scratch(MemoryPlan.Block block) {
      return new Slice(arena, block.offset(), block.sizeBytes());
    }

    @Override
    public Slice workerScratch(int worker) {
      long size = plan.memory().workerScratchBytes();
      return new Slice(arena, plan.memory().arenaBytes() + worker * size, size);
    }
  }

  private Slice slice(Value value) {
    long offset = value.offset() * value.type().sizeBytes();
    return switch (value.section()) {
      case ARENA -> {
        MemoryPlan.Block block = plan.memory().values().get(value);
        yield new Slice(arena, block.offset(), block.sizeBytes());
      }
      case INPUT, LABELS, CONTROLS ->
          new Slice(own.get(value.section()), offset, value.sizeBytes());
      case PARAMETERS -> state.slice(weights, value);
      default -> state.slice(value.section(), value);
    };
  }

  /** Lets batches be made of a data set that lies on the device. */
  void attach(DeviceImages images) {
    Value input = plan.program().input();
    Value labels = plan.program().labels();
    feed = images.feed(input, slice(input), labels, slice(labels));
  }

  /** The plan that makes the batch, if it is to be made on the device. */
  Optional<ExecutionPlan> feeding() {
    return feed != null && fed ? Optional.of(feed.plan()) : Optional.empty();
  }

  /** The plan that makes batches of a data set that lies on the device, if one does. */
  Optional<ExecutionPlan> feed() {
    return Optional.ofNullable(feed).map(DeviceImages.Feed::plan);
  }

  public Mode mode() {
    return plan.program().mode();
  }

  public int batch() {
    return plan.program().batch();
  }

  /** Whether images are written {@code [N, H, W, C]}; {@code [N, C, H, W]} otherwise. */
  public boolean channelsLast() {
    return plan.program().input().layout() != MemoryLayout.CHANNELS_FIRST;
  }

  /** Channels of one pixel as written, padding included. */
  public int imageChannels() {
    return plan.program().input().storedChannels();
  }

  /** Writes the images of the batch, padding included, as {@link #channelsLast} says. */
  public void setImages(float[] images) {
    Value input = plan.program().input();
    if (images.length != input.elements()) {
      throw new IllegalArgumentException(
          "a batch has " + input.elements() + " values, got " + images.length);
    }
    staging.clear().limit(Math.toIntExact(input.sizeBytes()));
    switch (input.type()) {
      case FLOAT32 -> staging.asFloatBuffer().put(images);
      case FLOAT64 -> {
        for (int i = 0; i < images.length; i++) {
          staging.putDouble(8 * i, images[i]);
        }
      }
      case BFLOAT16 -> {
        for (int i = 0; i < images.length; i++) {
          staging.putShort(2 * i, DataType.toBfloat16(images[i]));
        }
      }
      case INT32, UINT8 -> throw new IllegalStateException("images are not integers");
    }
    own.get(Section.INPUT).write(0, staging);
    fed = false;
  }

  /** Writes the labels of the batch, each in [0, classes). */
  public void setLabels(int[] labels) {
    int classes = plan.program().logits().shape().channels();
    if (labels.length != batch()) {
      throw new IllegalArgumentException(
          "a batch has " + batch() + " labels, got " + labels.length);
    }
    ByteBuffer bytes = ByteBuffer.allocateDirect(4 * labels.length).order(ByteOrder.nativeOrder());
    for (int label : labels) {
      if (label < 0 || label >= classes) {
        throw new IllegalArgumentException("label " + label + " of " + classes + " classes");
      }
      bytes.putInt(label);
    }
    own.get(Section.LABELS).write(0, bytes.flip());
    fed = false;
  }

  /**
   * Takes examples of the data set that the session holds, as they are seen in an epoch, in place
   * of {@link #setImages} and {@link #setLabels}: the next runs make the batch on the device.
   *
   * @param epoch in [0, 2^56)
   * @param examples indices in the data set, the first {@code count} of which are used; images
   *     behind them are zero
   * @throws IllegalStateException if the session holds none
   */
  public void setExamples(long epoch, int[] examples, int count) {
    if (feed == null) {
      throw new IllegalStateException("this session holds no data set");
    }
    feed.set(epoch, examples, count);
    fed = true;
  }

  /** The masks that may be written before a step; all ones at first. */
  public List<Parameter> controls() {
    return List.copyOf(controls.values());
  }

  public void setControl(String name, double[] values) {
    Parameter control = controls.get(name);
    if (control == null || values.length != control.spec().elements()) {
      throw new IllegalArgumentException("no control '" + name + "' of " + values.length);
    }
    Value value = control.value();
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(Math.toIntExact(value.sizeBytes()))
            .order(ByteOrder.nativeOrder());
    for (int i = 0; i < values.length; i++) {
      int at = Math.toIntExact(control.position(i));
      if (value.type() == DataType.FLOAT64) {
        bytes.putDouble(8 * at, values[i]);
      } else {
        bytes.putFloat(4 * at, (float) values[i]);
      }
    }
    own.get(Section.CONTROLS).write(value.offset() * value.type().sizeBytes(), bytes);
  }

  /** Runs the program once on the images and labels, or the examples, last set. */
  public void run() {
    feeding().ifPresent(making -> executor.run(making, null));
    executor.run(execution, null);
  }

  /** Runs once and measures every task. */
  public Profile profile() {
    feeding().ifPresent(making -> executor.run(making, null));
    Profile profile = new Profile(execution);
    executor.run(execution, profile);
    return profile;
  }

  /** Where the loss of each example lies. */
  Slice lossSlice() {
    return slice(plan.program().losses());
  }

  ExecutionPlan execution() {
    return execution;
  }

  /** The loss of each example of the last run. */
  public double[] losses() {
    return read(plan.program().losses());
  }

  /** The logits of the last run, {@code [N, classes]} row by row. */
  public double[] logits() {
    return read(plan.program().logits());
  }

  /**
   * Mean and variance vectors of the last batch, by name: {@code node.mean}, {@code node.variance}.
   */
  public Map<String, double[]> statistics() {
    Map<String, double[]> result = new LinkedHashMap<>();
    plan.program().statistics().forEach(value -> result.put(value.name(), read(value)));
    return result;
  }

  /**
   * Runs the program once more, instruction by instruction, and names the first tensor that is not
   * finite: {@code node primitive}.
   */
  public Optional<String> firstNonFinite() {
    List<Schedule.Entry> entries = plan.schedule().entries();
    Map<Integer, List<Schedule.Entry>> endingAt = new TreeMap<>();
    entries.forEach(
        e -> endingAt.computeIfAbsent(e.last(), r -> new java.util.ArrayList<>()).add(e));
    int ticket = 0;
    int call = 0;
    for (int region = 0; region < plan.schedule().regions(); region++) {
      int end = execution.regionEnd(region);
      for (; ticket < end; ticket++) {
        call = execution.callOf(ticket, call);
        execution.run(ticket, call, 0);
      }
      for (Schedule.Entry entry : endingAt.getOrDefault(region, List.of())) {
        for (Value output : entry.instruction().outputs()) {
          if (!isFinite(output)) {
            return Optional.of(entry.instruction().label() + " (" + output.name() + ")");
          }
        }
      }
    }
    return Optional.empty();
  }

  /** Whether all stored elements are; looked through piece by piece, for a value may be huge. */
  private boolean isFinite(Value value) {
    Slice slice = slice(value);
    long pieceBytes = staging.capacity() / Double.BYTES * Double.BYTES;
    for (long start = 0; start < value.sizeBytes(); start += pieceBytes) {
      int bytes = (int) Math.min(pieceBytes, value.sizeBytes() - start);
      slice.buffer().read(slice.offset() + start, staging.clear().limit(bytes));
      for (int i = 0; i < bytes / value.type().sizeBytes(); i++) {
        if (!Double.isFinite(element(staging, value.type(), i))) {
          return false;
        }
      }
    }
    return true;
  }

  private static double element(ByteBuffer bytes, DataType type, int index) {
    return switch (type) {
      case FLOAT32 -> bytes.getFloat(4 * index);
      case FLOAT64 -> bytes.getDouble(8 * index);
      case BFLOAT16 -> DataType.fromBfloat16(bytes.getShort(2 * index));
      case INT32 -> bytes.getInt(4 * index);
      case UINT8 -> bytes.get(index) & 0xFF;
    };
  }

  /** All logical elements of a value, row-major; a filter is read as it is stored. */
  private double[] read(Value value) {
    Slice slice = slice(value);
    int stored = Math.toIntExact(value.elements());
    ByteBuffer bytes = staging;
    if (value.sizeBytes() > bytes.capacity()) {
      bytes =
          ByteBuffer.allocateDirect(Math.toIntExact(value.sizeBytes()))
              .order(ByteOrder.nativeOrder());
    }
    bytes.clear().limit(Math.toIntExact(value.sizeBytes()));
    slice.buffer().read(slice.offset(), bytes);
    TensorShape shape = value.shape();
    boolean plain = value.layout().elements(shape) != stored;
    int count = plain ? stored : Math.toIntExact(shape.elements());
    double[] result = new double[count];
    for (int i = 0; i < count; i++) {
      result[i] = element(bytes, value.type(), plain ? i : position(value, i));
    }
    return result;
  }

  private static int position(Value value, int index) {
    TensorShape shape = value.shape();
    int w = index % shape.width();
    int h = index / shape.width() % shape.height();
    int c = index / shape.pixels() % shape.channels();
    int n = index / (shape.pixels() * shape.channels());
    return Math.toIntExact(value.layout().index(shape, n, c, h, w));
  }

  /** What one run consists of. */
  public Summary summary() {
    return plan.summary();
  }

  /**
   * A compiled program in numbers.
   *
   * @param kernels how many instructions run on which kernel
   * @param calls kernel calls in one run
   * @param regions stretches between barriers
   * @param arenaBytes memory for activations and scratch
   * @param unplannedBytes what the activations would take if none shared memory
   */
  public record Summary(
      Map<String, Integer> kernels,
      int instructions,
      int calls,
      int regions,
      long arenaBytes,
      long unplannedBytes) {}

  @Override
  public void close() {
    if (feed != null) {
      feed.close();
    }
    execution.close();
    own.values().forEach(Buffer::close);
    own.clear();
  }

  /** For tests: the instructions after fusion. */
  List<org.randwire.op.Instruction> instructions() {
    return plan.program().instructions();
  }
}
