#!/bin/sh
# A repository of tiny packages on this disk, as the only one that apt knows.
set -e
mkdir -p /srv/repo /srv/build
cd /srv/build
package() {
    name=$1 version=$2
    shift 2
    rm -rf tree
    mkdir -p tree/DEBIAN "tree/usr/share/$name"
    echo "$version" >"tree/usr/share/$name/version"
    printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: Compat <compat@example.org>\nDescription: for a test\n' \
        "$name" "$version" >tree/DEBIAN/control
    for field; do echo "$field" >>tree/DEBIAN/control; done
    if [ "$name" = configured ]; then
        mkdir -p tree/etc
        echo original >tree/etc/configured.conf
        echo /etc/configured.conf >tree/DEBIAN/conffiles
    fi
    if [ "$name" = broken ]; then
        printf '#!/bin/sh\necho it is broken >&2\nexit 7\n' >tree/DEBIAN/postinst
        chmod 755 tree/DEBIAN/postinst
    fi
    dpkg-deb --root-owner-group --build tree "/srv/repo/${name}_${version}_all.deb" >/dev/null
}
package one 1.0
package one 2.0
package two 1.0
package needed 1.0
package needy 1.0 'Depends: needed'
package suggested 1.0
package suggestive 1.0 'Recommends: suggested'
package configured 1.0
package broken 1.0
cd /srv/repo
for deb in *.deb; do
    dpkg-deb --field "$deb"
    echo "Filename: ./$deb"
    echo "Size: $(stat --format %s "$deb")"
    echo "SHA256: $(sha256sum "$deb" | cut -d ' ' -f 1)"
    echo
done >Packages
cd /srv/build
package direct 1.0
rm -rf /srv/build /etc/apt/sources.list /etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/srv/repo ./' >/etc/apt/sources.list.d/compat.list
