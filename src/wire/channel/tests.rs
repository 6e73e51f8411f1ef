use proptest::prelude::*;

use super::*;
use crate::wire::{
    envelope::Envelope,
    messages::{Acknowledge, HandshakeComplete, HandshakeRequest},
    sealed::{SealError, SessionKeys},
};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn flush(channel: &mut Channel, now: Timestamp) -> Vec<Bytes> {
    std::iter::from_fn(|| channel.poll_transmit(now)).collect()
}

fn data(channel: &mut Channel) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(event) = channel.poll_event() {
        if let Event::Data(bytes) = event {
            all.extend(bytes);
        }
    }
    all
}

/// Carries everything both ways until nothing is left to carry.
fn settle(a: &mut Channel, b: &mut Channel, now: Timestamp) {
    // As much at a time as a socket takes.
    let some = |channel: &mut Channel| (0..1000).map_while(|_| channel.poll_transmit(now)).collect::<Vec<_>>();
    loop {
        let (from_a, from_b) = (some(a), some(b));
        if from_a.is_empty() && from_b.is_empty() {
            return;
        }
        from_a.iter().for_each(|bytes| b.receive(bytes, now).unwrap());
        from_b.iter().for_each(|bytes| a.receive(bytes, now).unwrap());
    }
}

fn keys(role: Role) -> SessionKeys {
    SessionKeys::split(&[7; 64], role).unwrap()
}

/// A handshake that asks for a key.
fn key_request() -> HandshakeRequest {
    serde_json::from_str(
        r#"{"AgentVersion":"3.3.0.0","RequestedClientActions":[
            {"ActionType":"KMSEncryption","ActionParameters":{"KMSKeyId":"alias/x","Challenge":"c"}}]}"#,
    )
    .unwrap()
}

/// Carries everything and checks that a text is nowhere on the wire.
fn settle_without(a: &mut Channel, b: &mut Channel, secret: &[u8]) {
    loop {
        let (from_a, from_b) = (flush(a, at(9)), flush(b, at(9)));
        if from_a.is_empty() && from_b.is_empty() {
            return;
        }
        for bytes in from_a.iter().chain(&from_b) {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret));
        }
        from_a.iter().for_each(|bytes| b.receive(bytes, at(9)).unwrap());
        from_b.iter().for_each(|bytes| a.receive(bytes, at(9)).unwrap());
    }
}

#[test]
fn a_session_with_a_key_is_encrypted_both_ways() {
    let (mut client, mut agent) = (Channel::new(Role::Client, 1024), Channel::new(Role::Agent, 1024));
    agent.send_handshake_request(key_request(), at(1));
    settle(&mut client, &mut agent, at(1));
    let wanted = Event::KeyWanted { key_id: "alias/x".into(), challenge: Some("c".into()) };
    assert_eq!(client.poll_event(), Some(wanted));
    assert_eq!(client.write(payload::OUTPUT, b"hush", at(1)), 0, "nothing leaves before it is known how");
    assert_eq!(agent.poll_event(), None, "the answer waits for the key");

    client.answer_key(b"blob", keys(Role::Client), true, at(2));
    settle(&mut client, &mut agent, at(2));
    let Some(Event::Handshake(response)) = agent.poll_event() else { panic!() };
    assert_eq!(response.processed_client_actions[0].action_result["ChallengeAcknowledgement"], true);
    agent.encrypt(keys(Role::Agent), at(3)).unwrap();
    settle(&mut client, &mut agent, at(3));
    assert_eq!(agent.poll_event(), Some(Event::Encrypted));
    agent.send_handshake_complete(&HandshakeComplete::default(), at(4));
    settle(&mut client, &mut agent, at(4));
    assert_eq!(client.poll_event(), Some(Event::HandshakeComplete(String::new())));

    client.write(payload::OUTPUT, b"hush hush", at(5));
    client.send_size(TerminalSize { cols: 80, rows: 24 }, at(5));
    agent.write(payload::OUTPUT, b"hush hush", at(5));
    agent.write(payload::STDERR, b"hush hush", at(5));
    agent.send_exit_code(3, at(5));
    settle_without(&mut client, &mut agent, b"hush");
    assert_eq!(agent.poll_event(), Some(Event::Data("hush hush".into())));
    assert_eq!(agent.poll_event(), Some(Event::Size(TerminalSize { cols: 80, rows: 24 })));
    let events: Vec<Event> = std::iter::from_fn(|| client.poll_event()).collect();
    assert_eq!(events, [Event::Data("hush hush".into()), Event::Stderr("hush hush".into()), Event::ExitCode(3)]);
}

