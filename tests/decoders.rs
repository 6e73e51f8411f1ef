//! Everything that reads bytes of a peer, fed with valid messages that were damaged and with noise: nothing panics, and what is
//! kept stays within bounds.
//!
//! `PROPTEST_CASES` says how many cases each property has.

use std::{io, sync::Arc};

use bytes::Bytes;
use fleetdeck::{
    client::recording::{Event as Recorded, Filter, Player},
    console::term::{Screen, Size, paint},
    ssm::{self, DocumentFormat, DocumentType, Timestamp, document::Document},
    wire::{
        channel::{Channel, Event, LARGE_FRAME, Role},
        envelope::{Envelope, View, kind, payload},
        json, messages as m, rsa_auth,
        sealed::SessionKeys,
        sigv4::{Authorization, Request},
        smux::{Mux, MuxEvent, Side, StreamTerms},
        streams::Streams,
    },
};
use futures_util::FutureExt;
use proptest::{collection::vec, prelude::*, sample::select};

/// The key of the sessions that are encrypted here.
const KEY: [u8; 64] = [7; 64];
/// JSON of every kind that peers send, whole.
const JSON: &[&str] = &[
    r#"{"MessageSchemaVersion":"1.0","RequestId":"r","TokenValue":"t","ClientInstanceId":"i","ClientId":"c"}"#,
    r#"{"AcknowledgedMessageType":"output_stream_data","AcknowledgedMessageId":"00112233-4455-4677-8899-aabbccddeeff","AcknowledgedMessageSequenceNumber":1,"IsSequentialMessage":true}"#,
    r#"{"MessageType":"channel_closed","SchemaVersion":1,"SessionId":"s","Output":"bye","CreatedDate":"2026-11-22T10:00:00Z"}"#,
    r#"{"cols":80,"rows":24}"#,
    r#"{"AgentVersion":"3.3.0.0","RequestedClientActions":[{"ActionType":"SessionType","ActionParameters":{"SessionType":"Port","Properties":{"portNumber":"80"}}},{"ActionType":"KMSEncryption","ActionParameters":{"KMSKeyId":"k","Challenge":"c"}}]}"#,
    r#"{"ClientVersion":"1.2.650.0","ProcessedClientActions":[{"ActionType":"KMSEncryption","ActionStatus":1,"ActionResult":{"KMSCipherTextKey":"a2V5"},"Error":""}],"Errors":null}"#,
    r#"{"HandshakeTimeToComplete":1000000,"CustomerMessage":"hello"}"#,
    r#"{"Challenge":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
    r#"{"schemaVersion":1,"jobId":"j","content":"{\"Parameters\":{\"commands\":[\"ls\"]},\"DocumentContent\":{\"schemaVersion\":\"2.2\"}}"}"#,
    r#"{"SessionId":"s","StreamUrl":"wss://x","TokenValue":"t","__type":"a#TargetNotConnected","message":"no"}"#,
    r#"{"CommandInvocations":[{"CommandId":"c","InstanceId":"i","Status":"Success","CommandPlugins":[{"Name":"p","ResponseCode":0,"ResponseStartDateTime":1.7e9}]}],"NextToken":"n"}"#,
    r#"{"InstanceInformationList":[{"InstanceId":"mi-1","PingStatus":"Online","LastPingDateTime":1.7e9}],"events":[{"timestamp":1,"message":"x"}]}"#,
];
/// What programs write to a terminal.
const ESCAPES: &[&str] = &[
    "\x1b[",
    "\x1b]8;;http://a.example/\x07",
    "\x1b]52;c;aGk=\x07",
    "\x1b[38;2;1;2;3m",
    "\x1b[4:3m",
    "\x1b[?1049h",
    "\x1b[?1049l",
    "\x1b[?2026h",
    "\x1b[?2026l",
    "\x1b[2;4r",
    "\x1b[99999999999H",
    "\x1b[999b",
    "\x1b[?6h",
    "\x1b(0",
    "\x0e",
    "\x1bP+q544e\x1b\\",
    "\x1bP$qm\x1b\\",
    "\x1b[c",
    "\x1b[6n",
    "\x1b[L",
    "\x1b[65535M",
    "\x1b[@",
    "\x1b[P",
    "\x1b[2J",
    "\x1b[3J",
    "\x1bM",
    "\x1bD",
    "\x1b#8",
    "\x1bc",
    "\x1b[!p",
    "\x1b[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1m",
    "漢",
    "e\u{301}",
    "\u{200d}",
    "👩\u{200d}🚀",
    "\t",
    "\r\n",
    "\n\n\n",
    "text that is longer than a line of a small screen",
    "\u{9b}31m",
];

