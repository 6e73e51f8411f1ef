//! fleetdeck: parse the command line, pick the face, report the error.

use std::process::ExitCode;

fn main() -> ExitCode {
    fleetdeck::cli::main()
}
