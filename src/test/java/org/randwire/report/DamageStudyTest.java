// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.randwire.report.Chart.Series;
import org.randwire.report.DamageStudy.Loss;
import org.randwire.report.DamageStudy.Network;

/** Losses by degree and what is said of them. */
class DamageStudyTest {

  /** Losses that grow by {@code slope} with the degree, a little noise between. */
  private static List<Loss> losses(double base, double slope, int network) {
    List<Loss> losses = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      int degree = i % 4;
      losses.add(
          new Loss(1 + i % 3, degree, base + slope * degree + 1e-4 * ((i * 7 + network) % 5)));
    }
    return losses;
  }

  private static List<Network> family(
      String name, int count, double base, double node, double edge) {
    List<Network> networks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      networks.add(
          new Network(
              name + i,
              name,
              100,
              0.2,
              losses(base + 1e-3 * i, node, i),
              losses(base + 1e-3 * i, edge, i)));
    }
    return networks;
  }

  private static Study study(double node, double edge, int count) {
    List<Network> networks = family("ER(0.2)", count, 0.010, node, edge);
    networks.addAll(family("BA(5)", count, 0.030, node, edge));
    networks.addAll(family("WS(4, 0.75)", count, 0.050, node, edge));
    return DamageStudy.of(networks);
  }

  /** Verdicts of the rows that make a claim. */
  private static List<String> verdicts(Study study) {
    return study.tables().get(0).rows().stream()
        .map(row -> row.get(4))
        .filter(verdict -> !verdict.equals("-"))
        .toList();
  }

  @Test
  void theCurveIsTheMeanOfTheNetworksMeans() {
    List<Network> two =
        List.of(
            new Network(
                "a",
                "WS(4, 0.75)",
                100,
                0.3,
                List.of(new Loss(1, 1, 0.02), new Loss(1, 1, 0.04), new Loss(2, 3, 0.09)),
                List.of(new Loss(1, 1, 0.01))),
            new Network(
                "b",
                "WS(4, 0.75)",
                100,
                0.1,
                List.of(new Loss(1, 1, 0.05), new Loss(2, 2, 0.00)),
                List.of(new Loss(2, 1, 0.03))));
    Study study = DamageStudy.of(two);
    Series curve = study.charts().get(0).series().get(0);
    assertArrayEquals(new double[] {1, 2, 3}, curve.x());
    assertArrayEquals(new double[] {4, 0, 9}, curve.y(), 1e-9);
    double deviation = Math.sqrt(2); // of 3 and 5
    assertEquals(4 - deviation, curve.low()[0], 1e-9);
    assertEquals(4 + deviation, curve.high()[0], 1e-9);
    assertEquals(9, curve.high()[2], 1e-9, "one network has no spread");
    assertEquals(
        List.of("1", "4.00 ± 1.41", "3"),
        study.tables().get(1).rows().get(0),
        "degree, loss, count");
    assertEquals(List.of("node, stage 2", "4.50 ± 6.36"), study.tables().get(3).rows().get(1));
    Map<?, ?> ws = (Map<?, ?>) study.numbers().get("WS(4, 0.75)");
    assertEquals(0.8, (double) ws.get("accuracy"), 1e-9);
    assertEquals(5, ws.get("nodeRemovals"));
    assertEquals((0.05 + 0.025) / 2, (double) ws.get("nodeLoss"), 1e-9);
  }

  @Test
  void trendsAsInThePaperAreConfirmed() {
    Study study = study(0.01, -0.002, 5);
    assertEquals(
        List.of("confirmed", "confirmed", "confirmed", "confirmed", "confirmed", "confirmed"),
        verdicts(study));
    assertEquals(8, study.tables().get(0).rows().size(), "two of node loss claim nothing");
  }

  @Test
  void trendsTheOtherWayAreContradicted() {
    List<Network> networks = family("WS(4, 0.75)", 5, 0.010, -0.002, 0.01);
    networks.addAll(family("ER(0.2)", 5, 0.050, -0.002, 0.01));
    assertEquals(
        List.of("contradicted", "contradicted", "contradicted", "contradicted", "contradicted"),
        verdicts(DamageStudy.of(networks)));
  }

  @Test
  void ofOneNetworkNothingCanBeTold() {
    List<String> verdicts = verdicts(study(0.01, -0.002, 1));
    assertEquals(6, verdicts.size());
    assertTrue(verdicts.stream().allMatch("cannot be told"::equals), verdicts::toString);
  }

  @Test
  void constantLossesHaveNoCorrelation() {
    List<Loss> flat = List.of(new Loss(1, 1, 0.1), new Loss(1, 2, 0.1), new Loss(1, 3, 0.1));
    Study study = DamageStudy.of(List.of(new Network("a", "WS(4, 0.75)", 100, 0.3, flat, flat)));
    assertEquals("degree or loss is constant", study.tables().get(0).rows().get(0).get(3));
    assertFalse(study.numbers().containsKey("WS(4, 0.75) node loss by degree"));
  }
}
