# What one does here. `just` lists it.

_default:
    @just --list

# The main job: every model beside the others
compare *ARGS:
    cargo run --release -- compare {{ARGS}}

# All tests
test:
    cargo test

# What must hold before a commit
check: test
    cargo fmt --check
    rustfmt --check --edition 2024 examples/ported/program.rs tests/ported/names.rs
    cargo clippy --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps
    tests/core-size

# Make pages of the book (mdBook 0.5), and hold it to the code
book:
    mdbook build book
    book/check

# Plant bugs, and see the tests catch each of them
planted:
    tests/planted/run

# The loop and the pools beside others, as ratios; `cargo bench` measures with criterion
bench *ARGS:
    cargo run --release --features bench -- bench {{ARGS}}

# Everything, as on a fresh machine (installs system packages, needs root)
ci:
    .ci/run
