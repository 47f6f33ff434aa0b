// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.randwire.cli.config.ConfigLoader;
import org.randwire.cli.config.LoadedSpace;
import org.randwire.cli.config.SpaceLoader;
import org.randwire.space.Complexity;
import org.randwire.space.Constraint;

/** The example of a design space says what it says it does. */
class ExampleSpaceTest {

  @Test
  void theExampleIsANarrowerResNeXtWithinResNet56() {
    LoadedSpace loaded =
        SpaceLoader.load(Path.of("examples/narrow-resnext.yaml").toString(), List.of());
    assertEquals("narrow-resnext", loaded.space().name());
    assertEquals(1L * 144 * 144 * 144, loaded.space().size().longValueExact());
    RunAssembly resnet = new RunAssembly(ConfigLoader.load(List.of("network.name=resnet-56")));
    assertEquals(Constraint.within(Complexity.of(resnet.network(List.of()))), loaded.constraint());
  }
}
