# SPDX-License-Identifier: Apache-2.0
# Read by cpack when it packs: the time of every file in the archives.
set(ENV{SOURCE_DATE_EPOCH} ${CPACK_CW_RELEASE_EPOCH})
