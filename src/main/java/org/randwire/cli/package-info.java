// SPDX-License-Identifier: Apache-2.0

/**
 * The launcher: one class per command, exit status, terminal output; start at {@link
 * org.randwire.cli.Main}. The only package that prints or exits.
 */
@NullMarked
package org.randwire.cli;

import org.jspecify.annotations.NullMarked;
