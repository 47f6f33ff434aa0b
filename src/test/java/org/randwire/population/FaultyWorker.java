// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.OutOfDeviceMemoryException;
import org.randwire.backend.cpu.CpuBackend;
import org.randwire.random.RandomStreams;
import org.randwire.tensor.DataType;

/**
 * A worker process whose training is made up but whose faults are real: {@code FOLDER COORDINATOR
 * PACK MILLIS LEASE HANG}. The file {@code faults} of the folder has a line {@code MEMBER KIND
 * TIMES} per member that is to fail so often.
 */
final class FaultyWorker implements MemberTraining {

  /** Ways to fail. */
  enum Kind {
    SEGV,
    ABORT,
    HALT,
    HEAP,
    NATIVE,
    MEMORY,
    HANG,
    FREEZE,
    KILL,
    EXCEPTION
  }

  private static final int EPOCHS = 3;

  private final Path folder;
  private final long millis;
  private final Map<Integer, String[]> faults = new HashMap<>();

  private FaultyWorker(Path folder, long millis) throws IOException {
    this.folder = folder;
    this.millis = millis;
    Path file = folder.resolve("faults");
    if (Files.exists(file)) {
      for (String line : Files.readAllLines(file)) {
        String[] words = line.split(" ");
        faults.put(Integer.parseInt(words[0]), words);
      }
    }
  }

  static SweepSettings settings(int pack, double leaseSeconds, double hangSeconds) {
    return new SweepSettings(
        pack,
        3,
        leaseSeconds,
        hangSeconds,
        SweepSettings.Keep.NONE,
        SweepSettings.Budget.NONE,
        null,
        List.of());
  }

