use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::{
    carry::{BACKLOG, LINGER_BYTES},
    *,
};

/// Between our own ends.
const OWN: StreamTerms = StreamTerms { halves: true, windows: true };

fn ends(terms: StreamTerms) -> (Streams, Streams) {
    (Streams::new(Side::Client, Arc::default(), terms), Streams::new(Side::Server, Arc::default(), terms))
}

/// Carries what waits between two ends, and answers what they want to connect with `far`.
async fn exchange(near: &mut Streams, far: &mut Streams, refuse: bool) -> bool {
    let mut refused = false;
    for _ in 0..8 {
        while let Some(bytes) = near.poll_output() {
            for stream in far.receive(bytes).unwrap() {
                let (ours, theirs) = duplex(64);
                // The server closes when it is left.
                drop(theirs);
                far.attach(stream, async move {
                    if refuse { Err(io::ErrorKind::ConnectionRefused.into()) } else { Ok(ours) }
                });
            }
        }
        while let Some(bytes) = far.poll_output() {
            near.receive(bytes).unwrap();
        }
        if far.connections() == 0 {
            break;
        }
        refused |= matches!(far.next().await, Turn::Refused { .. });
    }
    refused
}

#[tokio::test]
async fn a_knock_is_answered_when_the_connection_was_made_and_counts_as_none() {
    let (mut near, mut far) = ends(StreamTerms::default());
    for refuse in [false, true] {
        near.knock();
        assert!(!near.take_answer());
        assert_eq!(exchange(&mut near, &mut far, refuse).await, refuse);
        assert!(near.take_answer() && !near.take_answer());
    }
    assert_eq!((near.connections(), near.counts.accepted.load(Ordering::Relaxed), near.mux.streams()), (0, 0, 0));
}

/// Both ends of a session, joined, with a far side that connects each stream to what `far` gives.
struct Pair {
    near: Streams,
    far: Streams,
    connect: mpsc::UnboundedSender<DuplexStream>,
}

impl Pair {
    fn new(terms: StreamTerms) -> (Self, mpsc::UnboundedReceiver<DuplexStream>) {
        let (connect, connections) = mpsc::unbounded_channel();
        let (near, far) = ends(terms);
        (Self { near, far, connect }, connections)
    }

    /// Carries bytes between the ends for ever.
    async fn run(mut self, refuse: bool, refused: mpsc::UnboundedSender<io::ErrorKind>) {
        loop {
            while let Some(bytes) = self.near.poll_output() {
                for stream in self.far.receive(bytes).unwrap() {
                    let (ours, theirs) = duplex(64 * 1024);
                    let kept = !refuse && self.connect.send(theirs).is_ok();
                    self.far.attach(stream, async move {
                        if kept { Ok(ours) } else { Err(io::ErrorKind::ConnectionRefused.into()) }
                    });
                }
            }
            while let Some(bytes) = self.far.poll_output() {
                assert_eq!(self.near.receive(bytes).unwrap(), []);
            }
            tokio::select! {
                _ = self.near.next() => {}
                turn = self.far.next() => if let Turn::Refused { error, .. } = turn {
                    let _ = refused.send(error.kind());
                },
            }
        }
    }
}

#[tokio::test]
async fn what_comes_together_with_the_opening_of_a_stream_is_not_lost() {
    let mut peer = Mux::new(Side::Client, false);
    let stream = peer.open();
    peer.write(stream, b"hello");
    let together: Vec<u8> = std::iter::from_fn(|| peer.poll_output()).flatten().collect();
    let mut streams = Streams::new(Side::Server, Arc::default(), StreamTerms::default());
    let opened = streams.receive(together.into()).unwrap();
    assert_eq!(opened.len(), 1);
    let (mut user, ours) = duplex(1024);
    streams.attach(opened[0], async { Ok(ours) });
    let mut came = [0; 5];
    user.read_exact(&mut came).await.unwrap();
    assert_eq!(&came, b"hello");
}

#[tokio::test]
async fn connections_are_carried_apart_and_end_one_by_one() {
    let (mut pair, mut connections) = Pair::new(StreamTerms::default());
    let mut users = Vec::new();
    for _ in 0..8 {
        let (user, ours) = duplex(64 * 1024);
        assert!(pair.near.open(ours));
        users.push(user);
    }
    let counts = pair.near.counts.clone();
    let (refused, _) = mpsc::unbounded_channel();
    tokio::spawn(pair.run(false, refused));
    let echoes = tokio::spawn(async move {
        while let Some(mut connection) = connections.recv().await {
            tokio::spawn(async move {
                let mut question = Vec::new();
                // The answer follows the end of the question.
                connection.read_to_end(&mut question).await.unwrap();
                question.reverse();
                connection.write_all(&question).await.unwrap();
            });
        }
    });
    let asked = users.into_iter().enumerate().map(async |(number, mut user)| {
        let question = vec![u8::try_from(number).unwrap(); 300_000 + number];
        user.write_all(&question).await.unwrap();
        user.shutdown().await.unwrap();
        let mut answer = Vec::new();
        user.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, question);
    });
    futures_util::future::join_all(asked).await;
    assert_eq!(counts.accepted.load(Ordering::Relaxed), 8);
    let expected: u64 = (0..8).map(|number| 300_000 + number).sum();
    assert_eq!(counts.received.load(Ordering::Relaxed), expected);
    echoes.abort();
}

