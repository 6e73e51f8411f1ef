use super::*;
use crate::console::action::Action;

fn info(id: &str, name: &str, ping: PingStatus) -> ssm::InstanceInformation {
    ssm::InstanceInformation {
        instance_id: Some(id.to_owned()),
        computer_name: Some(name.to_owned()),
        ping_status: Some(ping),
        ..Default::default()
    }
}

fn fleet(count: usize) -> Fleet {
    let mut fleet = Fleet::default();
    fleet.begin(Origin::default());
    let ping = |i: usize| if i.is_multiple_of(3) { PingStatus::ConnectionLost } else { PingStatus::Online };
    fleet.land(
        Origin::default(),
        &"".into(),
        &(0..count).map(|i| info(&format!("mi-{i:017}"), &format!("web-{i}"), ping(i))).collect::<Vec<_>>(),
    );
    fleet.finish(Origin::default());
    fleet.settle(Timestamp::default());
    fleet
}

fn filter(fleet: &mut Fleet, text: &str) {
    fleet.filter = LineInput::from(text);
    fleet.rearrange();
    fleet.settle(Timestamp::default());
}

#[test]
fn marks_survive_filter_and_refresh() {
    let mut fleet = fleet(12);
    filter(&mut fleet, "ping:lost");
    assert_eq!(fleet.shown(), 4);
    fleet.mark(Action::MarkAll, Timestamp::default());
    filter(&mut fleet, "");
    fleet.mark(Action::MarkInvert, Timestamp::default());
    assert_eq!(fleet.marked_count(), 8);
    fleet.begin(Origin::default());
    fleet.land(Origin::default(), &"".into(), &[info("mi-00000000000000001", "web-1", PingStatus::Online)]);
    fleet.finish(Origin::default());
    fleet.settle(Timestamp::default());
    assert_eq!((fleet.total(), fleet.marked_count()), (1, 1));
}

#[test]
fn the_cursor_follows_its_node() {
    let mut fleet = fleet(12);
    fleet.cursor.at = 10;
    let id = fleet.current().unwrap().id.clone();
    fleet.sort_by(Action::SortReverse);
    fleet.settle(Timestamp::default());
    assert_eq!(fleet.current().unwrap().id, id);
    filter(&mut fleet, "name:web-3");
    assert_eq!(fleet.current().unwrap().name, "web-3");
}

#[test]
fn a_range_runs_from_the_last_mark() {
    let mut fleet = fleet(12);
    fleet.mark(Action::Mark, Timestamp::default());
    fleet.cursor.at = 4;
    fleet.mark(Action::MarkRange, Timestamp::default());
    assert_eq!(fleet.marked_count(), 5);
}

#[test]
fn tags_can_be_filtered_for() {
    let mut fleet = fleet(3);
    let tag = ssm::Tag { key: "Env".to_owned(), value: "prod".to_owned() };
    fleet.node_mut(Origin::default(), "mi-00000000000000002").unwrap().set_tags(&[tag]);
    filter(&mut fleet, "tag:Env=prod");
    assert_eq!(fleet.shown(), 1);
    filter(&mut fleet, "!tag:Env");
    assert_eq!(fleet.shown(), 2);
}

proptest::proptest! {
    /// Ranks are a short cut: the order is the one that whole values would give, and small changes keep it.
    #[test]
    fn the_order_is_that_of_the_values(
        nodes in proptest::collection::vec(("[ab]{0,2}[0-9]{0,3}x?", "(the same long beginning )?[abAB]{0,2}", 0i64..3, proptest::bool::ANY), 1..40),
        first in 0usize..15, second in 0usize..15, reversed: (bool, bool),
    ) {
        let mut fleet = Fleet::default();
        fleet.begin(Origin::default());
        let make = |(at, (name, role, seen, lost)): (usize, &(String, String, i64, bool))| ssm::InstanceInformation {
            iam_role: Some(role.clone()),
            last_ping_date_time: (*seen > 0).then(|| Timestamp::from_millis(*seen)),
            ..info(&format!("mi-{at}"), name, if *lost { PingStatus::ConnectionLost } else { PingStatus::Online })
        };
        let page: Vec<_> = nodes.iter().enumerate().map(make).collect();
        fleet.land(Origin::default(), &"".into(), &page);
        fleet.finish(Origin::default());
        let columns: Vec<_> = Column::all().collect();
        let sort = vec![(columns[first].clone(), reversed.0), (columns[second].clone(), reversed.1)];
        fleet.set_sort(sort.clone());
        fleet.settle(Timestamp::default());
        let value = |node: &Node, column: &Column| match column {
            Column::Ping => if node.ping == PingStatus::Online { "1" } else { "0" }.to_owned(),
            Column::LastSeen => node.last_seen.map_or(9, |at| 5 - at.as_millis()).to_string(),
            column => column.value(node, Timestamp::default()).to_lowercase(),
        };
        for row in 1..fleet.shown() {
            let (a, b) = (fleet.row(row - 1).unwrap(), fleet.row(row).unwrap());
            let mut order = std::cmp::Ordering::Equal;
            for (column, reversed) in &sort {
                let (x, y) = (value(a, column), value(b, column));
                let natural = crate::console::state::node::natural(&x, &y);
                let one = if *column == Column::Id { x.cmp(&y) } else { natural };
                // Leading zeros make no difference to a number; what is not known stands last either way.
                let same = *column != Column::Id && crate::console::state::node::natural_key(&x) == crate::console::state::node::natural_key(&y);
                let nothing = |x: &str| x.is_empty() || *column == Column::LastSeen && x == "9";
                let (unknown, one) = match (nothing(&x), nothing(&y)) {
                    (true, true) => continue,
                    (false, false) => (false, one),
                    (x, y) => (true, x.cmp(&y)),
                };
                let one = match one { _ if same => continue, one if *reversed && !unknown => one.reverse(), one => one };
                order = one;
                break;
            }
            proptest::prop_assert!(order.is_le(), "{} before {} by {:?}", a.name, b.name, sort);
        }
    }
}