#[test]
fn ends_with_different_keys_notice() {
    let (mut client, mut agent) = (Channel::new(Role::Client, 1024), Channel::new(Role::Agent, 1024));
    agent.send_handshake_request(key_request(), at(1));
    settle(&mut client, &mut agent, at(1));
    client.answer_key(b"blob", SessionKeys::split(&[8; 64], Role::Client).unwrap(), true, at(2));
    settle(&mut client, &mut agent, at(2));
    agent.encrypt(keys(Role::Agent), at(3)).unwrap();
    settle(&mut client, &mut agent, at(3));
    let broken = Event::Broken(SealError::Refused);
    assert!(std::iter::from_fn(|| client.poll_event()).any(|event| event == broken));
    // A client that sends back something else proves nothing either.
    client.send_json(payload::CHALLENGE_RESPONSE, &serde_json::json!({"Challenge": "AAAA"}), at(4));
    settle(&mut client, &mut agent, at(4));
    assert!(std::iter::from_fn(|| agent.poll_event()).any(|event| event == broken));
    client.write(payload::OUTPUT, b"x", at(5));
}

#[test]
fn a_refused_key_is_a_failed_action() {
    let (mut client, mut agent) = (Channel::new(Role::Client, 1024), Channel::new(Role::Agent, 1024));
    agent.send_handshake_request(key_request(), at(1));
    settle(&mut client, &mut agent, at(1));
    client.refuse_key("access denied", at(2));
    settle(&mut client, &mut agent, at(2));
    let Some(Event::Handshake(response)) = agent.poll_event() else { panic!() };
    let action = &response.processed_client_actions[0];
    assert_eq!((action.action_status, &*action.error), (2, "access denied"));
}

#[test]
fn a_client_waits_until_it_knows_how_the_session_begins() {
    let (mut client, mut agent) = (Channel::new(Role::Client, 1024), Channel::new(Role::Agent, 1024));
    assert_eq!(client.write(payload::OUTPUT, b"early", at(1)), 0);
    client.send_size(TerminalSize { cols: 80, rows: 24 }, at(1));
    settle(&mut client, &mut agent, at(10));
    // An agent that is there but says nothing, as a command that waits for input, is one without a handshake.
    assert_eq!((client.can_send(), client.deadline()), (false, Some(at(1_010))));
    client.tick(at(1_010));
    assert_eq!(client.write(payload::OUTPUT, b"now", at(1_011)), 3);
}

#[test]
fn the_first_output_that_a_client_swallows_is_sent_again() {
    // AWS's client neither acknowledges nor counts what comes before it is ready; what comes later is kept.
    let mut client = Channel::new(Role::Client, 1024);
    let mut agent = Channel::new(Role::Agent, 1024);
    agent.write(payload::OUTPUT, b"$ ", at(1));
    let swallowed = flush(&mut agent, at(1));
    assert_eq!(swallowed.len(), 1);
    agent.write(payload::OUTPUT, b"more", at(2));
    settle(&mut client, &mut agent, at(2));
    assert_eq!(data(&mut client), b"");
    let due = agent.deadline().unwrap();
    assert!(due <= at(201));
    agent.tick(due);
    settle(&mut client, &mut agent, due);
    assert_eq!(data(&mut client), b"$ more");
}

#[test]
fn a_frame_sent_again_after_its_acknowledgement_is_acknowledged_again() {
    // AWS's client may see an acknowledgement before it has noted the frame, and then wants a second one.
    let (mut client, mut agent) = (Channel::new(Role::Client, 1024), Channel::new(Role::Agent, 1024));
    client.send_size(TerminalSize { cols: 1, rows: 1 }, at(1));
    let frame = client.poll_transmit(at(1)).unwrap();
    for _ in 0..2 {
        agent.receive(&frame, at(2)).unwrap();
        let acknowledgement = agent.poll_transmit(at(2)).unwrap();
        let body: Acknowledge = serde_json::from_slice(View::decode(&acknowledgement).unwrap().payload).unwrap();
        assert_eq!(body.acknowledged_message_sequence_number, 0);
    }
    assert!(matches!(agent.poll_event(), Some(Event::Size(_))));
    assert_eq!(agent.poll_event(), None);
}

