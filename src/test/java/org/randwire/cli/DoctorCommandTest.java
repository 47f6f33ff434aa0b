// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.randwire.backend.cpu.binding.NativeCore;
import org.randwire.data.image.TurboImageDecoder;
import tools.jackson.databind.JsonNode;

class DoctorCommandTest {

  @Test
  void everyFindingIsOneLine() {
    JsonNode findings = CommandRun.of("doctor", "--json").json();
    assertTrue(
        findings
            .propertyNames()
            .containsAll(
                List.of(
                    "processor", "memory", "java", "nativeCore", "oneDnn", "bf16", "cuda", "jpeg")),
        findings.toString());
    CommandRun text = CommandRun.of("doctor");
    assertEquals(findings.size(), text.out().lines().count(), text.out());
    assertEquals("", text.err());
  }

  @Test
  void saysWhichCoreIsLoadedOrWhyNone() {
    String core = CommandRun.of("doctor", "--json").json().get("nativeCore").stringValue();
    assertEquals(NativeCore.available(), core.endsWith("libjnirandwire.so"), core);
    NativeCore.unavailableReason().ifPresent(why -> assertEquals("not used: " + why, core));
  }

  @Test
  void saysWhatDecodesJpegFilesAndWhyNothingFaster() {
    String jpeg = CommandRun.of("doctor", "--json").json().get("jpeg").stringValue();
    assertEquals(TurboImageDecoder.absence().isEmpty(), jpeg.startsWith("libjpeg-turbo"), jpeg);
    TurboImageDecoder.absence().ifPresent(why -> assertTrue(jpeg.endsWith(why), jpeg));
  }
}
