//! The program: everything it does is behind its command line.

fn main() -> std::process::ExitCode {
    bonanza::cli::main()
}
