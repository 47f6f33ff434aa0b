// SPDX-License-Identifier: Apache-2.0
/**
 * Instructions to JavaCPP's generator, used while building only; start at {@link
 * org.randwire.backend.cpu.binding.presets.RandWireCore}.
 */
@NullMarked
package org.randwire.backend.cpu.binding.presets;

import org.jspecify.annotations.NullMarked;
