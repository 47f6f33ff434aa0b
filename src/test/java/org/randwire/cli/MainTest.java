// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.randwire.cli.config.ConfigLoader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

class MainTest {

  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private CrashLog log = CrashLog.temporary();

  @BeforeEach
  void logToTheTestFolder() {
    log = new CrashLog(folder.resolve("crash.log"));
  }

  /** A command that ends as the test wants. */
  @Command(name = "train", mixinStandardHelpOptions = true)
  private static final class Train implements Callable<Integer> {
    private final Callable<Integer> body;

    @Option(names = "--json")
    boolean json;

    @Parameters List<String> config = List.of();

    Train(Callable<Integer> body) {
      this.body = body;
    }

    @Override
    public Integer call() throws Exception {
      return body.call();
    }
  }

  @Command(name = "doctor")
  private static final class Doctor implements Callable<Integer> {
    @Override
    public Integer call() {
      return ExitStatus.DONE.code();
    }
  }

  private int run(Callable<Integer> body, String... arguments) {
    return Main.run(
        List.of(new Train(body), new Doctor()),
        log,
        new PrintWriter(out, true),
        new PrintWriter(err, true),
        arguments);
  }

  private int run(String... arguments) {
    return run(ExitStatus.DONE::code, arguments);
  }

  private void assertOneLine(String line) {
    assertEquals(line + System.lineSeparator(), err.toString());
    assertEquals("", out.toString());
  }

  @Test
  void unknownCommandNamesTheNearest() {
    assertEquals(2, run("trian"));
    assertOneLine("unknown command 'trian'; did you mean 'train'? (see randwire --help)");
  }

  @Test
  void unknownCommandLikeNoneListsAll() {
    assertEquals(2, run("xyzzy"));
    assertOneLine("unknown command 'xyzzy'; valid: train, doctor (see randwire --help)");
  }

  @Test
  void unknownOptionNamesTheNearest() {
    assertEquals(2, run("train", "--jsno"));
    assertOneLine("unknown option '--jsno'; did you mean '--json'? (see randwire train --help)");
  }

  @Test
  void surplusArgumentIsNamed() {
    assertEquals(2, run("doctor", "now"));
    assertOneLine("unexpected argument 'now' (see randwire doctor --help)");
  }

  @Test
  void noCommandShowsTheCommandsOnStandardError() {
    assertEquals(2, run());
    assertTrue(err.toString().contains("train"), err.toString());
    assertEquals("", out.toString());
  }

  @Test
  void helpGoesToStandardOutputWithoutEscapes() {
    assertEquals(0, run("--help"));
    assertTrue(out.toString().contains("doctor"), out.toString());
    assertFalse(out.toString().contains("\u001b"), out.toString());
    assertEquals("", err.toString());
  }

  @Test
  void versionNamesTheJavaRuntime() {
    assertEquals(0, run("--version"));
    assertTrue(out.toString().contains(System.getProperty("java.version")), out.toString());
  }

  @ParameterizedTest
  @EnumSource(ExitStatus.class)
  void cliExceptionIsOneLineAndItsStatus(ExitStatus status) {
    int code =
        run(
            () -> {
              throw new CliException(status, "the reason");
            },
            "train");
    assertEquals(status.code(), code);
    assertOneLine("the reason");
    assertFalse(Files.exists(log.file()));
  }

  @Test
  void badConfigurationIsUsage() {
    int code =
        run(
            () -> {
              ConfigLoader.load(List.of("sed=1"));
              return 0;
            },
            "train");
    assertEquals(2, code);
    assertOneLine("command line: unknown key 'sed'; did you mean 'seed'?");
  }

  @Test
  void missingFileIsDataAlsoWhenWrapped() {
    int code =
        run(
            () -> {
              throw new UncheckedIOException(new NoSuchFileException("a/b.bin"));
            },
            "train");
    assertEquals(3, code);
    assertOneLine("a/b.bin: no such file or folder");
  }

  @Test
  void unexpectedExceptionIsOneLineAndItsTraceIsLogged() throws IOException {
    int code =
        run(
            () -> {
              throw new IllegalStateException("broken\nsecond line");
            },
            "train");
    assertEquals(70, code);
    assertOneLine(
        "internal error: java.lang.IllegalStateException: broken (stack trace in "
            + log.file()
            + ")");
    assertTrue(Files.readString(log.file()).contains("at org.randwire.cli.MainTest"));
  }

  @Test
  void errorThrownByACommandIsReportedToo() throws IOException {
    int code =
        run(
            () -> {
              throw new NoClassDefFoundError("org/x/Y");
            },
            "train");
    assertEquals(70, code);
    assertTrue(
        err.toString().startsWith("internal error: java.lang.NoClassDefFoundError: org/x/Y"));
    assertTrue(Files.readString(log.file()).contains("NoClassDefFoundError"));
  }

  @Test
  void traceFollowsTheLogToTheRunFolder() throws IOException {
    Path runLog = Files.writeString(folder.resolve("run.log"), "before\n");
    run(
        () -> {
          log.moveTo(runLog);
          throw new IllegalStateException("broken");
        },
        "train");
    assertTrue(Files.readString(runLog).startsWith("before\n"));
    assertTrue(Files.readString(runLog).contains("IllegalStateException"));
  }

  @Test
  void unwritableLogIsSaid() {
    log.moveTo(folder.resolve("missing/run.log"));
    int code =
        run(
            () -> {
              throw new IllegalStateException("broken");
            },
            "train");
    assertEquals(70, code);
    assertOneLine(
        "internal error: java.lang.IllegalStateException: broken"
            + " (its stack trace could not be written to "
            + log.file()
            + ")");
  }
}