/// What happens to bytes on their way.
#[derive(Clone, Debug)]
enum Damage {
    Flip(usize, u8),
    Cut(usize),
    Insert(usize, Vec<u8>),
    /// A part of it comes twice.
    Repeat(usize, usize),
    /// A number becomes a large one, or one at an edge.
    Exaggerate(usize, u64, usize),
}

fn damage() -> impl Strategy<Value = Vec<Damage>> {
    let numbers = select(vec![0, 1, 0x7f, 0x80, 0xffff, 0x7fff_ffff, 0xffff_ffff, u64::MAX / 2, u64::MAX]);
    let one = prop_oneof![
        (any::<usize>(), 0..8u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        any::<usize>().prop_map(Damage::Cut),
        (any::<usize>(), vec(any::<u8>(), 1..20)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (any::<usize>(), any::<usize>()).prop_map(|(from, to)| Damage::Repeat(from, to)),
        (any::<usize>(), numbers, 1..9usize).prop_map(|(at, number, width)| Damage::Exaggerate(at, number, width)),
    ];
    // Half of all is whole.
    prop_oneof![Just(Vec::new()), vec(one, 1..4)]
}

fn damaged(mut bytes: Vec<u8>, damage: &[Damage]) -> Vec<u8> {
    for damage in damage {
        let length = bytes.len().max(1);
        match damage {
            Damage::Flip(at, bit) => {
                if let Some(byte) = bytes.get_mut(at % length) {
                    *byte ^= 1 << bit;
                }
            }
            Damage::Cut(at) => bytes.truncate(at % length),
            Damage::Insert(at, new) => {
                let at = at % (bytes.len() + 1);
                bytes.splice(at..at, new.iter().copied());
            }
            Damage::Repeat(from, to) => {
                let (from, to) = (from % length, to % length);
                let part = bytes.get(from.min(to)..from.max(to)).unwrap_or_default().to_vec();
                bytes.extend(part);
            }
            Damage::Exaggerate(at, number, width) => {
                let at = at % length;
                let number = number.to_be_bytes();
                for (byte, new) in bytes.iter_mut().skip(at).zip(&number[8 - width..]) {
                    *byte = *new;
                }
            }
        }
    }
    bytes
}

/// JSON of a peer, whole or damaged, or noise.
fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => (select(JSON), damage()).prop_map(|(text, damage)| damaged(text.into(), &damage)),
        1 => vec(any::<u8>(), 0..200),
        1 => Just(b"EXIT_CODE: 3".to_vec()),
        1 => Just(2u32.to_be_bytes().to_vec()),
    ]
}

/// A message as it comes from a socket. What is inside may be damaged before the digest is made, so that it gets past it.
#[derive(Clone, Debug)]
struct Message {
    envelope: Envelope,
    /// Whether a peer that holds the key sends it.
    sealed: bool,
    damage: Vec<Damage>,
}

impl Message {
    fn bytes(&self, keys: &mut SessionKeys) -> Vec<u8> {
        let mut envelope = self.envelope.clone();
        if self.sealed {
            envelope.payload = keys.seal(&envelope.payload).unwrap();
        }
        damaged(envelope.encode(), &self.damage)
    }
}

