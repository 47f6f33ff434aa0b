// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.OutOfDeviceMemoryException;
import org.randwire.cli.config.ConfigException;
import org.randwire.cli.config.NearestName;
import org.randwire.data.DataException;
import org.randwire.export.FormatException;
import org.randwire.population.PopulationException;
import org.randwire.report.UnusablePopulationException;
import org.randwire.space.NothingFoundException;
import org.randwire.training.CheckpointException;
import org.randwire.training.DivergedException;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Turns whatever ends a command into one line on standard error and an exit status. A stack trace
 * is never printed; that of an unexpected error goes to the {@link CrashLog}.
 */
final class FailureHandler implements IExecutionExceptionHandler, IParameterExceptionHandler {

  private record Known(Class<? extends Throwable> type, ExitStatus status) {}

  /** Exceptions whose message is written for users, with the status they mean. */
  private static final List<Known> KNOWN =
      List.of(
          new Known(ConfigException.class, ExitStatus.USAGE),
          new Known(NothingFoundException.class, ExitStatus.USAGE),
          new Known(FileSystemException.class, ExitStatus.DATA),
          new Known(DataException.class, ExitStatus.DATA),
          new Known(FormatException.class, ExitStatus.DATA),
          new Known(PopulationException.class, ExitStatus.DATA),
          new Known(UnusablePopulationException.class, ExitStatus.DATA),
          new Known(CheckpointException.class, ExitStatus.DATA),
          new Known(OutOfDeviceMemoryException.class, ExitStatus.DEVICE),
          new Known(DivergedException.class, ExitStatus.DIVERGED),
          new Known(InterruptedException.class, ExitStatus.INTERRUPTED));

  private final CrashLog log;

  FailureHandler(CrashLog log) {
    this.log = log;
  }

  @Override
  public int handleExecutionException(
      Exception error, CommandLine command, @Nullable ParseResult arguments) {
    return report(error, command);
  }

  /** Reports any error, prints its line and gives the exit status. */
  int report(Throwable thrown, CommandLine command) {
    Throwable error =
        thrown instanceof UncheckedIOException io && io.getCause() != null ? io.getCause() : thrown;
    Optional<ExitStatus> known = status(error);
    print(command, known.isPresent() ? message(error) : internal(error));
    return known.orElse(ExitStatus.INTERNAL).code();
  }

  private static Optional<ExitStatus> status(Throwable error) {
    if (error instanceof CliException refusal) {
      return Optional.of(refusal.status());
    }
    return KNOWN.stream()
        .filter(known -> known.type().isInstance(error))
        .map(Known::status)
        .findFirst();
  }

  private static String message(Throwable error) {
    if (error instanceof FileSystemException refused) {
      return refused.getFile() + ": " + reason(refused);
    }
    if (error instanceof InterruptedException) {
      return "interrupted";
    }
    return String.valueOf(error.getMessage());
  }

  private static String reason(FileSystemException refused) {
    if (refused instanceof NoSuchFileException) {
      return "no such file or folder";
    }
    if (refused instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (refused instanceof FileAlreadyExistsException) {
      return "exists already";
    }
    String reason = refused.getReason();
    return reason == null ? refused.getClass().getSimpleName() : reason;
  }

  private String internal(Throwable error) {
    return "internal error: " + firstLine(error.toString()) + " (" + logged(error) + ")";
  }

  private String logged(Throwable error) {
    try {
      log.append(error);
      return "stack trace in " + log.file();
    } catch (IOException e) {
      return "its stack trace could not be written to " + log.file();
    }
  }

  private static String firstLine(String text) {
    return text.lines().findFirst().orElse("");
  }

  @Override
  public int handleParseException(ParameterException error, String[] arguments) {
    CommandLine command = error.getCommandLine();
    String problem =
        error instanceof UnmatchedArgumentException unmatched && !unmatched.getUnmatched().isEmpty()
            ? unmatched(unmatched.getUnmatched().get(0), command)
            : firstLine(String.valueOf(error.getMessage()));
    String name = command.getCommandSpec().qualifiedName();
    print(command, problem + " (see " + name + " --help)");
    return ExitStatus.USAGE.code();
  }

  private static String unmatched(String argument, CommandLine command) {
    if (argument.startsWith("-")) {
      return unknown("option", argument, optionNames(command));
    }
    Set<String> commands = command.getSubcommands().keySet();
    return commands.isEmpty()
        ? "unexpected argument '" + argument + "'"
        : unknown("command", argument, commands);
  }

  private static String unknown(String kind, String written, Set<String> valid) {
    String name = written.startsWith("--") ? written.replaceFirst("=.*", "") : written;
    return "unknown "
        + kind
        + " '"
        + name
        + "'; "
        + NearestName.of(name, valid)
            .map(near -> "did you mean '" + near + "'?")
            .orElseGet(() -> "valid: " + String.join(", ", valid));
  }

  private static Set<String> optionNames(CommandLine command) {
    return command.getCommandSpec().options().stream()
        .map(OptionSpec::longestName)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static void print(CommandLine command, String message) {
    command.getErr().println(message);
    command.getErr().flush();
  }
}
