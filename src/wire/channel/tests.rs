use proptest::prelude::*;

use super::*;

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
    loop {
        let (from_a, from_b) = (flush(a, now), flush(b, now));
        if from_a.is_empty() && from_b.is_empty() {
            return;
        }
        from_a.iter().for_each(|bytes| b.receive(bytes, now).unwrap());
        from_b.iter().for_each(|bytes| a.receive(bytes, now).unwrap());
    }
}

#[test]
fn a_shell_needs_no_handshake() {
    let (mut client, mut agent) = (Channel::new(Role::Client), Channel::new(Role::Agent));
    agent.write(payload::OUTPUT, b"$ ", at(1));
    client.send_size(TerminalSize { cols: 80, rows: 24 }, at(1));
    client.write(payload::OUTPUT, b"ls\r", at(1));
    settle(&mut client, &mut agent, at(2));
    assert_eq!(client.poll_event(), Some(Event::Data(b"$ ".to_vec())));
    assert_eq!(agent.poll_event(), Some(Event::Size(TerminalSize { cols: 80, rows: 24 })));
    assert_eq!(agent.poll_event(), Some(Event::Data(b"ls\r".to_vec())));
    assert!(client.is_drained() && agent.is_drained());
    assert_eq!(client.deadline(), None);
}

#[test]
fn a_handshake_is_answered_and_an_exit_code_is_an_event() {
    let (mut client, mut agent) = (Channel::new(Role::Client), Channel::new(Role::Agent));
    let request = serde_json::from_str(
        r#"{"AgentVersion":"3.3.0.0","RequestedClientActions":[
            {"ActionType":"SessionType","ActionParameters":{"SessionType":"NonInteractiveCommands","Properties":null}}]}"#,
    )
    .unwrap();
    agent.send_handshake_request(&request, at(1));
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
    assert_eq!(events[2..], [Event::Data(b"out".to_vec()), Event::Stderr(b"err".to_vec()), Event::ExitCode(7)]);
}

#[test]
fn frames_look_as_on_the_wire() {
    let mut agent = Channel::new(Role::Agent);
    agent.write(payload::OUTPUT, b"a", at(1));
    agent.write(payload::OUTPUT, b"b", at(1));
    agent.send_session_state("Connected", "s-1", at(1));
    let frames: Vec<Envelope> = flush(&mut agent, at(1)).iter().map(|bytes| Envelope::decode(bytes).unwrap()).collect();
    let shape = |frame: &Envelope| (frame.message_type.clone(), frame.sequence_number, frame.flags, frame.payload_type);
    assert_eq!(shape(&frames[0]), (kind::SESSION_STATE.into(), 0, 3, 0));
    assert_eq!(shape(&frames[1]), (kind::OUTPUT.into(), 0, 1, 1));
    assert_eq!(shape(&frames[2]), (kind::OUTPUT.into(), 1, 0, 1));

    let mut client = Channel::new(Role::Client);
    client.receive(&frames[1].encode(), at(2)).unwrap();
    let acknowledge = Envelope::decode(&client.poll_transmit(at(2)).unwrap()).unwrap();
    assert_eq!(shape(&acknowledge), (kind::ACKNOWLEDGE.into(), 0, 3, 0));
    let body: Acknowledge = serde_json::from_slice(&acknowledge.payload).unwrap();
    assert_eq!(body.acknowledged_message_id, frames[1].message_id.to_string());
    assert_eq!(body.acknowledged_message_sequence_number, 0);
    assert!(body.is_sequential_message);
}