#[test]
fn aws_is_given_small_frames_and_everybody_else_large_ones() {
    assert_eq!(frame_size("wss://ssmmessages.eu-west-1.amazonaws.com/v1/data-channel/s?role=x"), SMALL_FRAME);
    assert_eq!(frame_size("ws://127.0.0.1:7700/v1/data-channel/s"), LARGE_FRAME);
    let mut agent = Channel::new(Role::Agent, SMALL_FRAME);
    agent.write(payload::OUTPUT, &[0; 3000], at(1));
    assert_eq!(flush(&mut agent, at(1)).len(), 3);
}

#[test]
fn a_peer_that_is_not_read_is_not_answered_without_end() {
    let mut client = Channel::new(Role::Client, 1024);
    let mut taken = 0;
    for sequence_number in 0..100_000 {
        if !client.wants_input() {
            break;
        }
        let frame = Envelope { sequence_number, payload_type: 1, ..Envelope::new(kind::OUTPUT, at(1), Vec::new()) };
        client.receive(&frame.encode().into(), at(1)).unwrap();
        while client.poll_event().is_some() {}
        taken += 1;
    }
    assert_eq!(taken, REPLY_LIMIT);
}

#[test]
fn a_shell_needs_no_handshake() {
    let (mut client, mut agent) = (Channel::new(Role::Client, SMALL_FRAME), Channel::new(Role::Agent, SMALL_FRAME));
    agent.write(payload::OUTPUT, b"$ ", at(1));
    client.send_size(TerminalSize { cols: 80, rows: 24 }, at(1));
    settle(&mut client, &mut agent, at(2));
    assert_eq!(client.poll_event(), Some(Event::Data("$ ".into())));
    assert_eq!(client.write(payload::OUTPUT, b"ls\r", at(2)), 3);
    settle(&mut client, &mut agent, at(2));
    assert_eq!(agent.poll_event(), Some(Event::Size(TerminalSize { cols: 80, rows: 24 })));
    assert_eq!(agent.poll_event(), Some(Event::Data("ls\r".into())));
    assert!(client.is_drained() && agent.is_drained());
    assert_eq!(client.deadline(), None);
}

#[test]
fn a_key_and_its_echo_go_before_acknowledgements_and_a_flood_behind_them() {
    let (mut client, mut agent) = (Channel::new(Role::Client, SMALL_FRAME), Channel::new(Role::Agent, SMALL_FRAME));
    agent.write(payload::OUTPUT, b"$ ", at(1));
    settle(&mut client, &mut agent, at(1));
    for key in 0..3 {
        assert!(!client.owes_one_acknowledgement());
        client.write(payload::OUTPUT, b"x", at(key));
        flush(&mut client, at(key)).iter().for_each(|bytes| agent.receive(bytes, at(key)).unwrap());
        (0..4).for_each(|_| _ = agent.write(payload::OUTPUT, b"x", at(key)));
        let sent = flush(&mut agent, at(key));
        let kinds: Vec<String> = sent.iter().map(|bytes| Envelope::decode(bytes).unwrap().message_type).collect();
        let (echo, acknowledgement) = (kind::OUTPUT, kind::ACKNOWLEDGE);
        assert_eq!(kinds, [echo, acknowledgement, echo, echo, echo]);
        client.receive(&sent[0], at(key)).unwrap();
        assert!(client.owes_one_acknowledgement());
        sent[1..].iter().for_each(|bytes| client.receive(bytes, at(key)).unwrap());
        assert!(!client.owes_one_acknowledgement(), "it owes four");
        settle(&mut client, &mut agent, at(key));
    }
    assert_eq!(data(&mut client), b"$ xxxxxxxxxxxx");
}

