//! The binary. All it does is hand over to the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    runwright::main()
}
