//! The asciicast v2 writer: a header, then one line of JSON for every piece of output.

use std::{
    io::{self, Write},
    time::Duration,
};

use serde_json::json;

use crate::{client::TerminalSize, ssm::Timestamp};

/// A recording being written.
#[derive(Debug)]
pub struct Cast<W: Write> {
    out: W,
    /// The beginning of a character whose rest is still to come.
    rest: Vec<u8>,
}

impl<W: Write> Cast<W> {
    /// Writes the header.
    pub fn begin(mut out: W, size: TerminalSize, title: &str, started: Timestamp) -> io::Result<Self> {
        let header = json!({
            "version": 2,
            "width": size.cols,
            "height": size.rows,
            "timestamp": started.as_millis() / 1000,
            "title": title,
            "env": {"TERM": "xterm-256color"},
        });
        writeln!(out, "{header}")?;
        Ok(Self { out, rest: Vec::new() })
    }

    /// Writes output, so long after the beginning. A character that is cut waits for its rest; what is no text becomes a
    /// replacement character.
    pub fn output(&mut self, elapsed: Duration, bytes: &[u8]) -> io::Result<()> {
        self.rest.extend_from_slice(bytes);
        let whole = self.rest.len() - unfinished(&self.rest);
        let text = String::from_utf8_lossy(&self.rest[..whole]).into_owned();
        self.rest.drain(..whole);
        if text.is_empty() { Ok(()) } else { self.line(elapsed, "o", &text) }
    }

    /// Writes that the terminal has another size.
    pub fn resize(&mut self, elapsed: Duration, size: TerminalSize) -> io::Result<()> {
        self.line(elapsed, "r", &format!("{}x{}", size.cols, size.rows))
    }

    /// Hands everything to the file.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn line(&mut self, elapsed: Duration, kind: &str, data: &str) -> io::Result<()> {
        // Players want the time as a number with a point.
        writeln!(self.out, "[{:.6},\"{kind}\",{}]", elapsed.as_secs_f64(), json!(data))
    }
}

/// How many bytes at the end begin a character without finishing it.
fn unfinished(bytes: &[u8]) -> usize {
    for back in 1..=bytes.len().min(3) {
        let length = match bytes[bytes.len() - back] {
            0x80..=0xbf => continue,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        return if length > back { back } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_survive_being_cut_anywhere() {
        let text = "añ€🚀z\n".as_bytes();
        for cut in 0..=text.len() {
            let mut out = Vec::new();
            let size = TerminalSize { cols: 80, rows: 24 };
            let mut cast = Cast::begin(&mut out, size, "t", Timestamp::from_millis(0)).unwrap();
            cast.output(Duration::ZERO, &text[..cut]).unwrap();
            cast.output(Duration::from_secs(1), &text[cut..]).unwrap();
            let written = String::from_utf8(out).unwrap();
            let said: String = written
                .lines()
                .skip(1)
                .map(|line| serde_json::from_str::<(f64, String, String)>(line).unwrap().2)
                .collect();
            assert_eq!(said.as_bytes(), text, "cut at {cut}");
        }
    }

    #[test]
    fn what_is_no_text_does_not_wait_for_ever() {
        let mut out = Vec::new();
        let mut cast =
            Cast::begin(&mut out, TerminalSize { cols: 1, rows: 1 }, "t", Timestamp::from_millis(0)).unwrap();
        for _ in 0..100 {
            cast.output(Duration::ZERO, &[0xff, 0x80, 0xe2]).unwrap();
            assert!(cast.rest.len() <= 3);
        }
    }
}
