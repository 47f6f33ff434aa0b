#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the native core. Run by Maven; by hand: cppbuild/cppbuild.sh [library|test]
#
#   library  native/cpu and the JNI glue that JavaCPP generated -> one library in target/classes
#   test     native/test/*.cpp, once per instruction set, and runs each that this processor can run
#
# Objects live in cppbuild/<platform>/ under a name that holds a hash of everything they depend on, so a rebuild
# compiles only what changed. Without a C++ compiler, or with RANDWIRE_NATIVE=off, nothing is built and the status
# is 0: the Java part works without the core. CXX chooses another compiler.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly PLATFORM=linux-x86_64
readonly BINDING=org/randwire/backend/cpu/binding
readonly OUTPUT=target/classes/$BINDING/$PLATFORM
readonly GLUE=target/jni
readonly OBJECTS=cppbuild/$PLATFORM
readonly LIBRARY=libjnirandwire.so

# -ffp-contract=off: a product and a sum are fused only where the source says so, or results would differ by compiler.
readonly COMMON=(-std=c++17 -fPIC -fvisibility=hidden -ffp-contract=off -fno-math-errno -Wall -Wextra
  -Werror=return-type -Inative/include -Inative/cpu)
# The baseline's vectors are arrays: -O3 takes minutes to unroll and pack them and gains little.
readonly ISAS=(amx avx512_bf16 avx512 avx2 baseline)
declare -rA ISA_FLAGS=(
  [amx]="-DRW_ISA=amx -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512bf16 -mamx-tile -mamx-bf16 -mfma -mf16c -O3"
  [avx512_bf16]="-DRW_ISA=avx512_bf16 -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512bf16 -mfma -mf16c -O3"
  [avx512]="-DRW_ISA=avx512 -mavx512f -mavx512bw -mavx512vl -mavx512dq -mfma -mf16c -O3"
  [avx2]="-DRW_ISA=avx2 -mavx2 -mfma -mf16c -O3"
  [baseline]="-DRW_ISA=baseline -O2"
)

digest() { sha256sum | cut -c1-16; }

