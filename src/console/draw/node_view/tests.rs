//! Every view of a node and the comparison, at three sizes.

use crate::console::{
    testing::Bench,
    tests::{node_view as made, samples},
};

fn snapshots(name: &str, make: fn() -> Bench) {
    for (width, height) in [(40, 10), (80, 24), (200, 60)] {
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), make().screen(width, height));
    }
}

#[test]
fn views_of_a_node() {
    snapshots("overview", made::opened);
    snapshots("disk", made::disk);
    snapshots("processes", made::processes);
    snapshots("services", made::services);
    snapshots("users", made::users);
    snapshots("groups", made::groups);
    snapshots("files", made::files);
    snapshots("logs", made::logs);
    snapshots("compare", samples::compared);
    snapshots("full", samples::full);
}

#[test]
fn no_size_breaks_drawing() {
    let makes: [fn() -> Bench; 10] = [
        made::opened,
        made::disk,
        made::processes,
        made::services,
        made::users,
        made::groups,
        made::files,
        made::logs,
        samples::compared,
        samples::full,
    ];
    for make in makes {
        let mut bench = make();
        for (width, height) in [(1, 1), (2, 30), (39, 9), (40, 10), (41, 11), (60, 12), (79, 23), (300, 3), (500, 100)]
        {
            bench.screen(width, height);
            bench.ascii(width, height);
        }
    }
}
