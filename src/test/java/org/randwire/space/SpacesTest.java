// SPDX-License-Identifier: Apache-2.0
package org.randwire.space;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;
import org.randwire.tensor.TensorShape;

class SpacesTest {

  static Stream<String> names() {
    return Spaces.names().stream();
  }

  private static DesignSpace space(String name) {
    return Spaces.find(name).orElseThrow();
  }

  /** The design spaces paper's Table 2. */
  @ParameterizedTest
  @CsvSource({
    "vanilla, 1259712",
    "resnet, 1259712",
    "resnext-a, 11390625",
    "resnext-b, 52734375",
    "randwire, 435000"
  })
  void sizeIsExact(String name, BigInteger size) {
    assertEquals(size, space(name).size());
  }

  /** Its Table 3, in full: what the formula behind the printed billions gives for one cell. */
  @ParameterizedTest
  @CsvSource({
    "nasnet, 71465842174521600",
    "amoeba, 556627761561600",
    "pnas, 556627761561600",
    "enas, 5062500000000",
    "darts, 241591910400"
  })
  void cellsAreThoseOfTheTable(String name, BigInteger cells) {
    CellSpace space = (CellSpace) space(name);
    assertEquals(cells, space.cells());
    assertEquals(cells.pow(2).multiply(BigInteger.valueOf(15)), space.size());
  }

  /** Of Radosavovic et al. 2020, two digits. */
  @ParameterizedTest
  @CsvSource({"anynet-a, 1.8e18", "anynet-b, 6.8e16", "anynet-c, 3.2e14", "regnet, 3.0e8"})
  void sizesOfTheLaterSpacesAreNearThePapers(String name, double size) {
    assertEquals(size, space(name).size().doubleValue(), 0.05 * size, name);
  }

  @Test
  void valueSetsOfResNeXtArePowersOfTwo() {
    Map<String, List<?>> sets = new HashMap<>();
    space("resnext-b").parameters().forEach(p -> sets.put(p.name(), p.values()));
    assertEquals(List.of(1, 2, 4, 8, 16), sets.get("depth2"));
    assertEquals(List.of(64, 128, 256, 512, 1024), sets.get("width1"));
    assertEquals(List.of(1, 2, 4), sets.get("ratio3"));
    assertEquals(List.of(1, 2, 4, 8, 16), sets.get("groups1"));
  }

  /** Every value of every parameter comes as often as the others, within five deviations. */
  @ParameterizedTest
  @MethodSource("names")
  void everyValueIsEquallyLikely(String name) {
    DesignSpace space = space(name);
    int draws = 4000;
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < draws; i++) {
      Choice choice =
          Choice.draw(space.parameters(), new RandomStreams(2).stream(Purpose.DESIGN_SPACE, i, 0));
      choice.values().forEach((key, value) -> counts.merge(key + "=" + value, 1, Integer::sum));
    }
    for (Parameter parameter : space.parameters()) {
      double p = 1.0 / parameter.values().size();
      for (Object value : parameter.values()) {
        int count = counts.getOrDefault(parameter.name() + "=" + value, 0);
        double allowed = 5 * Math.sqrt(draws * p * (1 - p)) + 3;
        assertEquals(draws * p, count, allowed, name + " " + parameter.name() + "=" + value);
      }
    }
  }

  /** The seed is the index. */
  @ParameterizedTest
  @MethodSource("names")
  void everyDrawnNetworkCanBeBuilt(String name) {
    Sampler sampler =
        new Sampler(space(name), 77, TensorShape.example(3, 32, 32), 10, Constraint.NONE, 1000);
    for (int index = 0; index < 50; index++) {
      SampledNetwork network = sampler.draw(index);
      assertTrue(network.complexity().params() > 0, name + " " + index);
      assertEquals(Complexity.of(network.spec().build()), network.complexity(), name + " " + index);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"16, 256, 5 | [16, 32, 64, 128, 256]", "1, 4, 3    | [1, 2, 4]", "7, 7, 1    | [7]"})
  void logarithmicSetsAreThePapers(String range, String values) {
    int[] r = Stream.of(range.split(",")).mapToInt(x -> Integer.parseInt(x.strip())).toArray();
    assertEquals(values, ValueSets.logarithmic(r[0], r[1], r[2]).toString());
  }

  @ParameterizedTest
  @CsvSource({"1, 24, 9", "16, 8, 3", "0, 8, 3", "1, 8, 1", "1, 8, 0"})
  void impossibleLogarithmicSetsAreRefused(int from, int to, int count) {
    assertThrows(IllegalArgumentException.class, () -> ValueSets.logarithmic(from, to, count));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ws(4, 0.75) | ws(4, 0.75)",
        "er(0.2) | er(0.2)",
        "ba(5) | ba(5)",
        "WS( 4 , 1 ) | ws(4, 1.0)",
        "er(.5) | er(0.5)"
      })
  void generatorsAreReadAsInThePaper(String text, String normal) {
    assertEquals(normal, Wiring.of(text).toString());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"ws(4)", "er(2, 1)", "ba(x)", "er(-0.1)", "ws 4, 0.75", "''"})
  void otherGeneratorsAreRefused(String text) {
    assertThrows(IllegalArgumentException.class, () -> Wiring.of(text));
  }
}
