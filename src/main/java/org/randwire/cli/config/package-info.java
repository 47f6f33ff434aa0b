// SPDX-License-Identifier: Apache-2.0

/**
 * The configuration of a run: one YAML file and {@code key=value} overrides, read strictly into
 * immutable records; start at {@link org.randwire.cli.config.ConfigLoader}.
 */
@NullMarked
package org.randwire.cli.config;

import org.jspecify.annotations.NullMarked;
