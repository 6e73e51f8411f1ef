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
    let mut client = Mux::new(Side::Client, false);
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
    let (mut client, mut server) = (Mux::new(Side::Client, false), Mux::new(Side::Server, false));
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
    let (mut client, mut server) = (Mux::new(Side::Client, false), Mux::new(Side::Server, false));
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
    let (mut client, mut server) = (Mux::new(Side::Client, false), Mux::new(Side::Server, false));
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
        ([2, 0, 0, 0, 3, 0, 0, 0], MuxError::Version(2, 1)),
        ([1, 4, 8, 0, 3, 0, 0, 0], MuxError::Command(4)),
        ([1, 0, 1, 0, 3, 0, 0, 0], MuxError::Length(0, 1)),
        ([1, 0, 0, 0, 4, 0, 0, 0], MuxError::Stream(4)),
    ] {
        let mut server = Mux::new(Side::Server, false);
        assert_eq!(server.receive(&bytes), Err(error));
        assert_eq!(server.receive(&[1, 3, 0, 0, 0, 0, 0, 0]), Err(error));
    }
}

/// Both ends with windows, and a stream between them.
fn with_windows() -> (Mux, Mux, StreamId) {
    let (mut client, mut server) = (Mux::new(Side::Client, true), Mux::new(Side::Server, true));
    let id = client.open();
    carry(&mut client, &mut server, 1000);
    assert_eq!(events(&mut server), [MuxEvent::Opened(id)]);
    (client, server, id)
}

#[test]
fn what_was_read_makes_room_and_a_fast_reader_gets_more_of_it() {
    let (mut client, mut server, id) = with_windows();
    client.write(id, &[7; FIRST_WINDOW as usize]);
    carry(&mut client, &mut server, 4096);
    server.consumed(id, FIRST_WINDOW / 2 - 1);
    assert_eq!(server.poll_output(), None, "not for every byte");
    server.consumed(id, 1);
    let update = server.poll_output().unwrap();
    assert_eq!(&update[..8], [2, 4, 8, 0, 3, 0, 0, 0]);
    assert_eq!(&update[8..], [FIRST_WINDOW / 2, FIRST_WINDOW].map(u32::to_le_bytes).concat());
    update.chunks(3).for_each(|piece| client.receive(piece).unwrap());
    client.receive(&update).unwrap();
    assert_eq!(events(&mut client), [MuxEvent::Room(id, FIRST_WINDOW / 2)], "said twice, it is no more");

    // Everything that has come was read: the window doubles, and so on up to the largest.
    server.consumed(id, FIRST_WINDOW / 2);
    let mut window = 2 * FIRST_WINDOW;
    carry(&mut server, &mut client, 1000);
    assert_eq!(events(&mut client), [MuxEvent::Room(id, FIRST_WINDOW / 2 + FIRST_WINDOW)]);
    while window < LARGEST_WINDOW {
        client.write(id, &vec![7; window as usize]);
        carry(&mut client, &mut server, 4096);
        server.consumed(id, window);
        carry(&mut server, &mut client, 1000);
        window *= 2;
        assert_eq!(events(&mut client), [MuxEvent::Room(id, window)]);
    }
    client.write(id, &vec![7; window as usize]);
    carry(&mut client, &mut server, 4096);
    server.consumed(id, window);
    carry(&mut server, &mut client, 1000);
    assert_eq!(events(&mut client), [MuxEvent::Room(id, window)]);
}

#[test]
fn a_peer_that_writes_beyond_its_window_is_none() {
    let (mut client, mut server, id) = with_windows();
    client.write(id, &[7; FIRST_WINDOW as usize]);
    carry(&mut client, &mut server, 4096);
    client.write(id, b"x");
    assert_eq!(server.receive(&client.poll_output().unwrap()), Err(MuxError::Window(id.0)));

    // Streams that are closed here have no window: what is under way to them is nobody's fault.
    let (mut client, mut server, id) = with_windows();
    client.write(id, &[7; FIRST_WINDOW as usize]);
    server.close(id);
    client.write(id, b"x");
    carry(&mut client, &mut server, 4096);
    assert_eq!(server.receive(&[2, 4, 7, 0, 3, 0, 0, 0]), Err(MuxError::Length(4, 7)));
    assert_eq!(client.receive(&[1, 3, 0, 0, 0, 0, 0, 0]), Err(MuxError::Version(1, 2)));
}

#[test]
fn room_that_nobody_can_give_is_none() {
    let (mut client, _, id) = with_windows();
    for [read, window] in
        [[0, FIRST_WINDOW], [0, 0], [0, u32::MAX], [1 << 31, 0], [0, FIRST_WINDOW + LARGEST_WINDOW + 1]]
    {
        let [read, window] = [read, window].map(u32::to_le_bytes);
        client.receive(&[&[2, 4, 8, 0, 3, 0, 0, 0][..], &read, &window].concat()).unwrap();
    }
    assert_eq!(events(&mut client), []);
    client.receive(&[2, 4, 8, 0, 99, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]).unwrap();
    client.write(id, b"it goes on");
    assert!(client.poll_output().is_some());
}