/// Whether what is written at each of the ends after a handshake is checked by CRC-32, and the largest piece of a stream: the
/// client's, the agent's.
fn light(client_frames: usize, agent_frames: usize, spoil: fn(&mut Bytes)) -> [(bool, usize); 2] {
    let (mut client, mut agent) = (Channel::new(Role::Client, client_frames), Channel::new(Role::Agent, agent_frames));
    agent.send_handshake_request(HandshakeRequest::default(), at(1));
    for mut bytes in flush(&mut agent, at(1)) {
        spoil(&mut bytes);
        client.receive(&bytes, at(1)).unwrap();
    }
    settle(&mut client, &mut agent, at(1));
    agent.send_handshake_complete(&HandshakeComplete::default(), at(2));
    settle(&mut client, &mut agent, at(2));
    [&mut client, &mut agent].map(|end| {
        end.write(payload::OUTPUT, b"x", at(3));
        let frames = flush(end, at(3));
        let frame = frames.last().unwrap();
        assert_eq!(View::decode(frame).unwrap().payload, b"x");
        let checked = frame[80..].starts_with(b"CRC-32");
        (checked, largest(end))
    })
}

/// The largest piece in which an end sends a stream over a line that takes everything at once.
fn largest(end: &mut Channel) -> usize {
    let kind = if end.role == Role::Client { kind::INPUT } else { kind::OUTPUT };
    let mut largest = 0;
    for now in 10..200 {
        end.write(payload::OUTPUT, &vec![7; 8 << 20], at(now));
        for frame in flush(end, at(now)) {
            let view = View::decode(&frame).unwrap();
            largest = largest.max(view.payload.len());
            let payload = serde_json::to_vec(&Acknowledge {
                acknowledged_message_type: kind.into(),
                acknowledged_message_id: view.message_id.to_string(),
                acknowledged_message_sequence_number: view.sequence_number,
                is_sequential_message: true,
            });
            let acknowledgement = Envelope::new(kind::ACKNOWLEDGE, at(now), payload.unwrap()).encode();
            end.receive(&acknowledgement.into(), at(now)).unwrap();
        }
    }
    largest
}

