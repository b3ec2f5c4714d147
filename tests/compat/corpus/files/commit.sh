#!/bin/sh
# One more commit in the repository $1: the text $2 in the file $3.
set -e
export GIT_AUTHOR_NAME=Ann GIT_AUTHOR_EMAIL=ann@example.org GIT_COMMITTER_NAME=Ann GIT_COMMITTER_EMAIL=ann@example.org
export GIT_AUTHOR_DATE='2020-01-02T00:00:00Z' GIT_COMMITTER_DATE='2020-01-02T00:00:00Z'
cd "$1"
echo "$2" >"$3"
git add . && git commit --quiet --message "$2"
