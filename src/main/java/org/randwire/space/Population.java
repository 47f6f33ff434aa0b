// SPDX-License-Identifier: Apache-2.0
package org.randwire.space;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * The networks at the first indices of a {@link Sampler}, in order, with duplicates marked: a pure
 * function of the sampler and the number of networks, whatever the number of threads.
 *
 * @param count how many, at least 0
 * @param distinct whether duplicates are passed over, so that {@code count} different networks come
 * @param threads that draw, at least 1
 */
public record Population(Sampler sampler, long count, boolean distinct, int threads) {

  /** Indices that one task draws. */
  private static final int CHUNK = 32;

  public Population {
    if (count < 0 || threads < 1) {
      throw new IllegalArgumentException(
          "count must not be negative and threads be at least 1, got " + count + ", " + threads);
    }
    BigInteger size = sampler.space().size();
    if (distinct && size.compareTo(BigInteger.valueOf(count)) < 0) {
      throw new NothingFoundException(
          sampler.space().name() + " has " + size + " networks, not " + count + " different ones");
    }
  }

  /**
   * One network of the population.
   *
   * @param duplicateOf the smallest index that gave the same network before, if any
   */
  public record Member(SampledNetwork network, OptionalLong duplicateOf) {}

  /**
   * Draws them all.
   *
   * @param each takes the members in order, on the calling thread
   * @throws NothingFoundException if an index has no network that meets the constraint, or if the
   *     sampler's tries in a row give no new one
   * @throws InterruptedException if the thread was interrupted; nothing more is drawn
   */
  public void forEach(Consumer<Member> each) throws InterruptedException {
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      draw(pool, each);
    } finally {
      pool.shutdownNow();
    }
  }

  private void draw(ExecutorService pool, Consumer<Member> each) throws InterruptedException {
    Deque<Future<List<SampledNetwork>>> pending = new ArrayDeque<>();
    Map<Identity, Long> first = new HashMap<>();
    long asked = 0;
    long given = 0;
    int repeated = 0;
    while (given < count) {
      while (pending.size() < 2 * threads + 1 && (distinct || asked < count)) {
        long from = asked;
        long to = distinct ? from + CHUNK : Math.min(count, from + CHUNK);
        pending.add(pool.submit(() -> chunk(from, to)));
        asked = to;
      }
      for (SampledNetwork network : result(pending.remove())) {
        Long before = first.putIfAbsent(Identity.of(network.settings()), network.index());
        if (before != null && distinct) {
          repeated++;
          requireProgress(repeated, given);
        } else if (given < count) {
          repeated = 0;
          given++;
          each.accept(
              new Member(network, before == null ? OptionalLong.empty() : OptionalLong.of(before)));
        }
      }
    }
  }

  private void requireProgress(int repeated, long given) {
    if (repeated >= sampler.tries()) {
      throw new NothingFoundException(
          "after "
              + given
              + " different networks of "
              + sampler.space().name()
              + " the next "
              + repeated
              + " were among them");
    }
  }

  private List<SampledNetwork> chunk(long from, long to) {
    List<SampledNetwork> networks = new ArrayList<>();
    for (long index = from; index < to; index++) {
      networks.add(sampler.draw(index));
    }
    return networks;
  }

  private static List<SampledNetwork> result(Future<List<SampledNetwork>> future)
      throws InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException refusal) {
        throw refusal;
      }
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw new IllegalStateException(e);
    }
  }

  /** 128 bits of a digest of settings: small enough to keep one for each network. */
  private record Identity(long high, long low) {
    static Identity of(Map<String, Object> settings) {
      try {
        byte[] digest =
            MessageDigest.getInstance("SHA-256")
                .digest(settings.toString().getBytes(StandardCharsets.UTF_8));
        var bytes = java.nio.ByteBuffer.wrap(digest);
        return new Identity(bytes.getLong(), bytes.getLong());
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java platform has SHA-256", e);
      }
    }
  }
}
