// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;
import org.randwire.space.SampledNetwork;
import org.randwire.tensor.TensorShape;
import tools.jackson.databind.JsonNode;

/**
 * One network of a sweep, as a line of {@code population.jsonl} has it.
 *
 * @param number rank in the population from 0; the line of the file, less one
 * @param label of its space, unique in the sweep
 * @param index in its space
 * @param seed of the run's weights, example order and augmentation
 */
public record SweepMember(
    int number,
    String label,
    long index,
    long seed,
    long params,
    long multiplyAdds,
    long activations) {

  /** A name that is a file name too: {@code er-000012}. */
  public String name() {
    return String.format(Locale.ROOT, "%s-%06d", label, index);
  }

  /** The seed of a run: its own stream of (sweep, label, index), whatever else is in the sweep. */
  static long runSeed(long sweepSeed, String label, long index) {
    long key = Integer.toUnsignedLong(Checksum.of(label));
    return new RandomStreams(sweepSeed).stream(Purpose.SWEEP_RUN, index, key).nextLong() >>> 1;
  }

  /**
   * The line of the file. It has what {@code sample} writes, and the run's seed in its
   * configuration.
   */
  static Map<String, Object> line(
      String label,
      long sweepSeed,
      SampledNetwork network,
      TensorShape input,
      int classes,
      OptionalLong duplicateOf) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("label", label);
    line.put("space", network.space());
    line.put("seed", network.seed());
    line.put("index", network.index());
    line.put("tries", network.tries());
    duplicateOf.ifPresent(first -> line.put("duplicateOf", first));
    line.put("input", List.of(input.channels(), input.height(), input.width()));
    line.put("classes", classes);
    line.put("params", network.complexity().params());
    line.put("multiplyAdds", network.complexity().multiplyAdds());
    line.put("activations", network.complexity().activations());
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("seed", runSeed(sweepSeed, label, network.index()));
    config.put("network", network.settings());
    line.put("config", config);
    return line;
  }

  static SweepMember of(int number, JsonNode line) {
    return new SweepMember(
        number,
        line.path("label").asString(),
        line.path("index").asLong(),
        line.path("config").path("seed").asLong(),
        line.path("params").asLong(),
        line.path("multiplyAdds").asLong(),
        line.path("activations").asLong());
  }
}
