// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks.engine;

/** One network of one engine on one batch, ready to train. Not thread-safe. */
public interface Engine extends AutoCloseable {

  /** A whole training step: forward, loss, backward, update of all parameters. */
  void step();

  /** The mean loss of the last step, computed before its update. */
  double loss();

  /** Name and version of the engine, and what it runs on. */
  String description();

  @Override
  void close();
}
