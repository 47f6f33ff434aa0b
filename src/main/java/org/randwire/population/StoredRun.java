// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The record of a run that has ended, as a line of a journal has it.
 *
 * @param member number of the network in the population
 * @param cause in words, for a state other than DONE; what {@code causeKind} says in a word
 * @param epochs those that ended
 * @param minError least test error over epochs; NaN if there is none
 * @param lastError test error of the last evaluation; NaN if there is none
 * @param weightsHash SHA-256 of all parameters; empty unless DONE
 * @param seconds of training and evaluation
 * @param joules of the machine while the run had it alone; null where no counter was read
 * @param attempts processes that died over it or were taken away, besides the last
 * @param marks what makes its error another one than that of the plain recipe
 * @param provenance device, precision, threads, data and code it was made with
 */
public record StoredRun(
    int member,
    String name,
    String label,
    long index,
    long seed,
    RunState state,
    @Nullable String causeKind,
    @Nullable String cause,
    long params,
    long multiplyAdds,
    long activations,
    List<EpochRecord> epochs,
    long steps,
    double minError,
    double lastError,
    String weightsHash,
    double seconds,
    @Nullable Double joules,
    int attempts,
    List<String> marks,
    Map<String, String> provenance) {

  static final String KIND = "run";

  public StoredRun {
    epochs = List.copyOf(epochs);
    marks = List.copyOf(marks);
    provenance = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(provenance));
  }

  static StoredRun of(
      SweepMember member, MemberTraining.Result result, int attempts, List<String> marks) {
    List<String> all = new ArrayList<>(marks);
    all.addAll(result.marks());
    return new StoredRun(
        member.number(),
        member.name(),
        member.label(),
        member.index(),
        member.seed(),
        result.state(),
        result.causeKind(),
        result.cause(),
        member.params(),
        member.multiplyAdds(),
        member.activations(),
        result.epochs(),
        result.steps(),
        result.minError(),
        result.lastError(),
        result.weightsHash(),
        result.seconds(),
        result.joules(),
        attempts,
        all,
        result.provenance());
  }

  /** Test error after an epoch; NaN if it was not reached or not evaluated. */
  double testErrorAfter(int epoch) {
    for (EpochRecord record : epochs) {
      if (record.epoch() == epoch) {
        return record.testError();
      }
    }
    return Double.NaN;
  }

  Map<String, Object> toJson() {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("member", member);
    line.put("name", name);
    line.put("label", label);
    line.put("index", index);
    line.put("seed", seed);
    line.put("state", state.name());
    line.put("causeKind", causeKind);
    line.put("cause", cause);
    line.put("params", params);
    line.put("multiplyAdds", multiplyAdds);
    line.put("activations", activations);
    line.put("epochs", epochs.size());
    line.put("steps", steps);
    line.put("minError", JournalLine.finite(minError));
    line.put("lastError", JournalLine.finite(lastError));
    line.put("trainLoss", epochs.stream().map(e -> JournalLine.finite(e.trainLoss())).toList());
    line.put("trainError", epochs.stream().map(e -> JournalLine.finite(e.trainError())).toList());
    line.put("testLoss", epochs.stream().map(e -> JournalLine.finite(e.testLoss())).toList());
    line.put("testError", epochs.stream().map(e -> JournalLine.finite(e.testError())).toList());
    line.put("weightsHash", weightsHash);
    line.put("seconds", seconds);
    line.put("joules", joules);
    line.put("attempts", attempts);
    line.put("marks", marks);
    line.put("provenance", provenance);
    return line;
  }

  static StoredRun of(JsonNode line) {
    List<EpochRecord> epochs = new ArrayList<>();
    for (int i = 0; i < line.path("epochs").asInt(); i++) {
      epochs.add(
          new EpochRecord(
              i + 1,
              number(line.path("trainLoss").path(i)),
              number(line.path("trainError").path(i)),
              number(line.path("testLoss").path(i)),
              number(line.path("testError").path(i))));
    }
    List<String> marks = new ArrayList<>();
    line.path("marks").forEach(mark -> marks.add(mark.asString()));
    Map<String, String> provenance = new LinkedHashMap<>();
    line.path("provenance")
        .properties()
        .forEach(e -> provenance.put(e.getKey(), e.getValue().asString()));
    return new StoredRun(
        line.path("member").asInt(),
        line.path("name").asString(),
        line.path("label").asString(),
        line.path("index").asLong(),
        line.path("seed").asLong(),
        RunState.valueOf(line.path("state").asString()),
        text(line.path("causeKind")),
        text(line.path("cause")),
        line.path("params").asLong(),
        line.path("multiplyAdds").asLong(),
        line.path("activations").asLong(),
        epochs,
        line.path("steps").asLong(),
        number(line.path("minError")),
        number(line.path("lastError")),
        line.path("weightsHash").asString(""),
        line.path("seconds").asDouble(0),
        line.path("joules").isNumber() ? line.path("joules").asDouble() : null,
        line.path("attempts").asInt(0),
        marks,
        provenance);
  }

  private static double number(JsonNode node) {
    return node.isNumber() ? node.asDouble() : Double.NaN;
  }

  private static @Nullable String text(JsonNode node) {
    return node.isString() ? node.asString() : null;
  }
}
