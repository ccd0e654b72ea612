#!/bin/sh
# Tries generated code with servers and clients that others wrote: both generated clients call a server of FastAPI and one of Express with
# express-openapi-validator, and the clients of hey-api and openapi-python-client call the generated server. All of them start from the document
# that FastAPI writes, except Express, which has one of its own. Installs the others if they are missing.
# Usage: run.sh CONTRACTC, the compiler
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
compiler=$(cd "$(dirname "${1:?run.sh CONTRACTC: the compiler is missing}")" && pwd)/$(basename "$1")
work="$root/target/foreign"
venv="$work/venv"
mkdir -p "$work"
if ! [ -x "$venv/bin/openapi-python-client" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
fi
[ -d "$here/node_modules/express-openapi-validator" ] || npm ci --prefix "$here" --ignore-scripts --no-audit --no-fund --silent

document="$work/pets.json"
"$venv/bin/python" "$here/server.py" --document > "$document"

# The generated code, where Rust and Node find its dependencies.
"$compiler" generate --spec "$document" --out "$work/generated" --only rust,typescript
"$compiler" generate --spec "$here/express/openapi.yaml" --out "$work/parcels" --only rust,typescript
rm -rf "$work/rust" "$root/tests/typescript/build/foreign"
mkdir -p "$work/rust/src" "$root/tests/typescript/build/foreign/source"
cp -r "$work/generated/rust" "$work/rust/src/api"
cp -r "$work/parcels/rust" "$work/rust/src/parcels"
cp "$here/program.rs" "$work/rust/src/main.rs"
cp "$here/express/client.rs" "$work/rust/src/express.rs"
cp "$here/program.toml" "$work/rust/Cargo.toml"
cp "$root/Cargo.lock" "$work/rust/Cargo.lock"
(cd "$work/rust" && env -u RUSTFLAGS CARGO_TARGET_DIR="$root/target/corpus/build" cargo build --quiet)
cp -r "$work/generated/typescript" "$root/tests/typescript/build/foreign/source/pets"
cp -r "$work/parcels/typescript" "$root/tests/typescript/build/foreign/source/parcels"
node "$root/tests/typescript/node_modules/typescript/bin/tsc" --project "$here/tsconfig.json" \
    --rootDir "$root/tests/typescript/build/foreign/source" --outDir "$root/tests/typescript/build/foreign/built"

# The clients of others.
rm -rf "$work/hey-api" "$work/python"
(cd "$work" && node "$here/node_modules/@hey-api/openapi-ts/bin/run.js" --silent -i "$document" -o "$work/hey-api/source" \
    -p @hey-api/client-fetch @hey-api/sdk @hey-api/typescript)
node "$here/node_modules/typescript/bin/tsc" --outDir "$work/hey-api/built" --rootDir "$work/hey-api/source" --module commonjs --target es2022 \
    --moduleResolution node10 --strict --skipLibCheck --lib es2022,dom,dom.iterable "$work/hey-api/source/index.ts" "$work/hey-api/source/client.gen.ts"
"$venv/bin/openapi-python-client" generate --path "$document" --meta none --output-path "$work/python/pets" --overwrite > "$work/python.log" 2>&1

exec "$venv/bin/python" "$here/run.py" "$root"
