// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu.binding.presets;

import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;

/**
 * Tells JavaCPP how to turn {@code native/include/randwire.h} into {@code
 * org.randwire.backend.cpu.binding.Core} and its struct classes, and which library holds them.
 *
 * <p>Structs of the header need no entry here: each becomes a class of the binding package.
 */
@Properties(
    value = @Platform(include = "randwire.h", library = "jnirandwire"),
    target = "org.randwire.backend.cpu.binding",
    global = "org.randwire.backend.cpu.binding.Core")
@NoException
public class RandWireCore implements InfoMapper {

  @Override
  public void map(InfoMap infoMap) {
    infoMap
        .put(new Info("RW_PARSER").define(true))
        .put(new Info("RW_API").cppTypes().annotations().cppText(""))
        .put(new Info("RANDWIRE_H").skip());
  }
}
