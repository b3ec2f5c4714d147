#!/bin/sh
# Repositories to clone, on this disk: the same commits every time, because dates and authors are given.
set -e
export GIT_AUTHOR_NAME=Ann GIT_AUTHOR_EMAIL=ann@example.org GIT_COMMITTER_NAME=Ann GIT_COMMITTER_EMAIL=ann@example.org
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
git config --system protocol.file.allow always
git config --system advice.detachedHead false
git config --system init.defaultBranch main
mkdir -p /srv/origin /srv/work
cd /srv/origin
git init --quiet --initial-branch master part
cd part
echo part >part.txt
git add . && git commit --quiet --message part
cd ..
git init --quiet whole
cd whole
echo first >file.txt
git add . && git commit --quiet --message first
git tag v1
echo second >file.txt
mkdir folder && echo more >folder/more.txt
git add . && git commit --quiet --message second
git tag --annotate --message two v2
git checkout --quiet -b side
echo side >side.txt
git add . && git commit --quiet --message side
git update-ref refs/pull/1/head HEAD
git checkout --quiet -b modular main
git submodule --quiet add /srv/origin/part part
git commit --quiet --message modular
git checkout --quiet main
git config uploadpack.allowAnySHA1InWant true
