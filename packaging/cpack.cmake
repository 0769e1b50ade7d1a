# The Debian package: `cpack -G DEB` in a build of the preset `package`; scripts/package does it all.
set(CPACK_PACKAGE_NAME sentinel-spoa)
set(CPACK_PACKAGE_VENDOR "sentinel-spoa")
set(CPACK_PACKAGE_CONTACT "sentinel-spoa maintainers <maintainers@sentinel-spoa.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "SPOE agent that tells HAProxy which Redis server is master")
set(CPACK_PACKAGE_DESCRIPTION
"sentinel-spoa runs beside HAProxy, listens to all Redis Sentinels, counts their
votes and tells HAProxy for every new connection which server is the master:
the one that a majority of the configured Sentinels names.
.
While a failover goes on, new connections wait for the new master instead of
failing, and the sessions of the old one end. Nothing falls through to a
replica.")
set(CPACK_PACKAGE_HOMEPAGE_URL "")
set(CPACK_GENERATOR DEB)
set(CPACK_STRIP_FILES ON)
set(CPACK_SET_DESTDIR ON)  # some files go to /etc and /lib
set(CPACK_PACKAGE_DIRECTORY "${PROJECT_BINARY_DIR}/packages")
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers, init-system-helpers (>= 1.54)")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "haproxy (>= 2.6), redis-sentinel, prometheus")
set(debian "${CMAKE_CURRENT_SOURCE_DIR}/debian")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  "${debian}/conffiles;${debian}/preinst;${debian}/postinst;${debian}/prerm;${debian}/postrm")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
