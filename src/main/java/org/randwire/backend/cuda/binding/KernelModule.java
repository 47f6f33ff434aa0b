// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda.binding;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A kernel of {@code native/cuda} with what it is compiled for.
 *
 * @param name the file's stem and the function's name
 * @param bfloat16 whether activations are bfloat16, float otherwise
 * @param rows pixels of a block of the kernels that multiply; 0 for others
 * @param argumentBytes size of the kernel's argument struct as the host writes it; the compiler
 *     checks it
 */
public record KernelModule(String name, boolean bfloat16, int rows, int argumentBytes) {

  /** Threads of a block, {@code threads} in {@code kernel.cuh}. */
  public static final int THREADS = 256;

  private static final String FOLDER = "/org/randwire/backend/cuda/kernels/";

  private static final Pattern INCLUDE = Pattern.compile("(?m)^#include \"(\\w+\\.cuh)\"$");

  /** The options of both compilers, NVRTC and nvcc, besides the architecture. */
  public List<String> options() {
    List<String> options = new ArrayList<>();
    options.add("-std=c++17");
    options.add("-DRW_BFLOAT16=" + (bfloat16 ? 1 : 0));
    if (rows > 0) {
      options.add("-DRW_ROWS=" + rows);
    }
    options.add("-DRW_ARGUMENT_BYTES=" + argumentBytes);
    return List.copyOf(options);
  }

  /** The kernel's source with its headers in place. */
  public String source() {
    return expand(resource(name + ".cu"), new LinkedHashSet<>());
  }

  private static String expand(String text, Set<String> done) {
    Matcher matcher = INCLUDE.matcher(text);
    StringBuilder result = new StringBuilder();
    while (matcher.find()) {
      String header = matcher.group(1);
      String body = done.add(header) ? expand(resource(header), done) : "";
      matcher.appendReplacement(result, Matcher.quoteReplacement(body));
    }
    return matcher.appendTail(result).toString();
  }

  private static String resource(String file) {
    try (InputStream in = KernelModule.class.getResourceAsStream(FOLDER + file)) {
      if (in == null) {
        throw new IllegalStateException("the kernel source " + file + " is not in this build");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