# The text of $1 and of every file of native/ that it includes, directly or not: what its object depends on.
declare -A INCLUDED=()
content() {
  local -A seen=()
  local -a queue=("$1")
  local file name
  while ((${#queue[@]} > 0)); do
    file=${queue[0]}
    queue=("${queue[@]:1}")
    [[ -z ${seen[$file]:-} ]] || continue
    seen[$file]=1
    if [[ -z ${INCLUDED[$file]+known} ]]; then
      INCLUDED[$file]=$(sed -n 's/^#include "\(.*\)".*/\1/p' "$file")
    fi
    for name in ${INCLUDED[$file]}; do queue+=("$(find_header "$name" "$file")"); done
  done
  printf '%s\n' "${!seen[@]}" | LC_ALL=C sort | xargs cat
}

find_header() {
  local folder
  for folder in "$(dirname "$2")" native/include native/cpu; do
    [[ ! -f $folder/$1 ]] || { echo "$folder/$1"; return; }
  done
  echo "cppbuild: $2 includes $1, which is in no folder of native/" >&2
  exit 1
}

leave_out() {
  echo "cppbuild: $1; the native core is left out"
  rm -f "$OUTPUT/$LIBRARY"
  exit 0
}

# Queues the compilation of $2 into an object or program named after $1, unless one with the same hash exists.
# $3 is what the hash covers beside the flags in $4...; older outputs of the same name are removed.
declare -a WANTED=() JOB_TARGETS=() JOB_COMMANDS=()
want() {
  local name=$1 source=$2 content=$3
  shift 3
  local target
  target=$OBJECTS/$name-$({ echo "$TOOLCHAIN" "$@"; echo "$content"; } | digest).o
  WANTED+=("$target")
  [[ -f $target ]] && return
  rm -f "$OBJECTS/$name"-????????????????.o
  JOB_TARGETS+=("$target")
  JOB_COMMANDS+=("$(printf '%q ' "$CXX" "$@" "$source" -o "$target.part")")
}

# Compiles $1 to JOB_TARGETS[$1]; its messages are printed in one piece.
compile() {
  local target=${JOB_TARGETS[$1]} messages status=0
  messages=$(eval "${JOB_COMMANDS[$1]}" 2>&1) || status=$?
  [[ -z $messages ]] || printf '%s\n' "$messages" >&2
  if [[ $status -ne 0 ]]; then
    rm -f "$target.part"
    echo "cppbuild: failed: ${JOB_COMMANDS[$1]}" >&2
    return 1
  fi
  mv -f "$target.part" "$target"
}

run_jobs() {
  local count=${#JOB_TARGETS[@]} limit running=0 failed=0 i
  limit=$(nproc)
  for ((i = 0; i < count; i++)); do
    if ((running >= limit)); then
      wait -n || failed=1
      running=$((running - 1))
    fi
    compile "$i" &
    running=$((running + 1))
  done
  while ((running > 0)); do
    wait -n || failed=1
    running=$((running - 1))
  done
  ((failed == 0)) || exit 1
}

jdk_home() {
  local javac=${JAVA_HOME:+$JAVA_HOME/bin/javac}
  [[ -x $javac ]] || javac=$(readlink -f "$(command -v javac)")
  dirname "$(dirname "$javac")"
}

# The one header of the system that may be missing or be replaced between two builds.
jpeg_header() {
  { printf '#include <cstdio>\n#include <jpeglib.h>\n' | "$CXX" -E -x c++ - 2>/dev/null || true; } | digest
}

build_library() {
  local source isa text jdk
  for source in native/cpu/*.cpp; do
    want "$(basename "$source" .cpp)" "$source" "$(content "$source")$(jpeg_header)" "${COMMON[@]}" -O3 -c
  done
  for source in native/cpu/kernels/*.cpp; do
    text=$(content "$source")
    for isa in "${ISAS[@]}"; do
      # shellcheck disable=SC2086 # the flags are words
      want "$(basename "$source" .cpp).$isa" "$source" "$text" "${COMMON[@]}" ${ISA_FLAGS[$isa]} -c
    done
  done

  # The order of the functions in the glue varies from run to run, so its hash covers the sorted lines.
  jdk=$(jdk_home)
  for source in "$GLUE"/*.cpp; do
    want "$(basename "$source" .cpp)" "$source" "$(sort "$source")$(content native/include/randwire.h)" -std=c++17 -fPIC -fvisibility=hidden -O1 -w \
      -Inative/include "-I$jdk/include" "-I$jdk/include/linux" -c
  done
  run_jobs

  local signature library
  signature=$(printf '%s\n' "${WANTED[@]}" | digest)
  library=$OBJECTS/libjnirandwire-$signature.so
  if [[ ! -f $library ]]; then
    rm -f "$OBJECTS"/libjnirandwire-*.so
    "$CXX" -shared -s -Wl,-soname,$LIBRARY -Wl,--no-undefined -o "$library.part" "${WANTED[@]}" -ldl -lm
    mv -f "$library.part" "$library"
    echo "cppbuild: $LIBRARY: ${#JOB_TARGETS[@]} of ${#WANTED[@]} objects compiled"
  fi
  mkdir -p "$OUTPUT"
  cmp -s "$library" "$OUTPUT/$LIBRARY" || cp "$library" "$OUTPUT/$LIBRARY"
}

run_tests() {
  local source isa text program status failed=0
  for source in native/test/*.cpp; do
    text=$(content "$source")
    for isa in "${ISAS[@]}"; do
      # shellcheck disable=SC2086
      want "$(basename "$source" .cpp).$isa" "$source" "$text" "${COMMON[@]}" ${ISA_FLAGS[$isa]} -O2
    done
  done
  run_jobs
  for program in "${WANTED[@]}"; do
    status=0
    "$program" || status=$?
    case $status in
      0) ;;
      77) echo "cppbuild: skipped $(basename "$program"): not for this processor" ;;
      *)
        echo "cppbuild: failed with status $status: $(basename "$program")" >&2
        failed=1
        ;;
    esac
  done
  exit $failed
}

CXX=${CXX:-$(command -v g++ || command -v clang++ || true)}
[[ ${RANDWIRE_NATIVE:-auto} != off ]] || leave_out "RANDWIRE_NATIVE=off"
[[ $(uname -sm) == "Linux x86_64" ]] || leave_out "no kernels for $(uname -sm)"
[[ -n $CXX ]] || leave_out "no C++ compiler found"

command -v "$CXX" >/dev/null || {
  echo "cppbuild: CXX is $CXX, which is not on this machine" >&2
  exit 1
}

mkdir -p "$OBJECTS"
TOOLCHAIN=$("$CXX" --version)

case ${1:-library} in
  library) build_library ;;
  test) run_tests ;;
  *)
    echo "usage: cppbuild/cppbuild.sh [library|test]" >&2
    exit 2
    ;;
esac