#[test]
fn duplicates_are_acknowledged_again_and_delivered_once() {
    let (mut client, mut agent) = (Channel::new(Role::Client), Channel::new(Role::Agent));
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
    let (mut client, mut agent) = (Channel::new(Role::Client), Channel::new(Role::Agent));
    let message = |kind: &str| Envelope::new(kind, at(1), Vec::new()).encode();
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

#[test]
fn a_writer_stops_at_the_window_and_a_reader_that_sleeps_stops_the_writer() {
    let (mut client, mut agent) = (Channel::new(Role::Client), Channel::new(Role::Agent));
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
fn the_end_is_an_event() {
    let mut client = Channel::new(Role::Client);
    let body = br#"{"SessionId":"s-1","Output":"idle"}"#.to_vec();
    client.receive(&Envelope::new(kind::CHANNEL_CLOSED, at(1), body).encode(), at(1)).unwrap();
    assert!(matches!(client.poll_event(), Some(Event::Closed(closed)) if closed.output == "idle"));
    let broken = Envelope::new(kind::CHANNEL_CLOSED, at(1), b"<html>".to_vec()).encode();
    client.receive(&broken, at(1)).unwrap();
    assert!(matches!(client.poll_event(), Some(Event::Closed(_))));
}

/// A small generator, so that one seed makes one network.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// What is under way, and when it arrives.
type Flight = Vec<(i64, Bytes)>;

fn depart(flight: &mut Flight, messages: Vec<Bytes>, now: i64, loss: u64, chance: &mut Chance) {
    for message in messages {
        let copies = if chance.below(10) == 0 { 2 } else { 1 };
        for _ in 0..copies {
            if chance.below(100) >= loss {
                let delay = i64::try_from(chance.below(150)).unwrap();
                flight.push((now + delay, message.clone()));
            }
        }
    }
}

fn arrive(flight: &mut Flight, channel: &mut Channel, now: i64) {
    let (due, rest) = std::mem::take(flight).into_iter().partition::<Flight, _>(|(due, _)| *due <= now);
    *flight = rest;
    due.iter().for_each(|(_, message)| channel.receive(message, at(now)).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_byte_arrives_once_and_in_order(
        seed in 1u64..,
        loss in 0u64..40,
        outage in proptest::option::of(200i64..3_000),
        up in proptest::collection::vec(any::<u8>(), 0..20_000),
        down in proptest::collection::vec(any::<u8>(), 0..60_000),
    ) {
        let mut chance = Chance(seed);
        let (mut client, mut agent) = (Channel::new(Role::Client), Channel::new(Role::Agent));
        let (mut to_agent, mut to_client): (Flight, Flight) = Default::default();
        let (mut up_sent, mut down_sent) = (0, 0);
        let (mut up_got, mut down_got) = (Vec::new(), Vec::new());
        let mut now = 1;
        while up_got.len() < up.len() || down_got.len() < down.len() || !client.is_drained() || !agent.is_drained() {
            prop_assert!(now < 600_000, "no progress: {} of {} up, {} of {} down", up_got.len(), up.len(), down_got.len(), down.len());
            let pieces = (1 + chance.below(3000) as usize, 1 + chance.below(3000) as usize);
            let (up_end, down_end) = ((up_sent + pieces.0).min(up.len()), (down_sent + pieces.1).min(down.len()));
            up_sent += client.write(payload::OUTPUT, &up[up_sent..up_end], at(now));
            down_sent += agent.write(payload::OUTPUT, &down[down_sent..down_end], at(now));
            client.tick(at(now));
            agent.tick(at(now));
            depart(&mut to_agent, flush(&mut client, at(now)), now, loss, &mut chance);
            depart(&mut to_client, flush(&mut agent, at(now)), now, loss, &mut chance);
            if outage.is_some_and(|outage| (outage..outage + 20).contains(&now)) {
                to_agent.clear();
                to_client.clear();
                client.reconnected();
                agent.reconnected();
            }
            now += 20;
            arrive(&mut to_agent, &mut agent, now);
            arrive(&mut to_client, &mut client, now);
            up_got.extend(data(&mut agent));
            down_got.extend(data(&mut client));
        }
        prop_assert!(up_got == up && down_got == down);
    }

    #[test]
    fn nothing_a_peer_sends_panics(
        kind_index in 0usize..6,
        payload_type in 0u32..14,
        sequence in any::<i64>(),
        body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let kinds = [kind::INPUT, kind::OUTPUT, kind::ACKNOWLEDGE, kind::CHANNEL_CLOSED, kind::PAUSE_PUBLICATION, "other"];
        for role in [Role::Client, Role::Agent] {
            let mut channel = Channel::new(role);
            for sequence_number in [0, sequence, 1] {
                let envelope = Envelope::new(kinds[kind_index], at(1), body.clone());
                let message = Envelope { payload_type, sequence_number, ..envelope };
                channel.receive(&message.encode(), at(1)).unwrap();
            }
            let _ = channel.receive(&body, at(2));
            while channel.poll_event().is_some() {}
            flush(&mut channel, at(3));
        }
    }
}
