//! The product's binary, built with this package so that its tests find it.

use std::process::ExitCode;

fn main() -> ExitCode {
    runwright::main()
}
