// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks;

/**
 * A network at one size.
 *
 * @param batch examples of a step
 * @param channels of the first stage
 */
record Subject(Network network, int batch, int channels) {

  static Subject of(Network network) {
    return new Subject(network, network.batch(), network.channels());
  }

  @Override
  public String toString() {
    return network + " C=" + channels + " batch " + batch;
  }
}
