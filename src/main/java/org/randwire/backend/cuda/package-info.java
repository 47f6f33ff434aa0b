// SPDX-License-Identifier: Apache-2.0
/**
 * NVIDIA GPUs. {@link org.randwire.backend.cuda.CudaBackend} binds kernels of {@code native/cuda}
 * to device memory, {@link org.randwire.backend.cuda.LaunchTable} puts those of a level into one
 * launch each, and a {@link org.randwire.backend.cuda.binding.Device} records and runs them.
 * Nothing here touches the CUDA libraries; that is for {@code binding} alone, behind {@link
 * org.randwire.backend.cuda.Cuda}.
 */
@NullMarked
package org.randwire.backend.cuda;

import org.jspecify.annotations.NullMarked;
