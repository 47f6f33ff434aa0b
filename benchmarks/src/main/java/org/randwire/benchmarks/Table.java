// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.randwire.benchmarks.engine.Precision;

/** What was compared, as Markdown. */
record Table(
    Machine machine,
    List<Comparison> comparisons,
    List<Precision> precisions,
    int threads,
    int rounds) {

  private static final String NONE = "-";

  String markdown() {
    StringBuilder text = new StringBuilder();
    text.append("# Training steps, RandWire and its peers\n\n").append(machine).append("\n\n");
    text.append("Images per second: median of the rounds' medians (smallest..largest of ")
        .append(rounds)
        .append(" interleaved rounds). Peak: resident memory of the whole process, MB.\n\n");
    row(
        text,
        "network",
        "precision",
        "RandWire",
        "best peer",
        "which",
        "ratio",
        "ratio to peers' best precision",
        "peak RandWire",
        "peak of best peer");
    rule(text, 9);
    comparisons.forEach(c -> precisions.forEach(p -> speed(text, c, p)));
    if (threads > 1) {
      text.append("\n## Threads\n\n");
      row(text, "network", "precision", "RandWire, 1 thread", threads + " threads", "speed-up");
      rule(text, 5);
      comparisons.forEach(c -> precisions.forEach(p -> threads(text, c, p)));
    }
    text.append("\n## Loss after five steps, relative to RandWire in fp32\n\n");
    row(text, "network", "variant", "difference");
    rule(text, 3);
    comparisons.forEach(c -> losses(text, c));
    text.append("\n## Every variant of the peers, one run each before the rounds\n\n");
    row(text, "network", "variant", "images/s", "peak");
    rule(text, 4);
    comparisons.forEach(c -> variants(text, c));
    text.append("\nWiring: ");
    for (Comparison comparison : comparisons) {
      Network network = comparison.subject().network();
      if (!network.wiring().isEmpty()) {
        text.append(network).append(" ").append(network.wiring()).append("; ");
      }
    }
    text.append("the others are regular.\n\n");
    comparisons.stream()
        .flatMap(c -> c.measurements().stream())
        .map(Measurement::description)
        .distinct()
        .sorted()
        .forEach(description -> text.append("- ").append(description).append('\n'));
    return text.toString();
  }

  private void speed(StringBuilder text, Comparison comparison, Precision precision) {
    Variant ours = Variant.ours(precision, threads);
    Optional<Variant> peer = comparison.bestPeer(precision);
    Optional<Statistics> peerSpeed = peer.flatMap(comparison::imagesPerSecond);
    Optional<Statistics> bestPeerSpeed =
        precisions.stream()
            .flatMap(p -> comparison.bestPeer(p).stream())
            .flatMap(v -> comparison.imagesPerSecond(v).stream())
            .max(Comparator.comparingDouble(Statistics::median));
    Optional<Statistics> ourSpeed = comparison.imagesPerSecond(ours);
    row(
        text,
        comparison.subject().toString(),
        precision.name().toLowerCase(Locale.ROOT),
        range(ourSpeed),
        range(peerSpeed),
        peer.map(Variant::toString).orElse(NONE),
        ratio(ourSpeed, peerSpeed),
        ratio(ourSpeed, bestPeerSpeed),
        megabytes(comparison.peakBytes(ours)),
        megabytes(peer.flatMap(comparison::peakBytes)));
  }

  private void threads(StringBuilder text, Comparison comparison, Precision precision) {
    Optional<Statistics> one = comparison.imagesPerSecond(Variant.ours(precision, 1));
    Optional<Statistics> all = comparison.imagesPerSecond(Variant.ours(precision, threads));
    row(
        text,
        comparison.subject().toString(),
        precision.name().toLowerCase(Locale.ROOT),
        range(one),
        range(all),
        ratio(all, one));
  }

  private static void losses(StringBuilder text, Comparison comparison) {
    comparison
        .lossDifferences()
        .forEach(
            (variant, difference) ->
                row(
                    text,
                    comparison.subject().toString(),
                    variant.toString(),
                    String.format(Locale.ROOT, "%.1e", difference)));
    if (!comparison.agrees()) {
      row(text, comparison.subject().toString(), "**the losses do not agree**", NONE);
    }
  }

  private static void variants(StringBuilder text, Comparison comparison) {
    comparison.measurements().stream()
        .takeWhile(m -> m.variant().isPeer())
        .forEach(
            m ->
                row(
                    text,
                    comparison.subject().toString(),
                    m.variant().toString(),
                    number(m.imagesPerSecond()),
                    megabytes(Optional.of((double) m.peakBytes()))));
  }

  private static void row(StringBuilder text, String... cells) {
    text.append("| ").append(String.join(" | ", cells)).append(" |\n");
  }

  private static void rule(StringBuilder text, int columns) {
    text.append("|").append(" --- |".repeat(columns)).append('\n');
  }

  private static String range(Optional<Statistics> speed) {
    return speed
        .map(s -> number(s.median()) + " (" + number(s.min()) + ".." + number(s.max()) + ")")
        .orElse(NONE);
  }

  private static String ratio(Optional<Statistics> of, Optional<Statistics> to) {
    return of.isPresent() && to.isPresent()
        ? String.format(Locale.ROOT, "%.2f", of.get().median() / to.get().median())
        : NONE;
  }

  private static String megabytes(Optional<Double> bytes) {
    return bytes.map(b -> String.format(Locale.ROOT, "%.0f", b / 1e6)).orElse(NONE);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, value < 100 ? "%.1f" : "%.0f", value);
  }
}
