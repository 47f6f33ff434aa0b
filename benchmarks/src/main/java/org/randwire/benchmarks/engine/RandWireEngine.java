// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks.engine;

import java.util.Arrays;
import java.util.List;
import org.randwire.backend.cpu.CpuBackend;
import org.randwire.compile.Parameter;
import org.randwire.compile.Session;
import org.randwire.data.Batch;
import org.randwire.op.Section;
import org.randwire.tensor.DataType;
import org.randwire.training.Trainer;

/**
 * RandWire on the processor. A step is what {@code randwire bench} times: beyond what every engine
 * does it copies the images in and computes the norm of the gradients, as the trainer does.
 */
public final class RandWireEngine implements Engine {

  private final Recipe recipe;
  private final CpuBackend backend;
  private final Session session;
  private final Batch batch;

  public RandWireEngine(Problem problem, Precision precision, int threads) {
    recipe = problem.recipe();
    DataType type = precision == Precision.BF16 ? DataType.BFLOAT16 : DataType.FLOAT32;
    backend = new CpuBackend(type, threads);
    session =
        Session.open(
            problem.graph(), Session.Options.of(problem.batch(), recipe.labelSmoothing()), backend);
    batch = problem.batch(Trainer.layout(session.training()));
    set(problem, Section.PARAMETERS, session.state().parameters());
    set(problem, Section.STATE, session.state().states());
  }

  private void set(Problem problem, Section section, List<Parameter> parameters) {
    for (Parameter parameter : parameters) {
      float[] values = problem.weights().get(parameter.name()).values();
      double[] widened = new double[values.length];
      for (int i = 0; i < values.length; i++) {
        widened[i] = values[i];
      }
      session.state().set(section, parameter.name(), widened);
    }
  }

  @Override
  public void step() {
    session.training().setImages(batch.images());
    session.training().setLabels(batch.labels());
    session.step(recipe.learningRate(), recipe.momentum(), recipe.weightDecay(), 0, 0);
    session.gradientNorm(); // Waits for it.
  }

  @Override
  public double loss() {
    return Arrays.stream(session.training().losses()).average().orElseThrow();
  }

  @Override
  public String description() {
    return "RandWire on " + backend.description();
  }

  @Override
  public void close() {
    session.close();
    backend.close();
  }
}
