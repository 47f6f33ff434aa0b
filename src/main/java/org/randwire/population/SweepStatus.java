// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Where a sweep stands.
 *
 * @param runs members that are to be trained: the population, or what the budget pays for
 * @param states of the finished runs
 * @param causes how many of them failed of which cause
 * @param attempts that failed, of whatever member
 * @param running members that a process has, in order
 * @param secondsLeft estimate for all runs, from the speed of the finished ones; NaN if there is
 *     none or nobody works
 */
public record SweepStatus(
    int runs,
    Map<RunState, Integer> states,
    Map<String, Integer> causes,
    int attempts,
    List<Running> running,
    double runSeconds,
    double secondsLeft,
    Set<RunStore.Damage> damages) {

  /**
   * A member being trained.
   *
   * @param error of its newest evaluation; NaN before the first
   */
  public record Running(
      int member, String host, long pid, long step, int epoch, int epochs, double error) {}

  public SweepStatus {
    states = Map.copyOf(states);
    causes = Map.copyOf(causes);
    running = List.copyOf(running);
    damages = Set.copyOf(damages);
  }

  public int finished() {
    return states.values().stream().mapToInt(Integer::intValue).sum();
  }

  public int failed() {
    return finished() - states.getOrDefault(RunState.DONE, 0);
  }

  /**
   * What store and claims say.
   *
   * @param runs members to be trained
   * @param work multiply-adds of the members before each one, and of all
   */
  static SweepStatus of(int runs, long[] work, RunStore store, Claims claims) throws IOException {
    List<Running> running = new ArrayList<>();
    double under = 0;
    for (Claims.Lease lease : claims.current().values()) {
      if (!lease.isFree() && !store.isFinished(lease.member()) && !claims.isDead(lease)) {
        running.add(
            new Running(
                lease.member(),
                lease.owner().host().split(" ", 2)[0],
                lease.owner().pid(),
                lease.step(),
                lease.epoch(),
                lease.epochs(),
                lease.error()));
        under +=
            lease.epochs() == 0
                ? 0
                : (double) of(work, lease.member()) * lease.epoch() / lease.epochs();
      }
    }
    running.sort(Comparator.comparingInt(Running::member));
    double done = 0;
    for (int i = 0; i < runs; i++) {
      done += store.isFinished(i) ? of(work, i) : 0;
    }
    double left = Math.max(0, work[runs] - done - under);
    double seconds = store.runSeconds() / done * left / running.size();
    return new SweepStatus(
        runs,
        store.states(),
        store.causes(),
        store.attemptCount(),
        running,
        store.runSeconds(),
        done > 0 && !running.isEmpty() && store.runSeconds() > 0 ? seconds : Double.NaN,
        store.damages());
  }

  /**
   * Where the sweep in a folder stands, from outside.
   *
   * @param budget of the sweep
   */
  public static SweepStatus read(SweepFolder folder, SweepSettings.Budget budget)
      throws IOException {
    RunStore store = new RunStore(folder.store(), 0);
    Claims claims = new Claims(folder.claims(), Double.MAX_VALUE / 1e12);
    long[] multiplyAdds = StoreIndex.fill(folder, store);
    if (multiplyAdds == null) {
      multiplyAdds = folder.members().stream().mapToLong(SweepMember::multiplyAdds).toArray();
    }
    store.refresh();
    return of(budget.members(multiplyAdds.length), work(multiplyAdds), store, claims);
  }

  private static long of(long[] work, int member) {
    return member + 1 < work.length ? work[member + 1] - work[member] : 0;
  }

  /** Sums of multiply-adds: of the members before each one, and of all. */
  static long[] work(long[] multiplyAdds) {
    long[] work = new long[multiplyAdds.length + 1];
    for (int i = 0; i < multiplyAdds.length; i++) {
      work[i + 1] = work[i] + Math.max(1, multiplyAdds[i]);
    }
    return work;
  }
}
