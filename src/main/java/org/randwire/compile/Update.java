// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.Backend;
import org.randwire.backend.Buffer;
import org.randwire.backend.Slice;
import org.randwire.op.Instruction;
import org.randwire.op.Optimizer;
import org.randwire.op.Section;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;
import org.randwire.tensor.MemoryLayout;
import org.randwire.tensor.TensorShape;

/**
 * The parameter update as a small plan over the flat buffers: the gradients' norm, their scale,
 * SGD, the moving average. Nothing of it passes through the host, so it may follow a step's
 * backward pass without a wait.
 */
final class Update implements AutoCloseable {

  /** Elements from one vector of hyperparameters to the next: a cache line of float32. */
  private static final int SETTINGS = 16;

  private final NetworkState state;
  private final Executor executor;
  private final DataType type;
  private final Buffer hyperparameters;
  private final Buffer result;
  private final List<Buffer> buffers = new ArrayList<>();
  private final Slice losses;
  private @Nullable ExecutionPlan plan;

  /** The gradients into the mean over the batches of an update; none where it has one batch. */
  private @Nullable ExecutionPlan mean;

  private final Section gradients;
  private final ByteBuffer staging =
      ByteBuffer.allocateDirect(8 * Optimizer.HYPERPARAMETERS).order(ByteOrder.nativeOrder());
  private int values;