/// A pair between our own ends, with one connection; the user's end of it, and the server's once that was asked.
async fn own_pair(question: &[u8]) -> (DuplexStream, DuplexStream) {
    let (mut pair, mut connections) = Pair::new(OWN);
    let (mut user, ours) = duplex(64 * 1024);
    assert!(pair.near.open(ours));
    let (refused, _) = mpsc::unbounded_channel();
    tokio::spawn(pair.run(false, refused));
    user.write_all(question).await.unwrap();
    user.shutdown().await.unwrap();
    let mut server = connections.recv().await.unwrap();
    let mut asked = Vec::new();
    server.read_to_end(&mut asked).await.unwrap();
    assert_eq!(asked, question);
    (user, server)
}

#[tokio::test]
async fn an_answer_of_any_size_follows_the_end_of_the_question() {
    let (mut user, mut server) = own_pair(b"question").await;
    tokio::spawn(async move {
        server.write_all(&vec![7; 3 * LINGER_BYTES]).await.unwrap();
        server.shutdown().await.unwrap();
    });
    let mut answer = Vec::new();
    user.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer.len(), 3 * LINGER_BYTES);
}

#[tokio::test]
async fn an_answer_that_nobody_waits_for_any_more_is_cut_off() {
    let (mut user, mut server) = own_pair(b"question").await;
    let endless = tokio::spawn(async move { while server.write_all(&[7; 64 * 1024]).await.is_ok() {} });
    user.read_exact(&mut [0; 1024]).await.unwrap();
    drop(user);
    endless.await.unwrap();
}

#[test]
fn a_peer_that_asks_and_takes_no_answer_is_not_asked_for_more() {
    let mut near = Streams::new(Side::Client, Arc::default(), StreamTerms::default());
    // Streams that are not for it to open: each is answered.
    let openings = Bytes::from([1, 0, 0, 0, 2, 0, 0, 0].repeat(4096));
    let mut taken = 0;
    while near.wants_input() {
        near.receive(openings.clone()).unwrap();
        taken += 1;
        assert!(taken < 100, "the answers pile up");
    }
    while near.poll_output().is_some() {}
    assert!(near.wants_input());
}

