#!/bin/sh
# Puts Node, the libraries that it is linked with, and what both expect of a system into a folder.
set -eu
target=$1
node=/usr/local/bin/node
env=/usr/bin/env # starts what begins with `#!/usr/bin/env -S node --flag`

libraries=$(for program in $node $env; do ldd $program; done | grep -o '/[^ ]*' | sort -u)
mkdir -p "$target"
for file in $node $env $libraries /etc/os-release; do
  mkdir -p "$target$(dirname "$file")"
  cp --dereference "$file" "$target$file"
done

# Scanners look here for what of Debian is inside; everybody looks here for its licences.
mkdir -p "$target/var/lib/dpkg/status.d"
for file in $env $libraries; do
  dpkg-query --search "*$(basename "$(dirname "$file")")/$(basename "$file")" | cut -d: -f1
done | sort -u | while read -r package; do
  dpkg-query --status "$package" >"$target/var/lib/dpkg/status.d/$package"
  mkdir -p "$target/usr/share/doc/$package"
  cp --dereference "/usr/share/doc/$package/copyright" "$target/usr/share/doc/$package/"
done
if [ -e /usr/local/LICENSE ]; then cp /usr/local/LICENSE "$target/usr/local/"; fi

mkdir -p "$target/etc"
echo 'hosts: files dns' >"$target/etc/nsswitch.conf"
printf '%s\n' 'root:x:0:0::/:/sbin/nologin' 'flyte-agents:x:10001:10001::/:/sbin/nologin' >"$target/etc/passwd"
printf '%s\n' 'root:x:0:' 'flyte-agents:x:10001:' >"$target/etc/group"
mkdir -m 1777 "$target/tmp"
