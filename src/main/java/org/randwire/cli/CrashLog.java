// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;

/**
 * The file that receives the stack trace of an internal error: the run's log once a command has
 * named it, before that a file in the folder for temporary files.
 */
public final class CrashLog {

  private volatile Path file;

  CrashLog(Path file) {
    this.file = file;
  }

  /** A log of this process in the folder for temporary files; made only if something is written. */
  static CrashLog temporary() {
    String name = "randwire-" + ProcessHandle.current().pid() + ".log";
    return new CrashLog(Path.of(System.getProperty("java.io.tmpdir"), name));
  }

  /** Sends later traces to the log of the run. */
  public void moveTo(Path logFile) {
    file = logFile;
  }

  Path file() {
    return file;
  }

  /** Appends the time and the stack trace. */
  void append(Throwable error) throws IOException {
    StringWriter text = new StringWriter();
    text.append(Instant.now().toString()).append(" internal error").append(System.lineSeparator());
    error.printStackTrace(new PrintWriter(text, true));
    Files.writeString(file, text.toString(), CREATE, APPEND);
  }
}
