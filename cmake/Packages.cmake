# SPDX-License-Identifier: Apache-2.0
# Two Debian packages by CPack, `causeway-router` (component router) and `causeway` (component cli):
# `./dev package`. Two builds of one source give the same bytes: every time in them is the release's
# date from CHANGELOG.md, and no path of the build is (-ffile-prefix-map in CMakeLists.txt).

# cw_release_date(VERSION out_date): YYYY-MM-DD of a version's heading in CHANGELOG.md.
function(cw_release_date version out_date)
  file(STRINGS ${PROJECT_SOURCE_DIR}/CHANGELOG.md heading REGEX "^## \\[${version}\\] - " LIMIT_COUNT 1)
  if(NOT heading MATCHES "([0-9]+-[0-9]+-[0-9]+)$")
    message(FATAL_ERROR "CHANGELOG.md has no line '## [${version}] - YYYY-MM-DD'; add it, or correct the project's VERSION")
  endif()
  set(${out_date} ${CMAKE_MATCH_1} PARENT_SCOPE)
endfunction()

cw_release_date(${PROJECT_VERSION} CW_RELEASE_DATE)
execute_process(COMMAND date -u -d ${CW_RELEASE_DATE} +%s
                OUTPUT_VARIABLE CW_RELEASE_EPOCH OUTPUT_STRIP_TRAILING_WHITESPACE
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND date -u -d ${CW_RELEASE_DATE} -R
                OUTPUT_VARIABLE CW_RELEASE_DATE_RFC OUTPUT_STRIP_TRAILING_WHITESPACE
                COMMAND_ERROR_IS_FATAL ANY)
set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
             ${PROJECT_SOURCE_DIR}/CHANGELOG.md)

find_program(SCDOC scdoc REQUIRED)

# All that is in the packages, and no test.
add_custom_target(packaged DEPENDS causewayd causeway-failover causeway)

# cw_manual(causewayd 8 router SOURCE): docs/man/causewayd.8.scd (or SOURCE, where it is made by the
# build) as a manual page of a package.
function(cw_manual name section component)
  set(source ${PROJECT_SOURCE_DIR}/docs/man/${name}.${section}.scd)
  if(ARGC GREATER 3)
    set(source ${ARGV3})
  endif()
  set(page ${PROJECT_BINARY_DIR}/man/${name}.${section}.gz)
  add_custom_command(
    OUTPUT ${page}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/man
    COMMAND env SOURCE_DATE_EPOCH=${CW_RELEASE_EPOCH} sh -c
            "set -e; ${SCDOC} <'${source}' >'${page}.roff'; gzip -n -9 <'${page}.roff' >'${page}'"
    DEPENDS ${source}
    COMMENT "Manual page ${name}(${section})"
    VERBATIM)
  add_custom_target(man_${name}_${section} ALL DEPENDS ${page})
  add_dependencies(packaged man_${name}_${section})
  install(FILES ${page} DESTINATION share/man/man${section} COMPONENT ${component})
endfunction()

# What Debian wants in each package's /usr/share/doc: copyright and changelog.
function(cw_package_doc package component)
  set(folder ${PROJECT_BINARY_DIR}/package/${package})
  configure_file(${PROJECT_SOURCE_DIR}/systemd/debian/changelog.in ${folder}/changelog @ONLY)
  execute_process(COMMAND gzip -n -9 -c ${folder}/changelog OUTPUT_FILE ${folder}/changelog.gz
                  COMMAND_ERROR_IS_FATAL ANY)
  install(FILES ${folder}/changelog.gz ${PROJECT_SOURCE_DIR}/systemd/debian/copyright
          DESTINATION share/doc/${package} COMPONENT ${component})
endfunction()

cw_manual(causewayd 8 router)
cw_manual(causeway-failover 8 router)
cw_manual(causeway 1 cli)
# network/manual puts the schema's keys into these two.
cw_manual(causeway-router 5 router ${PROJECT_BINARY_DIR}/man/causeway-router.5.scd)
cw_manual(causeway-network 5 cli ${PROJECT_BINARY_DIR}/man/causeway-network.5.scd)
cw_package_doc(causeway-router router)
cw_package_doc(causeway cli)

install(TARGETS causewayd causeway-failover RUNTIME DESTINATION sbin COMPONENT router)
install(TARGETS causeway RUNTIME DESTINATION bin COMPONENT cli)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME causeway)
set(CPACK_PACKAGE_VENDOR Causeway)
set(CPACK_PACKAGE_CONTACT "Causeway maintainers <maintainers@causeway.example>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL router cli)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_SOURCE_DIR}/cmake/PackagesAtPack.cmake)
set(CPACK_CW_RELEASE_EPOCH ${CW_RELEASE_EPOCH})

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)

set(CPACK_DEBIAN_ROUTER_PACKAGE_NAME causeway-router)
set(CPACK_DEBIAN_ROUTER_PACKAGE_DEPENDS "causeway (= ${PROJECT_VERSION}), systemd (>= 252)")
set(CPACK_DEBIAN_ROUTER_PACKAGE_RECOMMENDS "ca-certificates") # for a network that is fetched
set(CPACK_DEBIAN_ROUTER_PACKAGE_SUGGESTS "wireguard-tools, nftables")
set(CPACK_DEBIAN_ROUTER_DESCRIPTION "subnet router on the kernel's WireGuard
causewayd makes a machine the way into its network for people with a stock
WireGuard app: it keeps the kernel's interfaces, routes, rules and firewall
as a directory of text files says. Packets never leave the kernel, and go on
while the agent is restarted or upgraded.")
set(CPACK_DEBIAN_ROUTER_PACKAGE_CONTROL_EXTRA
    ${PROJECT_SOURCE_DIR}/systemd/debian/postinst ${PROJECT_SOURCE_DIR}/systemd/debian/prerm
    ${PROJECT_SOURCE_DIR}/systemd/debian/postrm)

set(CPACK_DEBIAN_CLI_PACKAGE_NAME causeway)
set(CPACK_DEBIAN_CLI_PACKAGE_SUGGESTS causeway-router)
set(CPACK_DEBIAN_CLI_DESCRIPTION "command of the Causeway subnet router
Checks a network directory, shows what a change of it would do, and asks the
agent on this machine for its status. Checking needs neither an agent nor root.")
include(CPack)
