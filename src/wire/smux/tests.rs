use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Carries what waits on one side to the other, in pieces of `piece` bytes.
fn carry(from: &mut Mux, to: &mut Mux, piece: usize) {
    while let Some(bytes) = from.poll_output() {
        bytes.chunks(piece).for_each(|piece| to.receive(piece).unwrap());
    }
}

fn events(mux: &mut Mux) -> Vec<MuxEvent> {
    std::iter::from_fn(|| mux.poll_event()).collect()
}

#[test]
fn frames_look_as_on_the_wire() {
    let mut client = Mux::new(Side::Client);
    let first = client.open();
    client.write(first, b"hi");
    client.close(first);
    assert_eq!(client.open(), StreamId(5));
    let bytes = client.poll_output().unwrap();
    assert_eq!(&bytes[..8], [1, 0, 0, 0, 3, 0, 0, 0]);
    assert_eq!(&bytes[8..18], [1, 2, 2, 0, 3, 0, 0, 0, b'h', b'i']);
    assert_eq!(&bytes[18..26], [1, 1, 0, 0, 3, 0, 0, 0]);
    assert_eq!(&bytes[26..], [1, 0, 0, 0, 5, 0, 0, 0]);
    assert_eq!(client.poll_output(), None);
}

#[test]
fn a_stream_is_opened_used_and_closed_by_either_end() {
    let (mut client, mut server) = (Mux::new(Side::Client), Mux::new(Side::Server));
    let (a, b) = (client.open(), client.open());
    client.write(a, b"ping");
    carry(&mut client, &mut server, 3);
    let data: Vec<u8> = events(&mut server)
        .into_iter()
        .filter_map(|event| match event {
            MuxEvent::Data(id, bytes) if id == a => Some(bytes.to_vec()),
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!(data, b"ping");
    server.write(a, b"pong");
    server.close(a);
    client.write(b, b"last");
    client.close(b);
    carry(&mut server, &mut client, 1000);
    assert_eq!(events(&mut client), [MuxEvent::Data(a, Bytes::from_static(b"pong")), MuxEvent::Closed(a)]);
    carry(&mut client, &mut server, 1000);
    assert_eq!(events(&mut server), [MuxEvent::Data(b, Bytes::from_static(b"last")), MuxEvent::Closed(b)]);
    client.close(a);
    server.close(b);
    carry(&mut client, &mut server, 1000);
    carry(&mut server, &mut client, 1000);
    // The answers to a close are no news.
    assert_eq!((events(&mut client).len(), events(&mut server).len()), (0, 0));
    assert_eq!((client.streams(), server.streams()), (0, 0));
}

#[test]
fn an_answer_can_follow_the_end_of_a_question() {
    let (mut client, mut server) = (Mux::new(Side::Client), Mux::new(Side::Server));
    let id = client.open();
    client.write(id, b"question");
    client.finish(id);
    client.write(id, b"too late");
    carry(&mut client, &mut server, 1000);
    let question = MuxEvent::Data(id, Bytes::from_static(b"question"));
    assert_eq!(events(&mut server), [MuxEvent::Opened(id), question, MuxEvent::Closed(id)]);
    server.write(id, b"answer");
    server.close(id);
    carry(&mut server, &mut client, 1000);
    assert_eq!(events(&mut client), [MuxEvent::Data(id, Bytes::from_static(b"answer")), MuxEvent::Closed(id)]);
    client.close(id);
    assert_eq!((client.poll_output(), client.streams()), (None, 0), "its end was told already");
}

#[test]
fn what_is_under_way_for_a_closed_stream_is_dropped() {
    let (mut client, mut server) = (Mux::new(Side::Client), Mux::new(Side::Server));
    let id = client.open();
    carry(&mut client, &mut server, 1000);
    server.write(id, b"too late");
    client.close(id);
    carry(&mut server, &mut client, 5);
    assert_eq!(events(&mut client), []);
    client.write(id, b"nowhere");
    carry(&mut client, &mut server, 1000);
    assert_eq!(events(&mut server), [MuxEvent::Opened(id), MuxEvent::Closed(id)]);
}

#[test]
fn what_is_no_smux_is_an_error_for_good() {
    for (bytes, error) in [
        ([2, 0, 0, 0, 3, 0, 0, 0], MuxError::Version(2)),
        ([1, 4, 8, 0, 3, 0, 0, 0], MuxError::Command(4)),
        ([1, 0, 1, 0, 3, 0, 0, 0], MuxError::Length(0, 1)),
        ([1, 0, 0, 0, 4, 0, 0, 0], MuxError::Stream(4)),
    ] {
        let mut server = Mux::new(Side::Server);
        assert_eq!(server.receive(&bytes), Err(error));
        assert_eq!(server.receive(&[1, 3, 0, 0, 0, 0, 0, 0]), Err(error));
    }
}

#[test]
fn a_flood_stops_at_the_limits() {
    let mut server = Mux::new(Side::Server);
    let mut opened = 0u32;
    while server.wants_input() && opened < 1_000_000 {
        let [a, b, c, d] = (opened * 2 + 3).to_le_bytes();
        server.receive(&[1, 0, 0, 0, a, b, c, d]).unwrap();
        opened += 1;
        // A reader that is as fast as the peer does not change that the number of streams is limited.
        while server.poll_event().is_some() {}
    }
    assert_eq!(server.streams(), STREAM_LIMIT);
    assert!(server.output.len() <= 2 * OUTPUT_LIMIT, "{}", server.output.len());

    let (mut client, mut server) = (Mux::new(Side::Client), Mux::new(Side::Server));
    let id = client.open();
    let mut fed = 0;
    while server.wants_input() {
        assert!(client.can_write());
        client.write(id, &[7; 10_000]);
        carry(&mut client, &mut server, 4096);
        fed += 10_000;
    }
    assert!(fed <= EVENT_LIMIT + 10_000, "{fed}");
    while client.can_write() {
        client.write(id, &[7; 10_000]);
    }
    assert!(client.output.len() < OUTPUT_LIMIT + 11_000);
}

#[test]
fn a_kept_alive_line_says_so_every_ten_seconds() {
    let mut client = Mux::new(Side::Client);
    let at = Timestamp::from_millis;
    assert_eq!(client.deadline(), None);
    client.keep_alive(at(0));
    client.tick(at(9_999));
    assert_eq!(client.poll_output(), None);
    assert_eq!(client.deadline(), Some(at(10_000)));
    client.tick(at(10_000));
    assert_eq!(client.poll_output().as_deref(), Some(&[1, 3, 0, 0, 0, 0, 0, 0][..]));
    assert_eq!(client.deadline(), Some(at(20_000)));
}

/// One step of a conversation.
#[derive(Clone, Debug)]
enum Step {
    Open,
    Write(usize, usize, bool),
    Finish(usize, bool),
    Carry(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::Open),
        4 => (0usize..6, 0usize..70_000, any::<bool>()).prop_map(|(n, size, up)| Step::Write(n, size, up)),
        1 => (0usize..6, any::<bool>()).prop_map(|(n, up)| Step::Finish(n, up)),
        3 => (1usize..50_000).prop_map(Step::Carry),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_stream_arrives_whole_and_in_order(steps in proptest::collection::vec(step(), 1..40)) {
        let (mut client, mut server) = (Mux::new(Side::Client), Mux::new(Side::Server));
        let mut ids = Vec::new();
        // What was written before this end had finished the stream, and what arrived, by direction and stream.
        let mut written: BTreeMap<(bool, StreamId), Vec<u8>> = BTreeMap::new();
        let mut arrived: BTreeMap<(bool, StreamId), Vec<u8>> = BTreeMap::new();
        let mut value = 0u8;
        let mut exchange = |client: &mut Mux, server: &mut Mux, piece: usize| {
            for up in [true, false] {
                let (from, to) = if up { (&mut *client, &mut *server) } else { (&mut *server, &mut *client) };
                carry(from, to, piece);
                for event in events(to) {
                    match event {
                        MuxEvent::Data(id, bytes) => arrived.entry((up, id)).or_default().extend_from_slice(&bytes),
                        MuxEvent::Closed(_) | MuxEvent::Abandoned(_) | MuxEvent::Opened(_) => {}
                    }
                }
            }
        };
        for step in steps {
            match step {
                Step::Open => ids.push(client.open()),
                Step::Write(n, size, up) => {
                    let Some(id) = ids.get(n).copied() else { continue };
                    let mux = if up { &mut client } else { &mut server };
                    if mux.open.get(&id.0).is_some_and(|ends| !ends.own) {
                        let data: Vec<u8> = (0..size).map(|_| { value = value.wrapping_add(1); value }).collect();
                        mux.write(id, &data);
                        written.entry((up, id)).or_default().extend(data);
                    }
                }
                Step::Finish(n, up) => {
                    let Some(id) = ids.get(n).copied() else { continue };
                    if up { client.finish(id) } else { server.finish(id) }
                }
                Step::Carry(piece) => exchange(&mut client, &mut server, piece),
            }
        }
        exchange(&mut client, &mut server, 4096);
        written.retain(|_, sent| !sent.is_empty());
        prop_assert_eq!(arrived, written);
    }

    #[test]
    fn no_bytes_panic_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..300), piece in 1usize..40) {
        for side in [Side::Client, Side::Server] {
            let mut mux = Mux::new(side);
            for piece in bytes.chunks(piece) {
                let _ = mux.receive(piece);
            }
            events(&mut mux);
            mux.poll_output();
        }
    }

    #[test]
    fn no_frames_panic_an_end(frames in proptest::collection::vec((0u8..5, 0u16..20, 0u32..10), 0..60)) {
        for side in [Side::Client, Side::Server] {
            let mut mux = Mux::new(side);
            mux.open();
            for (command, length, id) in &frames {
                let mut bytes = vec![1, *command];
                bytes.extend(length.to_le_bytes());
                bytes.extend(id.to_le_bytes());
                bytes.resize(8 + usize::from(*length), 0);
                let _ = mux.receive(&bytes);
            }
            prop_assert!(mux.streams() <= frames.len() + 1);
        }
    }
}
