// SPDX-License-Identifier: Apache-2.0
/**
 * Design spaces: what networks there are, how one is drawn, what it costs. {@link
 * org.randwire.space.Spaces} has those of the papers, {@link org.randwire.space.Sampler} draws from
 * one, {@link org.randwire.space.Population} draws many.
 */
@NullMarked
package org.randwire.space;

import org.jspecify.annotations.NullMarked;
