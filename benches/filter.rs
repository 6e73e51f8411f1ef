//! The filter of the fleet alone: lines on standard input, those that hold every word of the argument on standard output.
//! What `benches/filter.py` runs beside `fzf --filter`.

use std::io::{Read, Write};

use fleetdeck::console::state::filter::{Matching, Words};

fn main() -> std::io::Result<()> {
    let words = Words::parse(&std::env::args().skip(1).collect::<Vec<_>>().join(" "));
    let mut text = Vec::new();
    std::io::stdin().lock().read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let passing = |part: &[&str]| {
        let mut matching = Matching::default();
        let mut out = String::new();
        for line in part.iter().filter(|line| words.pass(line, "", &mut matching)) {
            out.push_str(line);
            out.push('\n');
        }
        out
    };
    let found: Vec<String> = std::thread::scope(|scope| {
        let parts = lines.chunks(lines.len().div_ceil(threads).max(1));
        let threads: Vec<_> = parts.map(|part| scope.spawn(|| passing(part))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_default()).collect()
    });
    let mut out = std::io::stdout().lock();
    found.iter().try_for_each(|part| out.write_all(part.as_bytes()))
}
