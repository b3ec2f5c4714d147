#!/bin/sh
# Gems of tiny packages in /srv/gems, with an index that `gem` reads as a source.
set -e
mkdir -p /srv/gems/gems /srv/build
cd /srv/build
gem_of() {
    name=$1 version=$2
    shift 2
    mkdir -p lib && echo "VERSION = '$version'" >lib/$name.rb
    {
        echo "Gem::Specification.new do |s|"
        echo "  s.name = '$name'; s.version = '$version'; s.summary = 'for a test'; s.authors = ['Ann']; s.licenses = ['MIT']"
        echo "  s.homepage = 'https://example.org'; s.files = ['lib/$name.rb']"
        for line; do echo "  $line"; done
        echo "end"
    } >$name.gemspec
    SOURCE_DATE_EPOCH=1577836800 gem build --silent --force --output /srv/gems/gems/$name-$version.gem $name.gemspec >/dev/null 2>&1
}
gem_of compat_one 1.0
gem_of compat_one 2.0
gem_of compat_one 3.0.pre
gem_of compat_two 1.0
gem_of compat_needy 1.0 "s.add_runtime_dependency 'compat_two', '>= 1.0'"
gem generate_index --silent --directory /srv/gems
