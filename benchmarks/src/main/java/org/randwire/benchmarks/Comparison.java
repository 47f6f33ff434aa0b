// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.randwire.benchmarks.engine.LibtorchEngine.Layout;
import org.randwire.benchmarks.engine.Precision;

/**
 * One network in all engines. First every variant of the peers runs once, then the best of each
 * precision takes turns with ours, every other round in the opposite order.
 */
final class Comparison {

  /** Largest relative difference of the losses after five steps from ours in fp32. */
  private static final Map<Precision, Double> TOLERANCE =
      Map.of(Precision.FP32, 1e-3, Precision.BF16, 0.05);

  private final Subject subject;
  private final Measuring measuring;
  private final int threads;

  /** Everything measured, in the order of measuring. */
  private final List<Measurement> measurements = new ArrayList<>();

  /** Those of the rounds alone, by variant. */
  private final Map<Variant, List<Measurement>> rounds = new LinkedHashMap<>();

  private final Map<Precision, Variant> bestPeers = new LinkedHashMap<>();

  Comparison(Subject subject, Measuring measuring, int threads) {
    this.subject = subject;
    this.measuring = measuring;
    this.threads = threads;
  }

  Subject subject() {
    return subject;
  }

  List<Measurement> measurements() {
    return measurements;
  }

  /** Runs every variant of the peers once and keeps the fastest of each precision. */
  void screen(List<Precision> precisions, boolean djl) {
    for (Precision precision : precisions) {
      List<Measurement> tried = new ArrayList<>();
      for (Layout layout : Layout.values()) {
        measure(Variant.libtorch(precision, threads, layout)).ifPresent(tried::add);
      }
      if (threads > 1) {
        fastest(tried)
            .map(best -> Variant.libtorch(precision, 1, best.variant().layout()))
            .flatMap(this::measure)
            .ifPresent(tried::add);
      }
      if (djl && precision == Precision.FP32) {
        measure(Variant.djl(threads)).ifPresent(tried::add);
      }
      fastest(tried).ifPresent(best -> bestPeers.put(precision, best.variant()));
    }
  }

  private static Optional<Measurement> fastest(List<Measurement> measured) {
    return measured.stream().max(Comparator.comparingDouble(Measurement::imagesPerSecond));
  }

  /** Ours, with all threads and with one, and the best peers, in turn. */
  void rounds(List<Precision> precisions, int count) {
    List<Variant> order = new ArrayList<>();
    for (Precision precision : precisions) {
      order.add(Variant.ours(precision, threads));
      Optional.ofNullable(bestPeers.get(precision)).ifPresent(order::add);
      if (threads > 1) {
        order.add(Variant.ours(precision, 1));
      }
    }
    for (int round = 0; round < count; round++) {
      List<Variant> now = new ArrayList<>(order);
      if (round % 2 == 1) {
        Collections.reverse(now);
      }
      for (Variant variant : now) {
        measure(variant)
            .ifPresent(m -> rounds.computeIfAbsent(variant, v -> new ArrayList<>()).add(m));
      }
    }
  }

  private Optional<Measurement> measure(Variant variant) {
    Optional<Measurement> measurement = measuring.measure(subject, variant);
    measurement.ifPresent(measurements::add);
    return measurement;
  }

  /** The fastest of the peers' variants at a precision. */
  Optional<Variant> bestPeer(Precision precision) {
    return Optional.ofNullable(bestPeers.get(precision));
  }

  /** Images per second of the rounds; empty if the variant never ended well. */
  Optional<Statistics> imagesPerSecond(Variant variant) {
    return Optional.ofNullable(rounds.get(variant))
        .map(of -> Statistics.of(of.stream().map(Measurement::imagesPerSecond).toList()));
  }

  /** Median of the peaks of resident memory in the rounds, in bytes. */
  Optional<Double> peakBytes(Variant variant) {
    return Optional.ofNullable(rounds.get(variant))
        .map(of -> Statistics.of(of.stream().map(m -> (double) m.peakBytes()).toList()).median());
  }

  /**
   * How far the loss after five steps is from ours in fp32, relative; the largest of a variant's
   * runs. Empty if ours in fp32 never ended well.
   */
  Map<Variant, Double> lossDifferences() {
    Optional<Measurement> ours =
        measurements.stream()
            .filter(m -> m.variant().equals(Variant.ours(Precision.FP32, threads)))
            .findFirst();
    Map<Variant, Double> differences = new LinkedHashMap<>();
    ours.ifPresent(
        reference ->
            measurements.forEach(
                m ->
                    differences.merge(
                        m.variant(),
                        Math.abs(m.lastLoss() / reference.lastLoss() - 1),
                        Math::max)));
    return differences;
  }

  /** Whether every variant trained the same network: the losses agree within the tolerances. */
  boolean agrees() {
    Map<Variant, Double> differences = lossDifferences();
    return !differences.isEmpty()
        && differences.entrySet().stream()
            .allMatch(d -> d.getValue() <= TOLERANCE.get(d.getKey().precision()));
  }
}
