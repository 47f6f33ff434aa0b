// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
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

/** The parameter update as two small plans over the flat buffers: gradient norm, and SGD. */
final class Update implements AutoCloseable {

  private final NetworkState state;
  private final Executor executor;
  private final DataType type;
  private final Buffer hyperparameters;
  private final Buffer result;
  private final List<Buffer> buffers = new ArrayList<>();
  private final List<ExecutionPlan> plans = new ArrayList<>();
  private final ExecutionPlan norm;
  private final ExecutionPlan sgd;
  private final ByteBuffer staging =
      ByteBuffer.allocateDirect(8 * Optimizer.HYPERPARAMETERS).order(ByteOrder.nativeOrder());
  private int values;

  Update(
      Program program,
      NetworkState state,
      Session.Options options,
      Backend backend,
      Executor executor) {
    this.state = state;
    this.executor = executor;
    this.type = backend.parameterType();
    try {
      long total = program.sectionElements().getOrDefault(Section.PARAMETERS, 0L);
      hyperparameters = allocate(backend, (long) Optimizer.HYPERPARAMETERS * type.sizeBytes());
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
      norm =
          bind(
              List.of(
                  new Instruction(
                      "gradients",
                      new Optimizer.SquaredNorm(),
                      List.of(flat("gradients", Section.GRADIENTS, total, 0)),
                      List.of(norm2))),
              backend);
      List<Instruction> steps = new ArrayList<>();
      long decayed = options.decaysAll() ? total : program.decayedElements();
      if (decayed > 0) {
        addStep(steps, new Range(0, decayed), true, options, settings);
      }
      if (decayed < total) {
        addStep(steps, new Range(decayed, total - decayed), false, options, settings);
      }
      sgd = bind(steps, backend);
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
            List.of(
                flat("gradients", Section.GRADIENTS, range.elements(), range.offset()), settings),
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
    ExecutionPlan bound =
        ExecutionPlan.bind(
            schedule,
            plan,
            new ExecutionPlan.Memory() {
              @Override
              public Slice slice(Value value) {
                return switch (value.section()) {
                  case ARENA -> new Slice(result, 0, value.sizeBytes());
                  case CONTROLS -> new Slice(hyperparameters, 0, value.sizeBytes());
                  default -> state.slice(value.section(), value);
                };
              }

              @Override
              public Slice scratch(MemoryPlan.Block block) {
                return new Slice(arena, block.offset(), block.sizeBytes());
              }

              @Override
              public Slice workerScratch(int index) {
                return new Slice(
                    worker, index * plan.workerScratchBytes(), plan.workerScratchBytes());
              }
            },
            backend);
    plans.add(bound);
    return bound;
  }

  private Buffer allocate(Backend backend, long sizeBytes) {
    Buffer buffer = backend.allocate(sizeBytes);
    buffers.add(buffer);
    return buffer;
  }

  /** The Euclidean norm of all gradients; not finite if any gradient is not. */
  double gradientNorm() {
    executor.run(norm, null);
    staging.clear().limit(8);
    result.read(0, staging);
    return Math.sqrt(staging.getDouble(0));
  }

  void step(double... settings) {
    staging.clear().limit(Optimizer.HYPERPARAMETERS * type.sizeBytes());
    for (int i = 0; i < settings.length; i++) {
      if (type == DataType.FLOAT64) {
        staging.putDouble(8 * i, settings[i]);
      } else {
        staging.putFloat(4 * i, (float) settings[i]);
      }
    }
    hyperparameters.write(0, staging);
    executor.run(sgd, null);
  }

  @Override
  public void close() {
    plans.forEach(ExecutionPlan::close);
    buffers.forEach(Buffer::close);
  }
}