#[test]
fn a_flood_stops_at_the_limits() {
    let mut server = Mux::new(Side::Server, false);
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

    let (mut client, mut server) = (Mux::new(Side::Client, false), Mux::new(Side::Server, false));
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
    let mut client = Mux::new(Side::Client, false);
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

/// Both ends, and what came of a conversation so far, by direction and stream.
struct Talk {
    client: Mux,
    server: Mux,
    arrived: BTreeMap<(bool, StreamId), Vec<u8>>,
    /// What may be written, where it is limited.
    room: BTreeMap<(bool, StreamId), usize>,
}

impl Talk {
    fn new(windows: bool) -> Self {
        let (client, server) = (Mux::new(Side::Client, windows), Mux::new(Side::Server, windows));
        Self { client, server, arrived: BTreeMap::new(), room: BTreeMap::new() }
    }

    /// Carries what waits, both ways. Every other stream is read at once, the others never.
    fn exchange(&mut self, piece: usize) {
        for up in [true, false, true] {
            let (from, to) =
                if up { (&mut self.client, &mut self.server) } else { (&mut self.server, &mut self.client) };
            carry(from, to, piece);
            for event in events(to) {
                match event {
                    MuxEvent::Data(id, bytes) => {
                        self.arrived.entry((up, id)).or_default().extend_from_slice(&bytes);
                        if id.0 % 4 == 3 {
                            to.consumed(id, u32::try_from(bytes.len()).unwrap());
                        }
                    }
                    MuxEvent::Room(id, more) => {
                        *self.room.entry((!up, id)).or_insert(FIRST_WINDOW as usize) += more as usize;
                    }
                    MuxEvent::Closed(_) | MuxEvent::Abandoned(_) | MuxEvent::Opened(_) => {}
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_stream_arrives_whole_and_in_order(
        steps in proptest::collection::vec(step(), 1..60),
        windows in any::<bool>(),
    ) {
        let mut talk = Talk::new(windows);
        let mut ids = Vec::new();
        // What was written before this end had finished the stream.
        let mut written: BTreeMap<(bool, StreamId), Vec<u8>> = BTreeMap::new();
        let mut value = 0u8;
        for step in steps {
            match step {
                Step::Open => ids.push(talk.client.open()),
                Step::Write(n, mut size, up) => {
                    let Some(id) = ids.get(n).copied() else { continue };
                    if windows {
                        let room = talk.room.entry((up, id)).or_insert(FIRST_WINDOW as usize);
                        size = size.min(*room);
                        *room -= size;
                    }
                    let mux = if up { &mut talk.client } else { &mut talk.server };
                    if mux.open.get(&id.0).is_some_and(|ends| !ends.own) {
                        let data: Vec<u8> = (0..size).map(|_| { value = value.wrapping_add(1); value }).collect();
                        mux.write(id, &data);
                        written.entry((up, id)).or_default().extend(data);
                    }
                }
                Step::Finish(n, up) => {
                    let Some(id) = ids.get(n).copied() else { continue };
                    if up { talk.client.finish(id) } else { talk.server.finish(id) }
                }
                Step::Carry(piece) => talk.exchange(piece),
            }
        }
        talk.exchange(4096);
        written.retain(|_, sent| !sent.is_empty());
        prop_assert_eq!(talk.arrived, written);
    }

    #[test]
    fn no_bytes_panic_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..300), piece in 1usize..40) {
        for (side, windows) in [(Side::Client, false), (Side::Server, false), (Side::Client, true), (Side::Server, true)] {
            let mut mux = Mux::new(side, windows);
            for piece in bytes.chunks(piece) {
                let _ = mux.receive(piece);
            }
            events(&mut mux);
            mux.poll_output();
        }
    }

    #[test]
    fn no_frames_panic_an_end(frames in proptest::collection::vec((0u8..5, 0u16..20, 0u32..10), 0..60)) {
        for (side, windows) in [(Side::Client, false), (Side::Server, false), (Side::Client, true), (Side::Server, true)] {
            let mut mux = Mux::new(side, windows);
            mux.open();
            for (command, length, id) in &frames {
                let mut bytes = vec![1 + u8::from(windows), *command];
                bytes.extend(length.to_le_bytes());
                bytes.extend(id.to_le_bytes());
                bytes.resize(8 + usize::from(*length), 0);
                let _ = mux.receive(&bytes);
            }
            prop_assert!(mux.streams() <= frames.len() + 1);
        }
    }
}
