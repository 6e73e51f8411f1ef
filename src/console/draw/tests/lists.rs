//! Lists that are filtered and sorted, and what stands where the filter lets nothing through.

use super::snapshots;
use crate::console::{
    testing::Bench,
    tests::{lists, sessions},
};

fn filtered(mut bench: Bench, text: &str, keys: &str) -> Bench {
    bench.press("/");
    bench.type_text(text);
    if !keys.is_empty() {
        bench.press(keys);
    }
    bench
}

#[test]
fn filters_stand_over_their_lists() {
    snapshots("commands_filtering", || filtered(lists::commands(), "status:f", ""));
    snapshots("commands_sorted", || filtered(lists::commands(), "e", "enter o o o shift-o"));
    snapshots("results_filtered", || filtered(lists::results(), "web-1", "enter"));
    snapshots("patches_filtered", || filtered(lists::patches(), "cves:2026", "enter ~"));
    snapshots("forwards_filtered", || filtered(sessions::forwards(), "state:open", "enter"));
}

#[test]
fn marks_and_what_is_done_with_them_is_said() {
    snapshots("parameters_marked", lists::marked_parameters);
    snapshots("parameters_delete_marked", || {
        let mut bench = lists::marked_parameters();
        bench.press("shift-d");
        bench
    });
    snapshots("sessions_terminate_marked", || {
        let mut bench = sessions::sessions();
        bench.press("a x");
        bench
    });
    snapshots("output_selected", || {
        let mut bench = lists::results();
        bench.press("enter v j");
        bench
    });
}
