//! What the engine and the agent say on standard error, and how much of it.

use std::io::IsTerminal;

use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Registry,
    filter::{FilterExt, FilterFn, LevelFilter},
    fmt,
    layer::{Filter, Layer, SubscriberExt},
    util::SubscriberInitExt,
};

/// Begins to say what happens: as much as `RUST_LOG` asks for, or what `usual` says.
pub fn begin(usual: &str, target: bool) {
    let asked = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let layer = fmt::layer()
        .with_writer(std::io::stderr)
        // A full disk under the log would otherwise end the thread that has something to say.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(target);
    // Somebody else may listen already; then the lines go there.
    let _ = tracing_subscriber::registry().with(layer.with_filter(harmless(asked))).try_init();
}

/// What is asked for without what holds secrets, whatever is asked for.
fn harmless(asked: EnvFilter) -> impl Filter<Registry> {
    // How much there is at most is known from what is asked for.
    asked.and(FilterFn::new(holds_no_secrets).with_max_level_hint(LevelFilter::TRACE))
}

/// Other people's parts write whole frames and requests into their traces, with tokens of sessions and credentials. Ours name
/// what they say.
fn holds_no_secrets(about: &Metadata<'_>) -> bool {
    let target = about.target();
    *about.level() <= Level::DEBUG || target == "fleetdeck" || target.starts_with("fleetdeck::")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What is written of a few lines, for what `RUST_LOG` may say.
    fn written(rust_log: &str) -> String {
        let written = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&written);
        let writer = move || Sink(Arc::clone(&sink));
        let layer = fmt::layer().with_writer(writer).with_ansi(false).with_filter(harmless(EnvFilter::new(rust_log)));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::trace!(target: "tungstenite::protocol", "Sending frame: {{\"TokenValue\":\"s3cret\"}}");
            tracing::trace!(target: "tungstenite", "Request: s3cret");
            tracing::trace!(target: "fleetdeckish", "s3cret");
            tracing::debug!(target: "tungstenite::protocol", "a close");
            tracing::trace!(target: "fleetdeck::engine", "a detail");
            tracing::info!(target: "fleetdeck", "a fact");
        });
        let bytes = written.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_wish_brings_the_frames_of_a_session_into_the_log() {
        for rust_log in
            ["trace", "tungstenite=trace,fleetdeck=trace", "info,tungstenite::protocol=trace,fleetdeckish=trace"]
        {
            let written = written(rust_log);
            assert!(!written.contains("s3cret"), "{rust_log}: {written}");
            assert!(written.contains("a close") && written.contains("a fact"), "{rust_log}: {written}");
            assert_eq!(written.contains("a detail"), rust_log != "info,tungstenite::protocol=trace,fleetdeckish=trace");
        }
        assert_eq!(written("warn"), "");
    }

    #[test]
    fn what_nobody_asked_for_costs_nothing() {
        let hint = |rust_log: &str| harmless(EnvFilter::new(rust_log)).max_level_hint();
        assert_eq!(hint("warn"), Some(LevelFilter::WARN));
        assert_eq!(hint("fleetdeck=info"), Some(LevelFilter::INFO));
    }
}
