// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.util.ArrayList;
import java.util.List;
import org.randwire.cli.config.ConfigLoader;
import org.randwire.cli.config.LoadedConfig;
import picocli.CommandLine.Parameters;

/** The arguments of a command that works on a configuration. */
final class ConfigArguments {

  @Parameters(
      paramLabel = "[CONFIG] [KEY=VALUE..]",
      hideParamSyntax = true,
      description =
          "Configuration file, or FILE:LINE of what sample wrote, and settings that override it,"
              + " such as data.batch=64.")
  private List<String> arguments = new ArrayList<>();

  boolean isEmpty() {
    return arguments.isEmpty();
  }

  /** The arguments as they were given. */
  List<String> all() {
    return List.copyOf(arguments);
  }

  LoadedConfig load() {
    return ConfigLoader.load(arguments);
  }

  /** The same with one more setting. */
  LoadedConfig loadWith(String setting) {
    List<String> more = new ArrayList<>(arguments);
    more.add(setting);
    return ConfigLoader.load(more);
  }
}