#[test]
fn our_own_ends_spare_themselves_the_digest_and_nobody_else_is_asked_to() {
    let nothing: fn(&mut Bytes) = |_| {};
    assert_eq!(light(LARGE_FRAME, LARGE_FRAME, nothing), [(true, HUGE_FRAME); 2]);
    // AWS's service between them, as either end knows it.
    let sizes = [(false, SMALL_FRAME), (false, LARGE_FRAME)];
    assert_eq!(light(SMALL_FRAME, LARGE_FRAME, nothing), sizes);
    assert_eq!(light(LARGE_FRAME, SMALL_FRAME, nothing), [sizes[1], sizes[0]]);
    // Another peer, which says nothing of it.
    let silent: fn(&mut Bytes) = |bytes| {
        let request = View { payload: br#"{"AgentVersion":"3.3.0.0"}"#, ..View::decode(bytes).unwrap() };
        *bytes = request.encode().into();
    };
    assert_eq!(light(LARGE_FRAME, LARGE_FRAME, silent), [(false, LARGE_FRAME); 2]);
}

#[test]
fn streams_have_windows_where_both_ends_know_them() {
    // What the client takes the agent for, and the agent the client, if this is all that the other one says of itself.
    let agreed = |abilities: &str| {
        let said = |kind: &str, version: &str| {
            let payload = format!(r#"{{"{version}":"3.3.0.0"{abilities}}}"#).into_bytes();
            let payload_type =
                if kind == kind::OUTPUT { payload::HANDSHAKE_REQUEST } else { payload::HANDSHAKE_RESPONSE };
            Bytes::from(Envelope { payload_type, ..Envelope::new(kind, at(1), payload) }.encode())
        };
        let (mut client, mut agent) = (Channel::new(Role::Client, LARGE_FRAME), Channel::new(Role::Agent, LARGE_FRAME));
        client.receive(&said(kind::OUTPUT, "AgentVersion"), at(1)).unwrap();
        agent.receive(&said(kind::INPUT, "ClientVersion"), at(1)).unwrap();
        assert!(matches!(agent.poll_event(), Some(Event::Handshake(_))), "the agent has read it");
        let terms = [client.stream_terms(), agent.stream_terms()].map(|terms| (terms.halves, terms.windows));
        assert_eq!(terms[0], terms[1], "{abilities}");
        terms[0]
    };
    assert_eq!(agreed(r#","Checksums":["CRC32"],"Multiplexers":["SMUX2"]"#), (true, true));
    // One of ours that does not know them yet, and others.
    assert_eq!(agreed(r#","Checksums":["CRC32"]"#), (true, false));
    assert_eq!(agreed(r#","Multiplexers":["SMUX2"]"#), (false, false));
    assert_eq!(agreed(""), (false, false));
}

#[test]
fn a_handshake_is_answered_and_an_exit_code_is_an_event() {
    let (mut client, mut agent) = (Channel::new(Role::Client, SMALL_FRAME), Channel::new(Role::Agent, SMALL_FRAME));
    let request = serde_json::from_str(
        r#"{"AgentVersion":"3.3.0.0","RequestedClientActions":[
            {"ActionType":"SessionType","ActionParameters":{"SessionType":"NonInteractiveCommands","Properties":null}}]}"#,
    )
    .unwrap();
    agent.send_handshake_request(request, at(1));
    settle(&mut client, &mut agent, at(1));
    assert!(
        matches!(agent.poll_event(), Some(Event::Handshake(response)) if response.processed_client_actions[0].action_status == 1)
    );
    agent.send_handshake_complete(&HandshakeComplete::default(), at(2));
    agent.write(payload::OUTPUT, b"out", at(2));
    agent.write(payload::STDERR, b"err", at(2));
    agent.send_exit_code(7, at(2));
    settle(&mut client, &mut agent, at(2));
    let events: Vec<Event> = std::iter::from_fn(|| client.poll_event()).collect();
    assert!(matches!(events[0], Event::SessionType { .. }));
    assert_eq!(events[1], Event::HandshakeComplete(String::new()));
    assert_eq!(events[2..], [Event::Data("out".into()), Event::Stderr("err".into()), Event::ExitCode(7)]);
}

#[test]
fn frames_look_as_on_the_wire() {
    let mut agent = Channel::new(Role::Agent, SMALL_FRAME);
    agent.write(payload::OUTPUT, b"a", at(1));
    agent.write(payload::OUTPUT, b"b", at(1));
    agent.send_session_state("Connected", "s-1", at(1));
    let frames: Vec<Envelope> = flush(&mut agent, at(1)).iter().map(|bytes| Envelope::decode(bytes).unwrap()).collect();
    let shape = |frame: &Envelope| (frame.message_type.clone(), frame.sequence_number, frame.flags, frame.payload_type);
    assert_eq!(shape(&frames[0]), (kind::SESSION_STATE.into(), 0, 3, 0));
    assert_eq!(shape(&frames[1]), (kind::OUTPUT.into(), 0, 1, 1));
    assert_eq!(shape(&frames[2]), (kind::OUTPUT.into(), 1, 0, 1));

    let mut client = Channel::new(Role::Client, SMALL_FRAME);
    client.receive(&frames[1].encode().into(), at(2)).unwrap();
    let acknowledge = Envelope::decode(&client.poll_transmit(at(2)).unwrap()).unwrap();
    assert_eq!(shape(&acknowledge), (kind::ACKNOWLEDGE.into(), 0, 3, 0));
    let body: Acknowledge = serde_json::from_slice(&acknowledge.payload).unwrap();
    assert_eq!(body.acknowledged_message_id, frames[1].message_id.to_string());
    assert_eq!(body.acknowledged_message_sequence_number, 0);
    assert!(body.is_sequential_message);
}

#[test]
fn acknowledgements_that_went_down_with_a_line_are_said_again_on_the_next() {
    let mut client = Channel::new(Role::Client, LARGE_FRAME);
    let sequences = |frames: Vec<Bytes>| -> Vec<i64> {
        let told = frames.iter().map(|bytes| View::decode(bytes).unwrap());
        told.filter(|told| told.message_type == kind::ACKNOWLEDGE)
            .map(|told| serde_json::from_slice::<Acknowledged>(told.payload).unwrap().sequence)
            .collect()
    };
    let frame = |sequence_number| {
        let new = Envelope::new(kind::OUTPUT, at(1), b"x".into());
        Bytes::from(Envelope { sequence_number, payload_type: payload::OUTPUT, ..new }.encode())
    };
    for sequence in [0, 1, 3] {
        client.receive(&frame(sequence), at(1)).unwrap();
    }
    assert_eq!(sequences(flush(&mut client, at(1))), [0, 1, 3]);
    client.receive(&frame(4), at(2)).unwrap();
    client.reconnected();
    assert_eq!(
        sequences(flush(&mut client, at(3))),
        [0, 1, 3, 4],
        "those that were sent and those that were about to be"
    );
    client.reconnected();
    assert_eq!(sequences(flush(&mut client, at(4))), [0, 1, 3, 4]);
    assert_eq!(data(&mut client), b"xx");
    // However long the session lasts, there are not too many.
    for sequence in 4..5_000 {
        client.receive(&frame(sequence), at(5)).unwrap();
        flush(&mut client, at(5));
    }
    client.reconnected();
    let again = sequences(flush(&mut client, at(6)));
    assert_eq!((again.len(), again.last()), (1024, Some(&4_999)));
}

#[test]
fn duplicates_are_acknowledged_again_and_delivered_once() {
    let (mut client, mut agent) = (Channel::new(Role::Client, SMALL_FRAME), Channel::new(Role::Agent, SMALL_FRAME));
    agent.write(payload::OUTPUT, b"once", at(1));
    let frame = agent.poll_transmit(at(1)).unwrap();
    for _ in 0..3 {
        client.receive(&frame, at(1)).unwrap();
    }
    assert_eq!(flush(&mut client, at(1)).len(), 3);
    assert_eq!(data(&mut client), b"once");
}

#[test]
fn a_paused_end_keeps_its_frames_and_sends_them_afterwards() {
    let (mut client, mut agent) = (Channel::new(Role::Client, SMALL_FRAME), Channel::new(Role::Agent, SMALL_FRAME));
    let message = |kind: &str| Bytes::from(Envelope::new(kind, at(1), Vec::new()).encode());
    agent.receive(&message(kind::PAUSE_PUBLICATION), at(1)).unwrap();
    agent.write(payload::OUTPUT, b"later", at(1));
    assert_eq!((agent.poll_transmit(at(1)), agent.deadline()), (None, None));
    agent.receive(&message(kind::START_PUBLICATION), at(2)).unwrap();
    settle(&mut client, &mut agent, at(2));
    assert_eq!(data(&mut client), b"later");
    assert_eq!(agent.poll_event(), Some(Event::Peer { present: false }));
    // Any frame of the peer shows that it is there.
    agent.receive(&message(kind::PAUSE_PUBLICATION), at(3)).unwrap();
    client.write(payload::OUTPUT, b"x", at(3));
    agent.write(payload::OUTPUT, b"y", at(3));
    settle(&mut client, &mut agent, at(3));
    assert_eq!(data(&mut client), b"y");
}

/// How long an upload stands still once a node is back whose line was away for so long, in milliseconds.
fn standstill(away: i64, is_told: bool) -> i64 {
    const WAY: i64 = 5;
    let (mut client, mut agent) = (Channel::new(Role::Client, 1024), Channel::new(Role::Agent, 1024));
    agent.write(payload::OUTPUT, b"$", at(0));
    let (mut up, mut down) = (VecDeque::new(), VecDeque::new());
    let (cut, back) = (1_000, 1_000 + away);
    for now in 1.. {
        while client.write(payload::OUTPUT, &[7; 1024], at(now)) > 0 {}
        for end in [&mut client, &mut agent] {
            if end.deadline().is_some_and(|due| due <= at(now)) {
                end.tick(at(now));
            }
        }
        if now == back {
            agent.reconnected();
            let told = Envelope::new(kind::START_PUBLICATION, at(now), Vec::new()).encode();
            down.extend(is_told.then(|| (now, Bytes::from(told))));
        }
        up.extend(flush(&mut client, at(now)).into_iter().map(|bytes| (now, bytes)));
        if !(cut..back).contains(&now) {
            down.extend(flush(&mut agent, at(now)).into_iter().map(|bytes| (now, bytes)));
        }
        let arrived = |(sent, _): &mut (i64, Bytes)| *sent + WAY <= now;
        while let Some((_, bytes)) = down.pop_front_if(arrived) {
            client.receive(&bytes, at(now)).unwrap();
        }
        while let Some((_, bytes)) = up.pop_front_if(arrived) {
            // The service has nobody to hand it to.
            if !(cut..back).contains(&now) {
                agent.receive(&bytes, at(now)).unwrap();
            }
        }
        if !data(&mut agent).is_empty() && now >= back {
            return now - back;
        }
        while client.poll_event().is_some() {}
    }
    unreachable!()
}

#[test]
fn an_upload_goes_on_as_soon_as_the_service_says_that_the_node_is_back() {
    for away in [150, 300, 700, 2_000, 20_000] {
        let (untold, told) = (standstill(away, false), standstill(away, true));
        assert!(told <= 12, "{told} ms after {away} ms; {untold} ms without a word");
    }
    // What it is for.
    assert!(standstill(700, false) > 100 && standstill(20_000, false) > 1_000);
}

#[test]
fn a_writer_stops_at_the_window_and_a_reader_that_sleeps_stops_the_writer() {
    let (mut client, mut agent) = (Channel::new(Role::Client, SMALL_FRAME), Channel::new(Role::Agent, SMALL_FRAME));
    let block = vec![b'x'; 64 * 1024 * 1024];
    let (mut sent, mut now) = (0, 1);
    loop {
        let taken = agent.write(payload::OUTPUT, &block[sent..], at(now));
        if taken == 0 && now > 5_000 {
            break;
        }
        sent += taken;
        settle(&mut client, &mut agent, at(now));
        now += 100;
        agent.tick(at(now));
    }
    assert!(sent < EVENT_LIMIT + 4 * 1024 * 1024, "{sent}");
    assert!(!agent.can_send());
    let mut got = 0;
    while got < sent {
        got += data(&mut client).len();
        now += 1_000;
        agent.tick(at(now));
        settle(&mut client, &mut agent, at(now));
    }
    assert!(agent.can_send());
}

#[test]
fn a_session_whose_client_is_gone_is_taken_over() {
    let (mut gone, mut agent) = (Channel::new(Role::Client, 1024), Channel::new(Role::Agent, 1024));
    agent.write(payload::OUTPUT, b"$ ", at(1));
    for key in 0..700u32 {
        settle(&mut gone, &mut agent, at(1));
        gone.write(payload::OUTPUT, &key.to_be_bytes(), at(1));
    }
    settle(&mut gone, &mut agent, at(1));
    assert_eq!((data(&mut gone), data(&mut agent).len()), (b"$ ".to_vec(), 2800));
    // What was on its way when the client went is still the agent's to send.
    agent.write(payload::OUTPUT, b"unseen ", at(2));
    flush(&mut agent, at(2));

    let size = TerminalSize { cols: 80, rows: 24 };
    let mut client = Channel::take_over(1024, size, None);
    client.write(payload::OUTPUT, b"ls", at(3));
    assert_eq!(client.counted().start, 0, "until the node has said so");
    // The line breaks in the middle of the run-up.
    (0..900).filter_map(|_| client.poll_transmit(at(3))).for_each(|bytes| agent.receive(&bytes, at(3)).unwrap());
    for end in [&mut client, &mut agent] {
        end.reconnected();
    }
    settle(&mut client, &mut agent, at(4));
    assert_eq!((data(&mut client), data(&mut agent)), (b"unseen ".to_vec(), b"ls".to_vec()));
    agent.write(payload::OUTPUT, b"there", at(5));
    client.write(payload::OUTPUT, b"!", at(5));
    client.reconnected();
    settle(&mut client, &mut agent, at(5));
    assert_eq!((data(&mut client), data(&mut agent)), (b"there".to_vec(), b"!".to_vec()));

    // More than a guess would reach.
    for key in 0u32..20_000 {
        client.write(payload::OUTPUT, &key.to_be_bytes(), at(6));
        settle(&mut client, &mut agent, at(6));
    }
    assert_eq!(data(&mut agent).len(), 80_000);
    client.write(payload::OUTPUT, b"lost", at(6));
    let counted = client.counted();
    assert_eq!(counted.end - counted.start, 1);
    // It was not written down at every frame.
    let mut next = Channel::take_over(1024, size, Some(counted.start - 3..counted.end + 500));
    assert_eq!(next.counted(), counted.start - 3..counted.end + 500);
    next.write(payload::OUTPUT, b"again", at(6));
    agent.reconnected();
    settle(&mut next, &mut agent, at(6));
    assert_eq!(data(&mut agent), b"again");
}

#[test]
fn the_end_is_an_event() {
    let mut client = Channel::new(Role::Client, SMALL_FRAME);
    let body = br#"{"SessionId":"s-1","Output":"idle"}"#.to_vec();
    client.receive(&Envelope::new(kind::CHANNEL_CLOSED, at(1), body).encode().into(), at(1)).unwrap();
    assert!(matches!(client.poll_event(), Some(Event::Closed(closed)) if closed.output == "idle"));
    let broken = Envelope::new(kind::CHANNEL_CLOSED, at(1), b"<html>".to_vec()).encode();
    client.receive(&broken.into(), at(1)).unwrap();
    assert!(matches!(client.poll_event(), Some(Event::Closed(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nothing_a_peer_sends_panics(
        kind_index in 0usize..6,
        payload_type in 0u32..14,
        sequence in any::<i64>(),
        body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let kinds = [kind::INPUT, kind::OUTPUT, kind::ACKNOWLEDGE, kind::CHANNEL_CLOSED, kind::PAUSE_PUBLICATION, "other"];
        for role in [Role::Client, Role::Agent] {
            let mut channel = Channel::new(role, SMALL_FRAME);
            for sequence_number in [0, sequence, 1] {
                let envelope = Envelope::new(kinds[kind_index], at(1), body.clone());
                let message = Envelope { payload_type, sequence_number, ..envelope };
                channel.receive(&message.encode().into(), at(1)).unwrap();
            }
            let _ = channel.receive(&body.clone().into(), at(2));
            while channel.poll_event().is_some() {}
            flush(&mut channel, at(3));
        }
    }
}

mod schedules;

#[test]
fn a_peer_that_owes_an_answer_is_known_and_the_service_does_not_answer_for_it() {
    let (mut client, mut agent) = (Channel::new(Role::Client, 1024), Channel::new(Role::Agent, 1024));
    agent.write(payload::OUTPUT, b"$ ", at(0));
    settle(&mut client, &mut agent, at(0));
    assert_eq!(client.unanswered_since(), None, "nothing waits for an answer");
    client.write(payload::OUTPUT, b"l", at(5_000));
    client.write(payload::OUTPUT, b"s", at(6_000));
    let lost = flush(&mut client, at(6_000));
    assert_eq!(client.unanswered_since(), Some(at(5_000)));
    assert!(client.unacknowledged_bytes() > 2);
    let pause = Envelope::new(kind::PAUSE_PUBLICATION, at(7_000), Vec::new());
    client.receive(&pause.encode().into(), at(7_000)).unwrap();
    assert_eq!(client.unanswered_since(), Some(at(5_000)));
    // What comes from the peer is a sign of life, even where it acknowledges nothing.
    agent.write(payload::OUTPUT, b"busy", at(8_000));
    flush(&mut agent, at(8_000)).iter().for_each(|bytes| client.receive(bytes, at(8_000)).unwrap());
    assert_eq!(client.unanswered_since(), Some(at(8_000)));
    lost.iter().for_each(|bytes| agent.receive(bytes, at(9_000)).unwrap());
    settle(&mut client, &mut agent, at(9_000));
    assert_eq!((client.unanswered_since(), client.unacknowledged_bytes()), (None, 0));
}

#[test]
fn what_a_slow_reader_has_not_come_to_is_taken_and_not_acknowledged() {
    let (mut client, mut agent) = (Channel::new(Role::Client, 1024), Channel::new(Role::Agent, 1024));
    agent.write(payload::OUTPUT, b"$ ", at(0));
    settle(&mut client, &mut agent, at(0));
    agent.acknowledge_ahead(3 * 1024);
    assert_eq!(client.write(payload::OUTPUT, &[b'x'; 10 * 1024], at(1_000)), 10 * 1024);
    settle(&mut client, &mut agent, at(1_000));
    assert_eq!((client.unacknowledged(), agent.backlog() > 10 * 1024), (8, true));
    // What comes back is still heard, and a frame that comes again is answered with what was acknowledged.
    agent.write(payload::OUTPUT, b"busy", at(2_000));
    settle(&mut client, &mut agent, at(2_000));
    assert!(agent.is_drained());
    client.tick(at(9_000));
    settle(&mut client, &mut agent, at(9_000));
    assert_eq!((client.unacknowledged(), client.unanswered_since()), (8, Some(at(9_000))));
    let mut read = Vec::new();
    while let Some(Event::Data(bytes)) = agent.poll_event() {
        read.extend(bytes);
        let before = client.unacknowledged();
        settle(&mut client, &mut agent, at(9_500));
        assert!(before == 0 || client.unacknowledged() < before, "{before}");
    }
    assert_eq!((read.len(), client.unacknowledged()), (10 * 1024, 0));
}
