// SPDX-License-Identifier: Apache-2.0
// free() for embeddable-wg-library: the kernel shows a device with its private key, which the
// library leaves behind in its receive buffer and, where it reads again, in the device it drops.
#define _GNU_SOURCE
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void cw_wipe_and_free(void* memory);

void cw_wipe_and_free(void* memory) {
  if (memory) {
    explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
  }
}