fn message() -> impl Strategy<Value = Message> {
    let kinds = select(vec![
        kind::INPUT,
        kind::INPUT,
        kind::OUTPUT,
        kind::OUTPUT,
        kind::ACKNOWLEDGE,
        kind::CHANNEL_CLOSED,
        kind::START_PUBLICATION,
        kind::PAUSE_PUBLICATION,
        kind::SESSION_STATE,
        "no_such_message",
    ]);
    let sequence = prop_oneof![6 => 0..12i64, 1 => any::<i64>(), 1 => Just(i64::MAX)];
    let types = prop_oneof![8 => 0..14u32, 1 => any::<u32>()];
    let damage = prop_oneof![4 => Just(Vec::new()), 1 => damage()];
    (kinds, sequence, types, any::<u64>(), body(), any::<bool>(), damage).prop_map(
        |(kind, sequence_number, payload_type, flags, body, sealed, damage)| {
            let new = Envelope::new(kind, Timestamp::from_millis(1), body);
            Message { envelope: Envelope { sequence_number, payload_type, flags, ..new }, sealed, damage }
        },
    )
}

/// What a user or a program does in between.
#[derive(Clone, Copy, Debug)]
enum Act {
    Nothing,
    Poll,
    Write,
    Tick,
    Reconnect,
    Encrypt,
}

fn keys(role: Role) -> SessionKeys {
    SessionKeys::split(&KEY, role).unwrap()
}

/// Lets a channel do what its caller would; answers how many bytes of the stream came out.
fn act(channel: &mut Channel, role: Role, act: Act, now: Timestamp) -> usize {
    let mut came = 0;
    match act {
        Act::Nothing => {}
        Act::Poll => {
            while let Some(event) = channel.poll_event() {
                match event {
                    Event::Data(bytes) | Event::Stderr(bytes) => came += bytes.len(),
                    Event::KeyWanted { .. } => channel.answer_key(b"key", keys(role), true, now),
                    _ => {}
                }
            }
            let mut sent = 0;
            while channel.poll_transmit(now).is_some() {
                sent += 1;
                assert!(sent < 100_000, "a channel that never stops to send");
            }
        }
        Act::Write => assert!(channel.write(payload::OUTPUT, &[b'x'; 5_000], now) <= 5_000),
        Act::Tick => channel.tick(now),
        Act::Reconnect => channel.reconnected(),
        Act::Encrypt if role == Role::Agent => channel.encrypt(keys(role), now).unwrap(),
        Act::Encrypt => {}
    }
    came
}

/// A frame of smux, honest or not.
fn frame(windows: bool) -> impl Strategy<Value = Vec<u8>> {
    let version = prop_oneof![30 => Just(1 + u8::from(windows)), 1 => any::<u8>()];
    let command = prop_oneof![30 => 0..4 + u8::from(windows), 1 => any::<u8>()];
    let stated = prop_oneof![8 => Just(None), 1 => any::<u16>().prop_map(Some)];
    let id = prop_oneof![8 => 1..9u32, 1 => any::<u32>()];
    (version, command, stated, id, vec(any::<u8>(), 0..40)).prop_map(|(version, command, stated, id, mut data)| {
        match command {
            2 => {}
            4 => data.resize(8, 255),
            _ => data.clear(),
        }
        let length = stated.unwrap_or(u16::try_from(data.len()).unwrap());
        let [low, high] = length.to_le_bytes();
        [&[version, command, low, high][..], &id.to_le_bytes(), &data].concat()
    })
}

/// What multiplexers say, with windows or without.
fn multiplexed() -> impl Strategy<Value = (bool, Vec<Bytes>)> {
    any::<bool>().prop_flat_map(|windows| (Just(windows), pieces(frame(windows))))
}

/// A stream that is cut at random places.
fn pieces(unit: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<Bytes>> {
    (vec(unit, 0..40), damage(), vec(1..60usize, 1..8)).prop_map(|(units, damage, sizes)| {
        let mut rest = Bytes::from(damaged(units.concat(), &damage));
        let mut sizes = sizes.into_iter().cycle();
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            pieces.push(rest.split_to(sizes.next().unwrap_or(1).min(rest.len())));
        }
        pieces
    })
}