  static List<String> command(
      SweepFolder folder, int pack, long millis, double lease, double hang, Path crashReport) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-Xmx64m",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:+DisplayVMOutputToStderr",
        "-XX:-CreateCoredumpOnCrash",
        "-XX:ErrorFile=" + crashReport.toAbsolutePath(),
        "-Dorg.bytedeco.javacpp.maxBytes=0",
        "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
        "-cp",
        System.getProperty("java.class.path"),
        FaultyWorker.class.getName(),
        folder.path().toString(),
        Long.toString(ProcessHandle.current().pid()),
        Integer.toString(pack),
        Long.toString(millis),
        Double.toString(lease),
        Double.toString(hang));
  }

  public static void main(String[] arguments) throws IOException {
    SweepFolder folder = new SweepFolder(Path.of(arguments[0]));
    Worker worker =
        new Worker(
            folder,
            folder.members(),
            settings(
                Integer.parseInt(arguments[2]),
                Double.parseDouble(arguments[4]),
                Double.parseDouble(arguments[5])),
            new FaultyWorker(folder.path(), Long.parseLong(arguments[3])),
            new Worker.Embedding(
                Long.parseLong(arguments[1]),
                true,
                System.out::println,
                () -> Runtime.getRuntime().halt(WorkerExit.HUNG)));
    Thread watch =
        new Thread(
            () -> {
              try {
                while (System.in.read() >= 0) {}
              } catch (IOException e) {
                // as good as its end
              }
              worker.requestStop();
            });
    watch.setDaemon(true);
    watch.start();
    System.exit(worker.work() == Worker.Ending.STOPPED ? 130 : 0);
  }

  @Override
  public Result train(SweepMember member, Run run) throws IOException {
    boolean[] stopped = new boolean[1];
    run.onStop(() -> stopped[0] = true);
    run.progress(0, 0, EPOCHS, Double.NaN);
    fail(member);
    if (millis > 0) {
      Files.writeString(run.folder().resolve("state"), "x");
    }
    List<EpochRecord> epochs = new ArrayList<>();
    double error = 1;
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
      pause();
      if (stopped[0]) {
        return Result.interrupted();
      }
      error = error(member.seed(), epoch);
      epochs.add(new EpochRecord(epoch, error, error, error, error));
      run.progress(epoch, epoch, EPOCHS, error);
    }
    return new Result(
        RunState.DONE,
        null,
        null,
        epochs,
        EPOCHS,
        epochs.stream().mapToDouble(EpochRecord::testError).min().orElseThrow(),
        error,
        Long.toHexString(member.seed()),
        millis / 1000.0,
        null,
        List.of(),
        Map.of("device", "none"));
  }

  private void pause() {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static double error(long seed, int epoch) {
    return new RandomStreams(seed)
        .stream(org.randwire.random.Purpose.GENERATED_POPULATION, epoch, 0).nextDouble();
  }

  private void fail(SweepMember member) throws IOException {
    String[] fault = faults.get(member.number());
    if (fault == null) {
      return;
    }
    Path count = folder.resolve("failed-" + member.number());
    long before = Files.exists(count) ? Files.size(count) : 0;
    if (before < Long.parseLong(fault[2])) {
      Files.writeString(count, "x", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      fail(Kind.valueOf(fault[1]));
    }
  }

  private static void fail(Kind kind) throws IOException {
    switch (kind) {
      case SEGV -> writeToNull();
      case ABORT -> signal("ABRT");
      case HALT -> Runtime.getRuntime().halt(9);
      case HEAP -> fillHeap();
      case NATIVE -> takeNativeMemory();
      case MEMORY -> useMoreMemoryThanAllowed();
      case HANG -> {
        while (true) {
          Thread.onSpinWait();
        }
      }
      case FREEZE -> signal("STOP");
      case KILL -> signal("KILL");
      case EXCEPTION -> throw new IllegalStateException("a defect");
    }
  }

  private static void signal(String name) throws IOException {
    String pid = Long.toString(ProcessHandle.current().pid());
    try {
      new ProcessBuilder("kill", "-" + name, pid).start().waitFor();
      Thread.sleep(60_000);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void fillHeap() {
    List<long[]> all = new ArrayList<>();
    while (true) {
      all.add(new long[1 << 16]);
    }
  }

  /** As large an allocation as no machine has, through the backend that networks use. */
  private static void takeNativeMemory() {
    try (CpuBackend backend = new CpuBackend(DataType.FLOAT32, 1)) {
      backend.allocate(1L << 46).close();
      throw new OutOfDeviceMemoryException("this machine has 64 TiB");
    }
  }

  /** Until the kernel ends it. */
  private static void useMoreMemoryThanAllowed() throws IOException {
    MemoryGroup.enter(64 << 20);
    while (true) {
      unsafe().setMemory(unsafe().allocateMemory(1 << 20), 1 << 20, (byte) 1);
    }
  }

  private static void writeToNull() {
    unsafe().putAddress(0, 0);
  }

  private static sun.misc.Unsafe unsafe() {
    try {
      var field = sun.misc.Unsafe.class.getDeclaredField("theUnsafe");
      field.setAccessible(true);
      return (sun.misc.Unsafe) field.get(null);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The population of a test. */
  static SweepFolder folder(Path path, int members, @Nullable String faults) throws Exception {
    var space = org.randwire.space.Spaces.find("resnet").orElseThrow();
    var input = org.randwire.tensor.TensorShape.example(3, 32, 32);
    var sampler =
        new org.randwire.space.Sampler(
            space, 7, input, 10, org.randwire.space.Constraint.NONE, 100);
    PopulationSpec spec =
        new PopulationSpec(
            "test", 7, List.of(new PopulationSpec.Part("r", sampler, input, 10, members, false)));
    SweepFolder folder =
        SweepFolder.create(path, spec, "name: test\nspaces: [{space: resnet, count: 1}]\n", 2);
    if (faults != null) {
      Files.write(folder.path().resolve("faults"), faults.getBytes(StandardCharsets.UTF_8));
    }
    return folder;
  }
}
