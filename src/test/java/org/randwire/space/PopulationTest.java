// SPDX-License-Identifier: Apache-2.0
package org.randwire.space;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.randwire.network.resnet.ResNetSpec;
import org.randwire.space.Complexity.Measure;
import org.randwire.space.Constraint.Range;
import org.randwire.tensor.TensorShape;

class PopulationTest {

  private static final TensorShape IMAGE = TensorShape.example(3, 32, 32);

  private static final Complexity RESNET_56 =
      Complexity.of(
          ResNetSpec.resnet("resnet-56", IMAGE, 10, List.of(9, 9, 9), List.of(16, 32, 64)).build());

  private static Sampler sampler(DesignSpace space, long seed, Constraint constraint, int tries) {
    return new Sampler(space, seed, IMAGE, 10, constraint, tries);
  }

  private static DesignSpace space(String name) {
    return Spaces.find(name).orElseThrow();
  }

  private static List<Population.Member> members(
      Sampler sampler, long count, boolean distinct, int threads) throws InterruptedException {
    List<Population.Member> members = new ArrayList<>();
    new Population(sampler, count, distinct, threads).forEach(members::add);
    return members;
  }

  /** Four networks in all: with so few, duplicates are certain. */
  private static DesignSpace tiny() {
    return new StagedSpace(
        "tiny",
        "",
        StagedSpace.Family.VANILLA,
        1,
        List.of(1, 2),
        List.of(4, 8),
        List.of(),
        List.of());
  }

  @ParameterizedTest
  @ValueSource(strings = {"resnext-b", "darts", "randwire", "regnet"})
  void anyNumberOfThreadsDrawsTheSameNetworks(String name) throws InterruptedException {
    Sampler sampler = sampler(space(name), 3, Constraint.within(RESNET_56), 10_000);
    List<Population.Member> expected = members(sampler, 100, false, 1);
    for (int threads : new int[] {2, 5}) {
      assertEquals(expected, members(sampler, 100, false, threads), threads + " threads");
    }
    assertEquals(expected.get(71).network(), sampler.draw(71));
  }

  @Test
  void spaceSeedAndIndexAllMatter() {
    Sampler sampler = sampler(space("resnext-a"), 1, Constraint.NONE, 1);
    assertNotEquals(sampler.draw(0).settings(), sampler.draw(1).settings());
    assertNotEquals(
        sampler.draw(0).settings(),
        sampler(space("resnext-a"), 2, Constraint.NONE, 1).draw(0).settings());
    List<Object> vanilla = new ArrayList<>();
    List<Object> resnet = new ArrayList<>();
    for (int index = 0; index < 20; index++) {
      vanilla.add(sampler(space("vanilla"), 1, Constraint.NONE, 1).draw(index).settings());
      resnet.add(sampler(space("resnet"), 1, Constraint.NONE, 1).draw(index).settings());
    }
    assertNotEquals(
        vanilla.toString(), resnet.toString().replace("resnet", "vanilla"), "their own streams");
  }

  /** The share of networks within ResNet-56 that the paper's Figure 5 implies. */
  @ParameterizedTest
  @CsvSource({"resnext-a, 0.686", "resnext-b, 0.152"})
  void theUnionRuleAcceptsAsManyAsInThePaper(String name, double expected)
      throws InterruptedException {
    Constraint union = Constraint.within(RESNET_56);
    int[] accepted = {0};
    int drawn = 25_000;
    new Population(sampler(space(name), 1, Constraint.NONE, 1), drawn, false, 2)
        .forEach(m -> accepted[0] += union.accepts(m.network().complexity()) ? 1 : 0);
    assertEquals(expected, accepted[0] / (double) drawn, 0.02);
  }

  @Test
  void duplicatesNameTheFirstOfTheirKind() throws InterruptedException {
    Map<Object, Long> first = new HashMap<>();
    int duplicates = 0;
    for (Population.Member member :
        members(sampler(tiny(), 9, Constraint.NONE, 1), 200, false, 3)) {
      Long before = first.putIfAbsent(member.network().settings(), member.network().index());
      assertEquals(
          before == null ? OptionalLong.empty() : OptionalLong.of(before), member.duplicateOf());
      duplicates += before == null ? 0 : 1;
    }
    assertEquals(196, duplicates, "four networks are different");
  }

  @Test
  void distinctNetworksAreAllOfATinySpaceAndThenNoMore() throws InterruptedException {
    Sampler sampler = sampler(tiny(), 9, Constraint.NONE, 1000);
    List<Population.Member> members = members(sampler, 4, true, 2);
    assertEquals(
        4, new HashSet<>(members.stream().map(m -> m.network().settings()).toList()).size());
    assertTrue(members.stream().allMatch(m -> m.duplicateOf().isEmpty()));
    var tooMany =
        assertThrows(NothingFoundException.class, () -> new Population(sampler, 5, true, 2));
    assertEquals("tiny has 4 networks, not 5 different ones", tooMany.getMessage());
    Constraint half = new Constraint(List.of(new Range(Measure.PARAMS, 0, 2500)), false);
    long within = members.stream().filter(m -> half.accepts(m.network().complexity())).count();
    assertTrue(within > 0 && within < 4, within + " of the four are small");
    var noMore =
        assertThrows(
            NothingFoundException.class, () -> members(sampler(tiny(), 9, half, 500), 4, true, 2));
    assertEquals(
        "after " + within + " different networks of tiny the next 500 were among them",
        noMore.getMessage());
  }

  @Test
  void rangesMustAllHoldOrAnyOfThem() {
    Complexity complexity = new Complexity(10, 200, 30);
    Range inside = new Range(Measure.PARAMS, 10, 10);
    Range outside = new Range(Measure.MULTIPLY_ADDS, 0, 199);
    assertTrue(new Constraint(List.of(inside, outside), true).accepts(complexity));
    assertEquals(false, new Constraint(List.of(inside, outside), false).accepts(complexity));
    assertEquals(
        false,
        new Constraint(List.of(new Range(Measure.ACTIVATIONS, 31, Long.MAX_VALUE)), true)
            .accepts(complexity));
    assertTrue(Constraint.NONE.accepts(complexity));
    assertThrows(IllegalArgumentException.class, () -> new Range(Measure.PARAMS, 2, 1));
  }

  @Test
  void everyNetworkMeetsItsConstraint() throws InterruptedException {
    Constraint constraint =
        new Constraint(
            List.of(
                new Range(Measure.PARAMS, 100_000, 300_000),
                new Range(Measure.ACTIVATIONS, 0, 1_000_000)),
            false);
    for (Population.Member member :
        members(sampler(space("resnet"), 4, constraint, 1000), 100, false, 2)) {
      assertTrue(constraint.accepts(member.network().complexity()), member + "");
    }
  }

  @Test
  void nothingInsideEndsAfterTheTriesWithTheRateAndWhatWasMet() {
    Constraint constraint = new Constraint(List.of(new Range(Measure.PARAMS, 0, 1)), false);
    Sampler sampler = sampler(tiny(), 1, constraint, 300);
    var e = assertThrows(NothingFoundException.class, () -> members(sampler, 5, false, 2));
    assertTrue(
        e.getMessage()
            .startsWith(
                "none of 300 networks of tiny has params of at most 1: the acceptance rate is 0,"
                    + " below 0.010 with 95 % confidence; those drawn have params "),
        e.getMessage());
  }
}