fn terminal_output() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => select(ESCAPES).prop_map(|text| text.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..30),
        1 => "[ -~]{0,30}".prop_map(String::into_bytes),
    ]
}

macro_rules! read_as {
    ($bytes:expr; $($type:ty),+ $(,)?) => {
        $(if let Ok(read) = serde_json::from_slice::<$type>($bytes) {
            let _ = format!("{read:?}");
        })+
    };
}

macro_rules! answer_of {
    ($status:expr, $bytes:expr; $($type:ty),+ $(,)?) => {
        $(if let Err(error) = json::decode_response::<$type>($status, Some("Code:x"), $bytes) {
            let _ = error.to_string();
        })+
    };
}

proptest! {
    // A failure prints all it takes to make a test of it.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn envelopes(message in message(), noise in vec(any::<u8>(), 0..300)) {
        for bytes in [message.bytes(&mut keys(Role::Agent)), noise] {
            let (peeked, decoded) = (View::peek(&bytes), View::decode(&bytes));
            if let Ok(view) = decoded {
                prop_assert_eq!(peeked, Ok(view), "what is whole is peeked at alike");
                prop_assert!(view.payload.len() < bytes.len());
            }
            let _ = Envelope::decode(&bytes);
        }
    }

    #[test]
    fn channels(
        messages in vec((message(), select(vec![Act::Nothing, Act::Poll, Act::Write, Act::Tick, Act::Reconnect, Act::Encrypt])), 0..30),
        noise in vec(any::<u8>(), 0..200),
    ) {
        for (role, peer) in [(Role::Client, Role::Agent), (Role::Agent, Role::Client)] {
            let (mut channel, mut sealing) = (Channel::new(role, LARGE_FRAME), keys(peer));
            let (mut now, mut fed, mut came) = (Timestamp::from_millis(1_000), noise.len(), 0);
            let _ = channel.receive(&Bytes::from(noise.clone()), now);
            for (message, next) in &messages {
                let bytes = Bytes::from(message.bytes(&mut sealing));
                fed += bytes.len();
                let _ = channel.receive(&bytes, now);
                now = now.plus(std::time::Duration::from_millis(700));
                came += act(&mut channel, role, *next, now);
                let _ = channel.deadline();
            }
            came += act(&mut channel, role, Act::Poll, now);
            prop_assert!(came <= fed, "{came} bytes came of {fed}");
        }
    }

    #[test]
    fn sealed_texts(plain in vec(any::<u8>(), 0..200), damage in damage(), noise in vec(any::<u8>(), 0..100)) {
        let (mut agent, client) = (keys(Role::Agent), keys(Role::Client));
        let whole = agent.seal(&plain).unwrap();
        let sent = damaged(whole.clone(), &damage);
        let opened = client.open(&sent);
        prop_assert_eq!(opened.is_ok(), sent == whole, "what was changed is refused, and nothing else");
        prop_assert!(client.open(&noise).is_err());
    }

    #[test]
    fn multiplexed_streams((windows, pieces) in multiplexed(), poll in any::<bool>()) {
        for side in [Side::Client, Side::Server] {
            let (mut mux, mut fed, mut came) = (Mux::new(side, windows), 0, 0);
            let own = (side == Side::Client).then(|| mux.open());
            for piece in &pieces {
                fed += piece.len();
                if mux.receive_shared(piece.clone()).is_err() {
                    prop_assert!(mux.receive(piece).is_err(), "an error is for good");
                    break;
                }
                if poll || !mux.wants_input() {
                    while let Some(event) = mux.poll_event() {
                        match event {
                            MuxEvent::Data(stream, bytes) => {
                                came += bytes.len();
                                mux.consumed(stream, bytes.len().try_into().unwrap());
                            }
                            MuxEvent::Opened(stream) => mux.write(stream, b"hello"),
                            MuxEvent::Room(..) => {}
                            MuxEvent::Closed(stream) | MuxEvent::Abandoned(stream) => mux.close(stream),
                        }
                    }
                    let _ = mux.poll_output();
                }
            }
            own.into_iter().for_each(|stream| mux.close(stream));
            prop_assert!(came <= fed && mux.streams() <= fed);
        }
    }

    #[test]
    fn connections_in_a_session((windows, pieces) in multiplexed(), refuse in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            for side in [Side::Client, Side::Server] {
                let mut streams = Streams::new(side, Arc::default(), StreamTerms { halves: windows, windows });
                let (near, _far) = tokio::io::duplex(64);
                if side == Side::Client {
                    assert!(streams.open(near));
                }
                for piece in &pieces {
                    let Ok(opened) = streams.receive(piece.clone()) else { break };
                    for stream in opened {
                        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
                        streams.attach(stream, async move { if refuse { Err(refused()) } else { Ok(tokio::io::duplex(16).0) } });
                    }
                    tokio::task::yield_now().await;
                    let _ = streams.next().now_or_never();
                    let _ = streams.poll_output();
                    assert!(streams.connections() <= 4096);
                }
            }
        });
    }

    #[test]
    fn messages_and_answers(body in body(), status in select(vec![200, 204, 301, 400, 403, 500, 503])) {
        read_as!(&body; m::OpenChannel, m::CreateChannel, m::Acknowledge, m::ChannelClosed, m::SessionState,
            m::TerminalSize, m::TaskMessage, m::SessionRequest, m::TaskComplete, m::TaskAcknowledge, m::AgentJob,
            m::CommandJob, m::CancelJob, m::JobAck, m::JobReply, m::JobReplyAck, m::ReplyContent, m::HandshakeRequest,
            m::HandshakeResponse, m::Challenge, m::HandshakeComplete);
        answer_of!(status, &body; ssm::StartSession, ssm::ResumeSession, ssm::SendCommand, ssm::ListCommandInvocations,
            ssm::DescribeInstanceInformation, ssm::GetParameters, ssm::DescribeSessions, ssm::logs::GetLogEvents);
        let _ = json::decode_error(status, None, &body);
    }

    #[test]
    fn claims_of_callers(
        header in "AWS4-HMAC-SHA256 Credential=[ -~]{0,40}, ?SignedHeaders=[a-z;-]{0,20}, ?Signature=[ -~]{0,40}",
        query in "[ -~]{0,60}", date in "([0-9]{8}T[0-9]{6}Z|[ -~]{0,20})", damage in damage(),
    ) {
        let header = String::from_utf8_lossy(&damaged(header.into(), &damage)).into_owned();
        let headers = [("authorization", &*header), ("x-amz-date", &*date), ("host", "h")];
        let request = Request { method: "POST", path: "/%zz/..//é", query: &query, headers: &headers };
        if let Ok(claim) = Authorization::parse(&request) {
            prop_assert!(claim.verify(&request, "hash", "secret").is_err());
            prop_assert!(rsa_auth::verify(&claim, &request, "hash", &query).is_err());
        }
        let _ = rsa_auth::is_public_key(&query);
    }

    #[test]
    fn recordings(
        lines in vec(prop_oneof![
            Just("[0.5, \"o\", \"a\\u001b[1m\"]".to_owned()), Just("[1e9, \"r\", \"90x30\"]".to_owned()), "[ -~]{0,40}",
        ], 0..12),
        damage in damage(),
        noise in vec(any::<u8>(), 0..200),
    ) {
        let whole = format!("{{\"version\": 2, \"width\": 80, \"height\": 24}}\n{}\n", lines.join("\n"));
        for bytes in [damaged(whole.into(), &damage), noise] {
            let Ok(mut player) = Player::open(&bytes[..]) else { continue };
            let mut shown = 0;
            while let Ok(Some(frame)) = player.next_frame() {
                if let Recorded::Output(output) = frame.event {
                    shown += output.len();
                }
            }
            // Damaged UTF-8 is refused and escapes in JSON are longer than what they stand for.
            prop_assert!(shown <= bytes.len());
        }
    }

    #[test]
    fn transcripts(pieces in pieces(terminal_output())) {
        let (mut filter, mut text) = (Filter::default(), Vec::new());
        pieces.iter().for_each(|piece| text.extend(filter.clean(piece)));
        let told = |byte: &u8| *byte >= 0x20 && *byte != 0x7f || matches!(byte, b'\t' | b'\n' | b'\r');
        prop_assert!(text.iter().all(told), "nothing of a transcript acts on a terminal");
        let encoded_control = |two: &[u8]| two[0] == 0xc2 && (0x80..=0x9f).contains(&two[1]);
        prop_assert!(!text.windows(2).any(encoded_control));
    }

    #[test]
    fn documents(text in prop_oneof![
        Just("schemaVersion: '2.2'\nmainSteps:\n- action: aws:runShellScript\n  name: a\n  inputs: {runCommand: [ls]}\n".to_owned()),
        Just(r#"{"schemaVersion":"1.0","sessionType":"Port","parameters":{"p":{"type":"String","allowedPattern":"^a+$"}},"properties":{"portNumber":"{{ p }}"}}"#.to_owned()),
        "[ -~\n]{0,80}",
    ], damage in damage()) {
        let text = String::from_utf8_lossy(&damaged(text.into(), &damage)).into_owned();
        for format in [DocumentFormat::Json, DocumentFormat::Yaml, DocumentFormat::Text] {
            for document_type in [DocumentType::Command, DocumentType::Session] {
                if let Ok(document) = Document::read(&text, &format, &document_type) {
                    let _ = (document.steps().len(), document.session(), document.platform_types());
                }
            }
        }
    }

    #[test]
    fn screens(
        pieces in pieces(terminal_output()),
        sizes in vec((0..40u16, 0..60u16), 1..4),
        back in 0..200usize,
    ) {
        let mut screen = Screen::new(Size::new(6, 20), 50);
        let mut sizes = sizes.into_iter().cycle();
        for (number, piece) in pieces.iter().enumerate() {
            prop_assert!(screen.feed(piece).len() <= 4096);
            if number % 7 == 6 {
                let (rows, columns) = sizes.next().unwrap_or_default();
                screen.resize(Size::new(rows, columns));
            }
        }
        let (row, column) = screen.cursor();
        prop_assert!(row < screen.size().rows() && column < screen.size().columns());
        prop_assert!(screen.history() <= 50);
        screen.scroll_to(back);
        let area = ratatui::layout::Rect::new(0, 0, 30, 10);
        let mut buffer = ratatui::buffer::Buffer::empty(area);
        paint::paint(&screen, area, &mut buffer, paint::Look::default());
        let _ = (screen.text(), screen.still(), screen.take_events(), screen.modes());
    }
}

