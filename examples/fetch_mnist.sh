#!/bin/sh
# Fetches MNIST's four IDX files into FOLDER, gzipped, and checks what is in them. Files that are there and
# right are left alone; nothing wrong is left behind.
#   fetch_mnist.sh FOLDER [MIRROR ...]
# Needs curl or wget, gzip, and sha256sum or shasum.
set -eu

if [ $# -lt 1 ]; then
  echo "usage: fetch_mnist.sh FOLDER [MIRROR ...]" >&2
  exit 2
fi
folder=$1
shift
if [ $# -eq 0 ]; then
  set -- https://ossci-datasets.s3.amazonaws.com/mnist https://storage.googleapis.com/cvdf-datasets/mnist
fi

# Of the files' contents: the same however they are compressed.
checksum() {
  case $1 in
    train-images-idx3-ubyte) echo ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db ;;
    train-labels-idx1-ubyte) echo 65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5 ;;
    t10k-images-idx3-ubyte) echo 0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7 ;;
    t10k-labels-idx1-ubyte) echo ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2 ;;
  esac
}

right() { # file name
  gzip -t <"$1" 2>/dev/null || return 1
  if command -v sha256sum >/dev/null; then
    found=$(gzip -dc <"$1" | sha256sum)
  else
    found=$(gzip -dc <"$1" | shasum -a 256)
  fi
  [ "${found%% *}" = "$(checksum "$2")" ]
}

download() { # address file
  if command -v curl >/dev/null; then
    curl --fail --location --silent --show-error --retry 2 --output "$2" "$1"
  else
    wget --quiet --tries=3 --output-document="$2" "$1"
  fi
}

mkdir -p "$folder"
part=
trap 'rm -f "$part"' EXIT
trap 'exit 1' HUP INT TERM
for name in train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte; do
  file=$folder/$name.gz
  part=$file.part
  if [ -f "$file" ] && right "$file" "$name"; then
    echo "$file: there"
    continue
  fi
  for mirror in "$@"; do
    echo "$mirror/$name.gz"
    if download "$mirror/$name.gz" "$part"; then
      if right "$part" "$name"; then
        mv "$part" "$file"
        continue 2
      fi
      echo "fetch_mnist.sh: $mirror/$name.gz: not MNIST (its checksum is another)" >&2
    fi
  done
  echo "fetch_mnist.sh: $name.gz: no mirror had it" >&2
  exit 1
done
echo "MNIST is in $folder"
