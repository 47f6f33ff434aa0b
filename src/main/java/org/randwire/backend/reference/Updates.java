// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.reference;

import org.randwire.op.Optimizer;

/** The parameter update on flat buffers. */
final class Updates {
  private Updates() {}

  static void sgd(
      Optimizer.Sgd op,
      Tensor gradients,
      Tensor hyperparameters,
      Tensor parameters,
      Tensor momenta) {
    double rate = hyperparameters.get(Optimizer.LEARNING_RATE);
    double momentum = hyperparameters.get(Optimizer.MOMENTUM);
    double decay = op.decays() ? hyperparameters.get(Optimizer.WEIGHT_DECAY) : 0;
    double scale = hyperparameters.get(Optimizer.GRADIENT_SCALE);
    if (Double.isNaN(scale)) {
      return;
    }
    for (int i = 0; i < parameters.size(); i++) {
      double parameter = parameters.get(i);
      double gradient = scale * gradients.get(i) + decay * parameter;
      double velocity = momentum * momenta.get(i) + gradient;
      double step = op.nesterov() ? gradient + momentum * velocity : velocity;
      momenta.set(i, velocity);
      parameters.set(i, parameter - rate * step);
    }
  }

  static void movingAverage(Tensor parameters, Tensor hyperparameters, Tensor average) {
    double decay = hyperparameters.get(Optimizer.AVERAGE_DECAY);
    if (Double.isNaN(hyperparameters.get(Optimizer.GRADIENT_SCALE))) {
      return;
    }
    for (int i = 0; i < average.size(); i++) {
      average.set(i, decay * average.get(i) + (1 - decay) * parameters.get(i));
    }
  }

  static void gradientScale(Tensor squaredNorm, Tensor losses, Tensor hyperparameters) {
    double sum = 0;
    for (int i = 0; i < losses.size(); i++) {
      sum += losses.get(i);
    }
    double clip = hyperparameters.get(Optimizer.GRADIENT_CLIP);
    hyperparameters.set(
        Optimizer.GRADIENT_SCALE, Optimizer.gradientScale(clip, squaredNorm.get(0), sum));
  }

  static void squaredNorm(Tensor x, Tensor sum) {
    double squares = 0;
    for (int i = 0; i < x.size(); i++) {
      squares += x.get(i) * x.get(i);
    }
    sum.set(0, squares);
  }
}
