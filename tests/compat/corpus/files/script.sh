#!/bin/sh
echo "$# $1 $2"
[ "$1" != fail ] || { echo sorry >&2; exit 9; }
