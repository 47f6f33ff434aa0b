// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu.binding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Compiles and runs the programs in {@code native/test}, once per instruction set. */
class NativeProgramsTest {

  @Test
  void programsPassOnEveryInstructionSetOfThisProcessor() throws Exception {
    Path script = Path.of("cppbuild", "cppbuild.sh");
    assumeTrue(Files.exists(script), "not run from the source tree");
    assumeTrue(NativeCore.available(), () -> NativeCore.unavailableReason().orElse(""));
    Process process =
        new ProcessBuilder("bash", script.toString(), "test").redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
  }
}
