# SPDX-License-Identifier: Apache-2.0
# Read by cpack when it packs: the time of every file in the archives; and no line of the project's in
# front of each package's own description.
set(ENV{SOURCE_DATE_EPOCH} ${CPACK_CW_RELEASE_EPOCH})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
