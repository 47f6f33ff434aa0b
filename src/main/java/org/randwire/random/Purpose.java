// SPDX-License-Identifier: Apache-2.0
package org.randwire.random;

/**
 * What a random stream is used for; streams of different purposes never share a number.
 *
 * <p>The id is part of the file formats: results of earlier versions can be repeated only while it
 * stays as it is. New purposes take the next free id, a retired id is never given again.
 */
public enum Purpose {
  /** Initial values of the weights. */
  WEIGHTS(1),
  /** The order in which an epoch visits the examples. */
  ORDER(2),
  /** Crops, shifts and flips of one example in one epoch. */
  AUGMENTATION(3),
  /** Units dropped in front of the classifier. */
  DROPOUT(4),
  /** Edges of the network dropped in one step. */
  EDGE_DROP(5),
  /** Pixels of the synthetic data set. */
  SYNTHETIC_DATA(6),
  /** The examples over which batch normalization statistics are recomputed. */
  PRECISE_STATISTICS(7),
  /** Paths of cells dropped for single examples. */
  DROP_PATH(8),
  /** The networks drawn from a design space. */
  DESIGN_SPACE(9),
  /** Bootstrap, permutations and simulated searches over a population. */
  RESAMPLING(10),
  /** Complexities and errors of a generated population. */
  GENERATED_POPULATION(11),
  /** The master seed of each run of a sweep. */
  SWEEP_RUN(12);

  private final int id;

  Purpose(int id) {
    this.id = id;
  }

  /** The fixed number of this purpose, in [1, 255]. */
  public int id() {
    return id;
  }
}
