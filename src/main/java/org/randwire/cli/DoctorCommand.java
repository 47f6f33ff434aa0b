// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.randwire.backend.Backend;
import org.randwire.backend.cpu.CpuBackend;
import org.randwire.backend.cpu.NativeLibraries;
import org.randwire.backend.cuda.Cuda;
import org.randwire.data.image.ImageDecoders;
import org.randwire.tensor.DataType;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code randwire doctor}: what this machine offers, and why something of it is not used. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description = "Show what this machine offers and why a device is not used.")
final class DoctorCommand implements Callable<Integer> {

  private static final List<String> BUNDLED = List.of("mnist");

  @Mixin private final ResultOutput output = new ResultOutput();

  @Override
  public Integer call() {
    Map<String, String> findings = findings();
    output.print(
        findings,
        out -> findings.forEach((name, finding) -> out.printf("%-12s %s%n", name, finding)));
    return ExitStatus.DONE.code();
  }

  private static Map<String, String> findings() {
    Map<String, String> findings = new LinkedHashMap<>();
    findings.put("randwire", Version.release() + " (" + Version.commit() + ")");
    findings.put("system", properties("os.name", "os.version", "os.arch"));
    findings.put("java", properties("java.version", "java.vendor", "java.home"));
    findings.put("processor", attempt(DoctorCommand::processor));
    findings.put("memory", attempt(DoctorCommand::memory));
    findings.put("nativeCore", attempt(NativeLibraries::core));
    findings.put("oneDnn", attempt(NativeLibraries::oneDnn));
    findings.put(
        "bf16", attempt(() -> Devices.bfloat16Absence().map(why -> "no: " + why).orElse("yes")));
    findings.put("cuda", attempt(DoctorCommand::cuda));
    findings.put("jpeg", attempt(ImageDecoders::description));
    findings.put("caches", attempt(NativeLibraries::cache));
    for (String name : BUNDLED) {
      Optional<Path> folder = RunAssembly.bundledData(name);
      findings.put(
          name,
          folder
              .map(Path::toString)
              .orElse(
                  "not bundled here; fetch it by: randwire data " + name + " --to data/" + name));
    }
    return findings;
  }

  private static String properties(String... names) {
    return String.join(" ", List.of(names).stream().map(System::getProperty).toList());
  }

  private static String processor() {
    try (Backend cpu = cpu()) {
      return cpu.description();
    }
  }

  private static String cuda() {
    Optional<String> absence = Cuda.absence();
    if (absence.isPresent()) {
      return "not used: " + absence.get();
    }
    try (Backend cuda = Cuda.open(DataType.FLOAT32)) {
      return cuda.description()
          + "; used by device=cuda only, not by auto: unchecked on a GPU so far";
    }
  }

  private static Backend cpu() {
    return new CpuBackend(DataType.FLOAT32, Runtime.getRuntime().availableProcessors());
  }

  private static String memory() {
    try (Backend cpu = cpu()) {
      return String.format(
          Locale.ROOT,
          "%.1f GiB available, Java heap up to %.1f GiB",
          cpu.availableBytes() / (double) (1L << 30),
          Runtime.getRuntime().maxMemory() / (double) (1L << 30));
    }
  }

  /** A library that is absent or broken is a finding, not an end of the command. */
  private static String attempt(Supplier<String> question) {
    try {
      return question.get();
    } catch (LinkageError | RuntimeException e) {
      return "cannot be used: " + String.valueOf(e).lines().findFirst().orElse("");
    }
  }
}