#[test]
fn a_flood_that_nobody_reads_is_bounded() {
    let now = Timestamp::from_millis(1);
    let mut channel = Channel::new(Role::Agent, LARGE_FRAME);
    let message = |sequence_number, size| {
        let new = Envelope::new(kind::INPUT, now, vec![b'x'; size]);
        Bytes::from(Envelope { sequence_number, payload_type: payload::OUTPUT, ..new }.encode())
    };
    let mut sequence = 0;
    while channel.wants_input() {
        channel.receive(&message(sequence, 64 * 1024), now).unwrap();
        sequence += 1;
        assert!(sequence < 1_000, "more than 64 MiB wait for a reader");
    }
    // The same frame again and again wants acknowledgements.
    let mut channel = Channel::new(Role::Agent, LARGE_FRAME);
    let (again, mut times) = (message(0, 1), 0);
    while channel.wants_input() {
        channel.receive(&again, now).unwrap();
        times += 1;
        assert!(times < 100_000, "acknowledgements pile up");
    }

    let mut mux = Mux::new(Side::Server, false);
    let open = |id: u32| [&[1, 0, 0, 0][..], &id.to_le_bytes()].concat();
    let mut id = 1;
    while mux.wants_input() && id < 1_000_000 {
        mux.receive(&open(id)).unwrap();
        id += 2;
    }
    assert!(mux.streams() <= 4096 && id < 1_000_000);
}