#[tokio::test]
async fn a_connection_that_is_refused_is_told_and_closed() {
    let (mut pair, _connections) = Pair::new(StreamTerms::default());
    let (mut user, ours) = duplex(1024);
    assert!(pair.near.open(ours));
    let (refused, mut errors) = mpsc::unbounded_channel();
    tokio::spawn(pair.run(true, refused));
    assert_eq!(errors.recv().await, Some(io::ErrorKind::ConnectionRefused));
    assert_eq!(user.read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test]
async fn what_was_meant_for_connections_that_were_refused_holds_nothing_up() {
    let mut peer = Mux::new(Side::Client, false);
    let mut far = Streams::new(Side::Server, Arc::default(), StreamTerms::default());
    for _ in 0..2 * BACKLOG / (64 * 1024) {
        let stream = peer.open();
        peer.write(stream, &[7; 64 * 1024]);
        assert!(far.wants_input());
        while let Some(bytes) = peer.poll_output() {
            for stream in far.receive(bytes).unwrap() {
                far.attach(stream, async { Err::<DuplexStream, _>(io::ErrorKind::ConnectionRefused.into()) });
            }
        }
        while !matches!(far.next().await, Turn::Refused { .. }) {}
    }
}

#[tokio::test]
async fn single_bytes_for_a_connection_that_takes_nothing_are_bounded_as_well() {
    let mut peer = Mux::new(Side::Client, false);
    let stream = peer.open();
    let mut far = Streams::new(Side::Server, Arc::default(), StreamTerms::default());
    let opening = peer.poll_output().unwrap();
    for stream in far.receive(opening).unwrap() {
        far.attach(stream, std::future::pending::<io::Result<DuplexStream>>());
    }
    let mut pieces = 0;
    while far.wants_input() {
        peer.write(stream, b"x");
        far.receive(peer.poll_output().unwrap()).unwrap();
        pieces += 1;
        assert!(pieces < 100_000, "every byte takes a place of its own");
    }
}

#[tokio::test]
async fn a_connection_that_takes_nothing_stops_the_stream_and_no_more() {
    let (mut near, mut far) = ends(StreamTerms::default());
    let (mut user, ours) = duplex(1024 * 1024);
    assert!(near.open(ours));
    let (theirs, stuck) = duplex(16);
    let mut theirs = Some(theirs);
    let flood = tokio::spawn(async move { while user.write_all(&[7; 64 * 1024]).await.is_ok() {} });
    while far.wants_input() {
        near.next().await;
        while let Some(bytes) = near.poll_output() {
            for stream in far.receive(bytes).unwrap() {
                let theirs = theirs.take().unwrap();
                far.attach(stream, async { Ok(theirs) });
            }
        }
    }
    // The one that is stuck goes, and with it what waited for it.
    drop(stuck);
    while !far.wants_input() {
        far.next().await;
    }
    flood.abort();
}

#[tokio::test]
async fn between_our_own_ends_a_connection_that_nobody_reads_stops_no_other_one() {
    const SIZE: usize = 3 * LARGEST_WINDOW as usize;
    let (mut pair, mut connections) = Pair::new(OWN);
    let mut users = Vec::new();
    for _ in 0..2 {
        let (user, ours) = duplex(64 * 1024);
        assert!(pair.near.open(ours));
        users.push(user);
    }
    let (refused, _) = mpsc::unbounded_channel();
    let sent = pair.near.counts.clone();
    tokio::spawn(pair.run(false, refused));
    let (mut stuck, mut echo) = (connections.recv().await.unwrap(), connections.recv().await.unwrap());
    let (mut user, mut ignored) = (users.pop().unwrap(), users.pop().unwrap());
    let flood = tokio::spawn(async move {
        ignored.write_all(&vec![7; SIZE]).await.unwrap();
        ignored.shutdown().await.unwrap();
        ignored
    });
    // Its window is full.
    while sent.sent.load(Ordering::Relaxed) < u64::from(FIRST_WINDOW) {
        tokio::task::yield_now().await;
    }
    tokio::spawn(async move {
        let (mut from, mut to) = tokio::io::split(&mut echo);
        tokio::io::copy(&mut from, &mut to).await.unwrap();
        to.shutdown().await.unwrap();
    });
    let (mut from, mut to) = tokio::io::split(&mut user);
    let ask = async {
        to.write_all(&vec![9; SIZE]).await.unwrap();
        to.shutdown().await.unwrap();
    };
    let mut answer = Vec::new();
    let (_, answered) = tokio::join!(ask, from.read_to_end(&mut answer));
    assert_eq!(answered.unwrap(), SIZE);
    assert!(!flood.is_finished() && sent.sent.load(Ordering::Relaxed) < (SIZE + SIZE / 2) as u64);

    // Once it is read, it comes whole.
    let mut came = Vec::new();
    stuck.read_to_end(&mut came).await.unwrap();
    assert!(came == vec![7; SIZE]);
    flood.await.unwrap();
}

#[tokio::test]
async fn the_connection_that_others_wait_for_is_known_by_its_number() {
    let (mut near, mut far) =
        (Streams::new(Side::Client, Arc::default(), StreamTerms::default()), Mux::new(Side::Server, false));
    let open = |near: &mut Streams, far: &mut Mux| {
        let (user, ours) = duplex(64);
        assert!(near.open(ours));
        far.receive(&near.poll_output().unwrap()).unwrap();
        let opened = std::iter::from_fn(|| far.poll_event()).find_map(|event| match event {
            MuxEvent::Opened(stream) => Some(stream),
            _ => None,
        });
        (user, opened.unwrap())
    };
    let ((mut read, first), (mut idle, second)) = (open(&mut near, &mut far), open(&mut near, &mut far));
    far.write(first, b"hello");
    near.receive(far.poll_output().unwrap()).unwrap();
    read.read_exact(&mut [0; 5]).await.unwrap();
    while near.wants_input() {
        assert_eq!(near.held_up_by(), None);
        far.write(second, &[7; 64 * 1024]);
        near.receive(far.poll_output().unwrap()).unwrap();
    }
    assert_eq!(near.held_up_by(), Some(2));
    // Nobody else waits for it.
    drop(read);
    while near.connections() > 1 {
        near.next().await;
        if let Some(output) = near.poll_output() {
            far.receive(&output).unwrap();
        }
        far.close(first);
        if let Some(output) = far.poll_output() {
            near.receive(output).unwrap();
        }
    }
    assert_eq!(near.held_up_by(), None);
    let (_third, _) = open(&mut near, &mut far);
    assert_eq!(near.held_up_by(), Some(2));
    let mut buffer = vec![0; 64 * 1024];
    while !near.wants_input() {
        idle.read_exact(&mut buffer).await.unwrap();
    }
    assert_eq!(near.held_up_by(), None);
}
