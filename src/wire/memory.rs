//! What streams ask of the allocator.

use std::{hint::black_box, sync::Once};

/// The window of a channel, and as much again for the buffers around it.
const KEPT: usize = 4 * 1024 * 1024;

/// To be called before a stream begins. glibc gives freed memory back to the kernel beyond 128 KiB, so that a stream, whose
/// frames come and go by the megabyte, faults in the same pages all over again. It learns better from the first large
/// piece that is freed: from then on it keeps twice as much. Costs nothing while no stream runs.
pub fn keep_for_streams() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(black_box(Vec::<u8>::with_capacity(KEPT))));
}
