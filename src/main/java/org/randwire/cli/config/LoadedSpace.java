// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import org.randwire.space.Constraint;
import org.randwire.space.DesignSpace;
import org.randwire.tensor.TensorShape;

/**
 * A design space as a command was given it.
 *
 * @param input shape of one image
 * @param constraint that of its file, or none
 */
public record LoadedSpace(
    DesignSpace space, TensorShape input, int classes, Constraint constraint) {}