  Update(
      Program program,
      NetworkState state,
      Slice losses,
      Session.Options options,
      Backend backend,
      Executor executor) {
    this.state = state;
    this.losses = losses;
    this.executor = executor;
    this.type = backend.parameterType();
    try {
      long total = program.sectionElements().getOrDefault(Section.PARAMETERS, 0L);
      gradients = options.accumulate() > 1 ? Section.MEAN_GRADIENTS : Section.GRADIENTS;
      hyperparameters = allocate(backend, (long) 2 * SETTINGS * type.sizeBytes());
      result = allocate(backend, 8);
      Value settings = flat("hyperparameters", Section.CONTROLS, Optimizer.HYPERPARAMETERS, 0);
      Value norm2 =
          new Value(
              values++,
              "squared norm",
              Section.ARENA,
              TensorShape.vector(1),
              MemoryLayout.CHANNELS_FIRST,
              DataType.FLOAT64,
              1,
              -1);
      Value all = flat("gradients", gradients, total, 0);
      List<Instruction> steps = new ArrayList<>();
      if (options.accumulate() > 1) {
        Value share = flat("share", Section.CONTROLS, Optimizer.HYPERPARAMETERS, SETTINGS);
        steps.add(
            new Instruction(
                "gradients",
                new Optimizer.MovingAverage(),
                List.of(flat("gradients of a batch", Section.GRADIENTS, total, 0), share),
                List.of(all)));
        mean = bind(steps, backend);
      }
      steps.add(
          new Instruction("gradients", new Optimizer.SquaredNorm(), List.of(all), List.of(norm2)));
      Value loss =
          flat("losses", Section.LABELS, Math.floorDiv(losses.sizeBytes(), type.sizeBytes()), 0);
      steps.add(
          new Instruction(
              "gradients", new Optimizer.GradientScale(), List.of(norm2, loss), List.of(settings)));
      long decayed = options.decaysAll() ? total : program.decayedElements();
      if (decayed > 0) {
        addStep(steps, new Range(0, decayed), true, options, settings);
      }
      if (decayed < total) {
        addStep(steps, new Range(decayed, total - decayed), false, options, settings);
      }
      plan = bind(steps, backend);
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private record Range(long offset, long elements) {}

  private void addStep(
      List<Instruction> steps,
      Range range,
      boolean decays,
      Session.Options options,
      Value settings) {
    Value parameters = flat("parameters", Section.PARAMETERS, range.elements(), range.offset());
    steps.add(
        new Instruction(
            "update",
            new Optimizer.Sgd(options.nesterov(), decays),
            List.of(flat("gradients", gradients, range.elements(), range.offset()), settings),
            List.of(
                parameters, flat("momentum", Section.MOMENTUM, range.elements(), range.offset()))));
    if (options.averages()) {
      steps.add(
          new Instruction(
              "update",
              new Optimizer.MovingAverage(),
              List.of(parameters, settings),
              List.of(flat("average", Section.AVERAGE, range.elements(), range.offset()))));
    }
  }

  private Value flat(String name, Section section, long elements, long offset) {
    TensorShape shape = TensorShape.vector(Math.toIntExact(elements));
    return new Value(
        values++, name, section, shape, MemoryLayout.CHANNELS_FIRST, type, elements, offset);
  }

  private ExecutionPlan bind(List<Instruction> instructions, Backend backend) {
    Schedule schedule = Schedule.of(instructions, backend.catalog());
    MemoryPlan plan = MemoryPlan.of(schedule, Set.of());
    Buffer arena = allocate(backend, Math.max(64, plan.arenaBytes()));
    Buffer worker = allocate(backend, Math.max(64, plan.workerScratchBytes() * backend.workers()));
    return ExecutionPlan.bind(
        schedule,
        plan,
        new ExecutionPlan.Memory() {
          @Override
          public Slice slice(Value value) {
            return switch (value.section()) {
              case ARENA -> new Slice(result, 0, value.sizeBytes());
              case LABELS -> losses;
              case CONTROLS ->
                  new Slice(hyperparameters, value.offset() * type.sizeBytes(), value.sizeBytes());
              default -> state.slice(value.section(), value);
            };
          }

          @Override
          public Slice scratch(MemoryPlan.Block block) {
            return new Slice(arena, block.offset(), block.sizeBytes());
          }

          @Override
          public Slice workerScratch(int index) {
            return new Slice(worker, index * plan.workerScratchBytes(), plan.workerScratchBytes());
          }
        },
        backend);
  }

  private Buffer allocate(Backend backend, long sizeBytes) {
    Buffer buffer = backend.allocate(sizeBytes);
    buffers.add(buffer);
    return buffer;
  }

  /** The Euclidean norm of all gradients at the last update; not finite if any was not. */
  double gradientNorm() {
    staging.clear().limit(8);
    result.read(0, staging);
    return Math.sqrt(staging.getDouble(0));
  }

  ExecutionPlan plan() {
    return plan;
  }

  /** The plan that takes the gradients of one batch into the mean over those of an update. */
  ExecutionPlan mean() {
    return mean;
  }

  /**
   * Sets of how many batches the mean will be after {@link #runMean}, or after {@link #run}, which
   * takes the last batch into it: a running mean is a moving average whose decay grows.
   */
  void setMean(int batches) {
    double[] values = new double[Optimizer.HYPERPARAMETERS];
    values[Optimizer.GRADIENT_SCALE] = 1;
    values[Optimizer.AVERAGE_DECAY] = (batches - 1.0) / batches;
    write(values, SETTINGS);
  }

  void runMean() {
    executor.run(mean, null);
  }

  /** Sets what {@link #run}, or a command that has the plan in it, will do. */
  void set(
      double learningRate,
      double momentum,
      double weightDecay,
      double gradientClip,
      double averageDecay) {
    double[] values = new double[Optimizer.HYPERPARAMETERS];
    values[Optimizer.LEARNING_RATE] = learningRate;
    values[Optimizer.MOMENTUM] = momentum;
    values[Optimizer.WEIGHT_DECAY] = weightDecay;
    values[Optimizer.GRADIENT_CLIP] = gradientClip;
    values[Optimizer.AVERAGE_DECAY] = averageDecay;
    write(values, 0);
  }

  private void write(double[] values, int at) {
    staging.clear().limit(values.length * type.sizeBytes());
    for (int i = 0; i < values.length; i++) {
      if (type == DataType.FLOAT64) {
        staging.putDouble(8 * i, values[i]);
      } else {
        staging.putFloat(4 * i, (float) values[i]);
      }
    }
    hyperparameters.write((long) at * type.sizeBytes(), staging);
  }

  void run() {
    executor.run(plan, null);
  }

  @Override
  public void close() {
    if (mean != null) {
      mean.close();
    }
    if (plan != null) {
      plan.close();
    }
    buffers.forEach(Buffer::close);
  }
}
