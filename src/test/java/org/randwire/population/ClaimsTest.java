// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClaimsTest {

  private static final double NEVER = 1e6;

  @TempDir Path folder;

  @Test
  void ofManyThreadsOneGetsAMember() throws Exception {
    int threads = 16;
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    CyclicBarrier start = new CyclicBarrier(threads);
    try {
      for (int member = 0; member < 100; member++) {
        int number = member;
        List<Callable<Boolean>> racers = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
          racers.add(
              () -> {
                Claims claims = new Claims(folder, NEVER);
                start.await();
                return claims.take(number, null, true, null).isPresent();
              });
        }
        long winners = 0;
        for (Future<Boolean> racer : pool.invokeAll(racers)) {
          winners += racer.get() ? 1 : 0;
        }
        assertEquals(1, winners, "member " + member);
      }
    } finally {
      pool.shutdownNow();
    }
  }

  /** Claims, counts and frees members until it has had so many: FOLDER MEMBERS TIMES. */
  static final class Racer {
    public static void main(String[] arguments) throws Exception {
      Path folder = Path.of(arguments[0]);
      int members = Integer.parseInt(arguments[1]);
      Claims claims = new Claims(folder.resolve("claims"), NEVER);
      int times = Integer.parseInt(arguments[2]);
      int taken = 0;
      while (taken < times) {
        Map<Integer, Claims.Lease> leases = claims.current();
        for (int member = 0; member < members && taken < times; member++) {
          Claims.Lease lease = leases.get(member);
          if (lease == null || lease.isFree() || claims.isDead(lease)) {
            Optional<Claims.Held> held = claims.take(member, lease, true, null);
            if (held.isPresent()) {
              Path inside = folder.resolve("inside-" + member);
              Files.createFile(inside); // fails if another process is inside
              Thread.sleep(1);
              Files.delete(inside);
              Files.writeString(
                  folder.resolve("taken-" + ProcessHandle.current().pid()),
                  member + "\n",
                  java.nio.file.StandardOpenOption.CREATE,
                  java.nio.file.StandardOpenOption.APPEND);
              held.get().release();
              taken++;
            }
          }
        }
      }
    }
  }

  @Test
  void processesNeverHoldOneMemberAtATime() throws Exception {
    List<Process> racers = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      racers.add(
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:TieredStopAtLevel=1",
                  "-XX:+UseSerialGC",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Racer.class.getName(),
                  folder.toString(),
                  "4",
                  "30")
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("out-" + i).toFile())
              .start());
    }
    for (int i = 0; i < racers.size(); i++) {
      assertTrue(racers.get(i).waitFor(120, TimeUnit.SECONDS), "hangs");
      assertEquals(0, racers.get(i).exitValue(), Files.readString(folder.resolve("out-" + i)));
    }
    long taken = 0;
    try (var files = Files.list(folder)) {
      for (Path file : files.filter(f -> f.getFileName().toString().startsWith("taken")).toList()) {
        taken += Files.readAllLines(file).size();
      }
    }
    assertEquals(6 * 30, taken, "one was freed that was not held, or its line is lost");
  }

  @Test
  void aLeaseOfALivingProcessIsNotDead() throws IOException {
    Claims claims = new Claims(folder, NEVER);
    claims.take(1, null, true, null);
    assertFalse(claims.isDead(claims.current().get(1)));
  }

  @Test
  void aLeaseDiesWithItsProcessAndWithItsSupervisor() throws Exception {
    Process gone = new ProcessBuilder("sleep", "60").start();
    Owner owner = Owner.of(gone.pid());
    assertFalse(owner.isDead());
    gone.destroyForcibly().waitFor();
    assertTrue(owner.isDead());
    Claims claims = new Claims(folder, NEVER);
    Claims.Lease lease = new Claims.Lease(1, 1, "t", owner, null, true, 0, 0, 0, Double.NaN);
    assertTrue(claims.isDead(lease));
    Claims.Lease watched =
        new Claims.Lease(1, 1, "t", owner, Owner.current(), true, 0, 0, 0, Double.NaN);
    assertFalse(claims.isDead(watched), "the coordinator is to say how it died");
    Claims.Lease elsewhere =
        new Claims.Lease(
            1, 1, "t", new Owner("another machine", 1, 1), null, true, 0, 0, 0, Double.NaN);
    assertFalse(claims.isDead(elsewhere), "only time tells of another machine");
  }

  @Test
  void aLeaseThatIsNotRenewedGoesStaleByTheWatchersClock() throws Exception {
    Claims claims = new Claims(folder, 0.2);
    Claims.Held held = claims.take(1, null, true, null).orElseThrow();
    for (int i = 0; i < 6; i++) {
      assertFalse(claims.isStale(claims.current().get(1)));
      Thread.sleep(80);
      held.renew(i, 1, 2, 0.5);
    }
    assertFalse(claims.isStale(claims.current().get(1)));
    Thread.sleep(400);
    Claims.Lease stale = claims.current().get(1);
    assertTrue(claims.isStale(stale));
    assertEquals(5, stale.step());
    Claims.Held taker = claims.take(1, stale, true, null).orElseThrow();
    assertFalse(held.isMine(), "the owner sees that it lost it");
    assertTrue(taker.isMine());
    held.renew(9, 2, 2, 0.1);
    held.release();
    assertTrue(taker.isMine(), "who lost it changes nothing any more");
    assertTrue(claims.take(1, stale, true, null).isEmpty(), "a slow watcher takes nothing");
  }

  @Test
  void nothingIsLeftOfAFinishedMember() throws IOException {
    Claims claims = new Claims(folder, NEVER);
    claims.take(1, null, true, null).orElseThrow().release();
    claims.take(1, claims.current().get(1), true, null).orElseThrow().finish();
    assertTrue(claims.current().isEmpty());
    try (var files = Files.list(folder)) {
      assertEquals(0, files.count());
    }
  }
}
